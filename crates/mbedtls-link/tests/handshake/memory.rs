//! What a connection takes of the heap, and what becomes of it when there is no more: each allocation is refused in turn.

mod scene;
#[path = "../../examples/link-heap/socket.rs"]
mod socket;
#[path = "../../examples/link-heap/uptime.rs"]
mod uptime;

use std::ops::Range;

use countersign_mbedtls_link::{IN_CONTENT_LEN, OUT_CONTENT_LEN, Versions};
use countersign_node::{LinkError, Peer};

use self::{
    scene::{Scene, Seen, fetch},
    socket::block_on,
};
use crate::{
    FULL,
    heap::{Use, counted},
    library::with_library,
};

#[test]
fn each_allocation_that_is_refused_in_tls_1_2_costs_a_connection_at_most() {
    sweep("TLS 1.2", &["-tls1_2"], Versions::Tls12, false);
}

#[test]
fn each_allocation_that_is_refused_when_tls_1_2_is_resumed_costs_a_connection_at_most() {
    sweep("TLS 1.2, resumed", &["-tls1_2"], Versions::Tls12, true);
}

#[test]
fn each_allocation_that_is_refused_in_tls_1_3_costs_a_connection_at_most() {
    sweep("TLS 1.3", &["-tls1_3"], Versions::UpTo13, false);
}

#[test]
fn each_allocation_that_is_refused_when_tls_1_3_is_resumed_costs_a_connection_at_most() {
    sweep("TLS 1.3, resumed", &["-tls1_3"], Versions::UpTo13, true);
}

/// Refuses one allocation of a connection after the other: of a first one, or of a second, which goes on with the first.
fn sweep(way: &str, options: &[&str], versions: Versions, resumed: bool) {
    let Some(scene) = Scene::new("mbedtls_memory") else {
        return;
    };
    let every = std::env::var_os("COUNTERSIGN_EVERY_ALLOCATION").is_some();
    let step = if every || !FULL { 1 } else { STEP };
    let server = scene.serve(options);
    with_library(|library| {
        // Makes the connections, the last of them with its `refused`th allocation refused.
        let attempt = |refused: Range<u64>| {
            let (mut link, made) = counted(0..0, || scene.link(library, versions, &server));
            let mut held = made.bytes;
            if resumed {
                let (first, used) = counted(0..0, || {
                    block_on(fetch(&mut link, Peer::Server, server.address.port()))
                });
                assert!(!first.unwrap().resumed, "{way}");
                held += used.bytes;
            }
            let (seen, used) = counted(refused, || {
                let seen = block_on(fetch(&mut link, Peer::Server, server.address.port()));
                drop(link);
                seen
            });
            (seen, used, held + used.bytes)
        };
        let whole = |(seen, used, lost): (Result<Seen, LinkError>, Use, isize)| {
            assert_eq!(lost, 0, "{way}");
            let seen = seen.unwrap_or_else(|error| panic!("{way}: {error}"));
            assert_eq!(seen.resumed, resumed, "{way}");
            (seen, used)
        };
        let (mut failed, mut borne, mut leaks) = (0, 0, Vec::new());
        for refused in (1..MOST).filter(|number| *number <= ALL || number % step == 0) {
            let (seen, used, lost) = attempt(refused..refused + 1);
            if used.refused == 0 {
                let (seen, used) = whole((seen, used, lost));
                eprintln!(
                    "records of {IN_CONTENT_LEN} and {OUT_CONTENT_LEN} bytes, {way}: {} of {} allocations refused, one \
                     after the other; {failed} ended the connection",
                    failed + borne,
                    refused - 1,
                );
                eprintln!(
                    "{way}: {} bytes of the heap in {} blocks at most for the handshake, {} bytes for the download",
                    seen.handshake.peak, seen.handshake.peak_blocks, used.peak,
                );
                if !leaks.is_empty() {
                    eprintln!("{way}: refused and then not freed, with so many bytes: {leaks:?}");
                }
                let tls13 = way.starts_with("TLS 1.3");
                let known = |(_, lost): &(u64, isize)| tls13 && (0..=LEAK).contains(lost);
                assert!(leaks.len() <= LEAKS && leaks.iter().all(known), "{way}");
                return;
            }
            if lost != 0 {
                leaks.push((refused, lost));
            }
            match seen {
                Ok(_) => borne += 1,
                Err(LinkError::Broken | LinkError::Untrusted) => failed += 1,
                Err(other) => panic!("{way}, allocation {refused}: {other}"),
            }
            if (failed + borne) % OFTEN == 0 {
                whole(attempt(0..0));
            }
        }
        panic!("{way}: {failed} failed, {borne} did not, and there is no end");
    });
}

/// With all algorithms of ESP-IDF only every seventh is refused after the first, unless `COUNTERSIGN_EVERY_ALLOCATION` is
/// set: it takes minutes, and most are numbers of one multiplication after the other.
const STEP: u64 = 7;

/// The first, each of which is refused.
const ALL: u64 = 200;

/// More allocations than any connection makes.
const MOST: u64 = 50_000;

/// How many refusals may leak in TLS 1.3. There are six such allocations in Mbed TLS 3.6.5: where the transforms of the
/// handshake and of the application are made, one is freed without what it already owns when a later one of the four
/// allocations for its ciphers is refused (`mbedtls_ssl_tls13_compute_handshake_transform`, `..._application_transform`).
/// One of them may be met more than once, since numbers are not as long each time.
const LEAKS: usize = 24;

/// The most that one of them loses: what two ciphers take, some 1,300 bytes on a computer.
const LEAK: isize = 2_000;

/// How often it is shown that the next connection succeeds.
const OFTEN: u64 = 64;
