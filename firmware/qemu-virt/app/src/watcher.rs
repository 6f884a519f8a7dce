//! Telling what happens, a line each, on the serial line.

use countersign_mbedtls_link::{TlsConnection, TlsLink};
use countersign_node::{Event, Link, LinkError, Observer, Peer};
use countersign_protocol::UnixTime;
use qemu_virt_machine::{say, timer};

use crate::{
    clock::Uptime,
    heap, net,
    net::{Connection, Dialler},
    run, start,
};

/// Tells what the node does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watcher {
    /// Also how many instructions it took.
    pub(crate) count: bool,
}

impl Observer for Watcher {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::CheckedIn { next_s } => say!("node: checked in, again in {next_s} s"),
            Event::CheckInFailed(reason) => say!("node: check-in failed: {}", reason.code()),
            Event::ServerBusy { seconds } => say!("node: the server is busy, again in {seconds} s"),
            Event::Offered { version, size } => {
                say!("node: offered {version}, {size} bytes");
                self.mark("download begins");
            }
            Event::AuthorsFixed => say!("node: no partition for author sets"),
            Event::AuthorsFollowed { sequence } => say!("node: author set {sequence}"),
            Event::AuthorsRefused(why) => say!("node: no successor of the authors: {why}"),
            Event::AuthorsPutOff => say!("node: the next authors are put off"),
            Event::Resumed { done } => say!("node: going on at byte {done}"),
            Event::Progress { done, total } => {
                if done == total || done.is_multiple_of(TOLD_EVERY) {
                    say!("node: downloaded {done} of {total}");
                }
                if done == total {
                    self.mark("download ends");
                }
            }
            Event::Retrying { wait_ms } => say!("node: connection lost, again in {wait_ms} ms"),
            Event::AddressEnded => say!("node: the URL has ended"),
            Event::Verified => {
                self.mark("read back");
                say!("node: the slot was read back and is the author's image");
            }
            Event::Selected { slot } => say!("node: selected ota_{slot}"),
            Event::Confirmed => say!("node: confirmed {VERSION}"),
            Event::RolledBack => say!("node: the boot stage went back; that release is barred"),
            Event::SelfTestFailed => say!("node: no server reached on the first boot"),
            Event::Refused(reason) => say!("node: refused: {}", reason.code()),
            Event::Failed(reason) => say!("node: failed: {}", reason.code()),
            Event::Reported(outcome) => say!("node: reported {}", outcome.code()),
            other => say!("node: {other:?}"),
        }
    }
}

impl Watcher {
    fn mark(self, what: &str) {
        if self.count {
            say!("count: {what} at {} instructions", run::worked());
        }
    }
}

/// Tells how much memory was ever used, and how much came from the network.
pub(crate) fn tell_use() {
    let heap = heap::used();
    let (stack, of_stack) = start::stack();
    say!(
        "memory: heap {} now, {} at most, of {}; stack {stack} at most, of {of_stack}",
        heap.now,
        heap.peak,
        heap.size,
    );
    say!("network: {} bytes taken", net::moved().taken);
}

/// A link that tells of its connections.
#[derive(Debug)]
pub(crate) struct Told<'a> {
    pub(crate) link: TlsLink<'a, Dialler, Uptime>,
    pub(crate) count: bool,
}

impl Link for Told<'_> {
    type Connection<'c>
        = TlsConnection<'c, Connection<'c>, Uptime>
    where
        Self: 'c;

    async fn connect(
        &mut self,
        peer: Peer,
        host: &str,
        port: u16,
        floor: UnixTime,
    ) -> Result<Self::Connection<'_>, LinkError> {
        let (ms, before, bytes) = (timer::uptime_ms(), run::worked(), net::moved());
        let connected = self.link.connect(peer, host, port, floor).await;
        let took = timer::uptime_ms() - ms;
        match &connected {
            Ok(connection) => {
                let resumed = if connection.is_resumed() {
                    ", resumed"
                } else {
                    ""
                };
                let (version, suite) = (connection.version(), connection.suite());
                say!("link: {host}:{port} by {version} in {took} ms, {suite}{resumed}");
            }
            Err(error) => say!("link: {host}:{port}: {error}"),
        }
        if self.count {
            let (count, moved) = (run::worked() - before, net::moved());
            say!(
                "count: connecting took {count} instructions; {} bytes sent, {} taken; heap {}",
                moved.sent - bytes.sent,
                moved.taken - bytes.taken,
                heap::used().now
            );
        }
        connected
    }
}

const VERSION: &str = env!("QEMU_VIRT_VERSION");

/// Bytes between two lines on a download.
const TOLD_EVERY: u32 = 64 * 1024;
