//! What the node's link takes of the heap, connection by connection.
//!
//! ```text
//! link-heap --connect IP:PORT --name HOST --bundle FILE --cert PEM --key PEM --get PATH [--tls13] [--store] [--times N]
//! ```
//!
//! Connects so many times (2 unless told otherwise, so that the second may go on with the first), each time asks for the
//! path by HTTP, reads the answer, and says in one line of JSON what that took: `handshake` and `download` are the most
//! bytes of the heap at any time, ours and the C library's together, `held` what the connection has in between, `kept` what
//! is left after it, `blocks` in how many allocations the most was. `fixed` is what a connection takes beside the heap.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program: what it has to say goes there"
)]

mod arguments;
mod heap;
#[path = "../tls-pipe/random.rs"]
mod random;
mod socket;
mod uptime;

use std::{fs, path::Path, process::ExitCode};

use countersign_mbedtls_link::{Identity, Library, LinkSettings, TlsLink, UnixTime, Versions};
use countersign_node::{Link as _, LinkError};
// The library keeps other threads out by it.
use critical_section as _;
use embedded_io_async::{Read as _, Write as _};
use esp_formats::bundle::Bundle;

use self::{
    arguments::Arguments,
    heap::{Counting, count_the_library, counted, so_far},
    socket::{Loopback, block_on},
    uptime::Uptime,
};

#[global_allocator]
static HEAP: Counting = Counting;

fn main() -> ExitCode {
    match run(&arguments::own()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[String]) -> Result<(), String> {
    let arguments = Arguments::parse(words)?;
    let read = |path: &Path| fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    let bundle = read(&arguments.bundle)?;
    let (chain, key) = (read(&arguments.cert)?, read(&arguments.key)?);
    let bundle = Bundle::parse(&bundle).map_err(|error| format!("the bundle: {error}"))?;
    count_the_library();
    let random = random::System::open().map_err(|error| error.to_string())?;
    let library = Library::new(Box::leak(Box::new(random))).map_err(|error| error.to_string())?;
    let identity = Identity {
        chain: &chain,
        key: &key,
    };
    let mut settings = LinkSettings::new(bundle, bundle, identity);
    if !arguments.tls13 {
        settings.versions = Versions::Tls12;
    }
    let mut link = TlsLink::new(
        &library,
        settings,
        Loopback(arguments.connect.ip()),
        Uptime::new(),
    );
    for _ in 0..arguments.times {
        let (seen, used) = counted(0..0, || block_on(fetch(&mut link, &arguments)));
        let seen = seen.map_err(|error| error.to_string())?;
        println!(
            "{{\"tls\":\"{}\",\"resumed\":{},\"handshake\":{},\"held\":{},\"download\":{},\"kept\":{},\"blocks\":{},\
             \"allocations\":{},\"fixed\":{},\"received\":{}}}",
            seen.tls,
            seen.resumed,
            seen.handshake.peak,
            seen.handshake.bytes,
            used.peak,
            used.bytes,
            seen.handshake.peak_blocks,
            used.allocations,
            seen.fixed,
            seen.received,
        );
    }
    Ok(())
}

/// What was seen of one connection.
struct Seen {
    tls: &'static str,
    resumed: bool,
    handshake: heap::Use,
    fixed: usize,
    received: usize,
}

async fn fetch(
    link: &mut TlsLink<'_, Loopback, Uptime>,
    arguments: &Arguments,
) -> Result<Seen, LinkError> {
    let port = arguments.connect.port();
    let mut connection = link
        .connect(arguments.peer, &arguments.name, port, UnixTime(0))
        .await?;
    let handshake = so_far();
    connection.write_all(arguments.request.as_bytes()).await?;
    let (mut received, mut buffer) = (0, [0; 1024]);
    while let Ok(len @ 1..) = connection.read(&mut buffer).await {
        received += len;
    }
    Ok(Seen {
        tls: connection.version(),
        resumed: connection.is_resumed(),
        handshake,
        fixed: size_of_val(&connection),
        received,
    })
}
