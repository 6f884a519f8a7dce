//! TLS by Mbed TLS, the library that a chip has.

mod socket;

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::sync::mpsc;
use std::time::Duration;

use aws_lc_rs::rand;
use countersign_mbedtls_link as mbedtls;
use countersign_mbedtls_link::rand_core::{TryCryptoRng, TryRng, utils};
use countersign_mbedtls_link::{Dial, Library, TlsConnection, UnixTime, Versions};
use countersign_node::{Clock, Link, LinkError, Peer};
// The library keeps other threads out by it.
use critical_section as _;
use esp_formats::bundle::Bundle;
use tokio::time::Instant;
use zeroize::Zeroizing;

use self::socket::Socket;
use super::{Anchors, Identity, LinkSettings};
use crate::Event;
use crate::clock::{Time, Uptime};

/// Sets Mbed TLS up. There is one in a process at a time, and it stays on its thread.
///
/// # Errors
/// [`mbedtls::Error::InUse`], [`mbedtls::Error::Setup`].
pub fn library() -> Result<Library, mbedtls::Error> {
    // It takes up no memory, so that nothing is lost.
    Library::new(Box::leak(Box::new(Random)))
}

/// Makes connections as [`TlsLink`](super::TlsLink) does, by the other library.
///
/// Unlike that, it resumes sessions, since a chip does: [`mbedtls::TlsLink`] says when.
#[derive(Debug)]
pub struct MbedTlsLink<'a> {
    link: mbedtls::TlsLink<'a, Dialler<'a>, Waits>,
    notes: &'a Notes,
    events: Option<mpsc::Sender<Event>>,
}

/// What a [`MbedTlsLink`] reads and writes while it lives.
#[derive(Debug)]
pub struct Memory {
    settings: LinkSettings,
    anchors: Anchors,
    chain: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
    notes: Notes,
}

/// What else is known of the last attempt to connect.
#[derive(Debug, Default)]
struct Notes {
    /// Why the library could not.
    fault: Cell<Option<mbedtls::Error>>,
    /// Why there was no TCP.
    tcp: RefCell<Option<String>>,
    /// Since when there is.
    since: Cell<Option<Instant>>,
}

impl Memory {
    /// What is needed for the link of a device that is `identity` and believes `anchors`.
    pub fn new(settings: LinkSettings, anchors: Anchors, identity: &Identity) -> Self {
        let (chain, key) = identity.der();
        Self {
            settings,
            anchors,
            chain,
            key: Zeroizing::new(key.to_vec()),
            notes: Notes::default(),
        }
    }
}

impl<'a> MbedTlsLink<'a> {
    /// A link by `library`, with all that is in `memory`.
    pub fn new(library: &'a Library, memory: &'a Memory) -> Self {
        let (settings, notes) = (&memory.settings, &memory.notes);
        // What is wrong with a bundle shows when nobody is believed.
        let bundle = |bytes| Bundle::parse_prefix(bytes).ok();
        let ms = |time: Duration| u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
        let identity = mbedtls::Identity {
            chain: &memory.chain,
            key: &memory.key,
        };
        let settings = mbedtls::LinkSettings {
            servers: bundle(&memory.anchors.servers),
            stores: bundle(&memory.anchors.stores),
            identity,
            versions: if settings.tls12_only {
                Versions::Tls12
            } else {
                Versions::UpTo13
            },
            connect_ms: ms(settings.connect_timeout),
            io_ms: ms(settings.io_timeout),
            fault: Some(&notes.fault),
        };
        let dialler = Dialler {
            settings: &memory.settings,
            notes,
        };
        let time = &memory.settings.time;
        let waits = Waits {
            time: time.clone(),
            uptime: Uptime::start(time.clone()),
        };
        Self {
            link: mbedtls::TlsLink::new(library, settings, dialler, waits),
            notes,
            events: None,
        }
    }

    /// Sends [`Event::Connected`] and [`Event::ConnectFailed`] there.
    #[must_use]
    pub fn with_events(mut self, events: mpsc::Sender<Event>) -> Self {
        self.events = Some(events);
        self
    }
}

impl Link for MbedTlsLink<'_> {
    type Connection<'c>
        = TlsConnection<'c, Socket, Waits>
    where
        Self: 'c;

    async fn connect(
        &mut self,
        peer: Peer,
        host: &str,
        port: u16,
        floor: UnixTime,
    ) -> Result<TlsConnection<'_, Socket, Waits>, LinkError> {
        let Self {
            link,
            notes,
            events,
        } = self;
        let tell = |event| {
            if let Some(events) = &*events {
                // Nobody listening any more is the end of the machine, not of the connection.
                let _ = events.send(event);
            }
        };
        let host_name = host.to_owned();
        match link.connect(peer, host, port, floor).await {
            Ok(connection) => {
                let since = notes.since.take().map(|since| since.elapsed());
                tell(Event::Connected {
                    host: host_name,
                    port,
                    tls: match connection.version() {
                        "TLSv1.3" => "1.3",
                        _ => "1.2",
                    },
                    handshake_us: since.map_or(0, |since| {
                        u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
                    }),
                });
                Ok(connection)
            }
            Err(error) => {
                let (tcp, fault) = (notes.tcp.take(), notes.fault.take());
                let detail = match error {
                    LinkError::TimedOut => Some("no answer in time".to_owned()),
                    _ => tcp.or_else(|| fault.map(|fault| fault.to_string())),
                };
                tell(Event::ConnectFailed {
                    host: host_name,
                    port,
                    error,
                    detail: detail.unwrap_or_else(|| error.to_string()),
                });
                Err(error)
            }
        }
    }
}

/// Connects as the settings say.
#[derive(Debug)]
struct Dialler<'a> {
    settings: &'a LinkSettings,
    notes: &'a Notes,
}

impl Dial for Dialler<'_> {
    type Socket<'s>
        = Socket
    where
        Self: 's;

    async fn dial(&mut self, host: &str, port: u16) -> Result<Socket, LinkError> {
        self.notes.tcp.take();
        match self.settings.tcp(host, port).await {
            Ok(tcp) => {
                self.notes.since.set(Some(Instant::now()));
                Ok(Socket(tcp))
            }
            Err(failure) => {
                self.notes.tcp.replace(Some(failure.detail));
                Err(failure.link)
            }
        }
    }
}

/// The link's own waits: those for a peer, which pass as the network's time does.
#[derive(Debug)]
pub struct Waits {
    time: Time,
    uptime: Uptime,
}

impl Clock for Waits {
    fn uptime_ms(&self) -> u64 {
        self.uptime.uptime_ms()
    }

    async fn sleep_ms(&mut self, ms: u64) {
        let never = std::future::pending::<()>();
        let _ = self.time.timeout(Duration::from_millis(ms), never).await;
    }
}

/// The system's randomness, as aws-lc has it.
#[derive(Debug)]
struct Random;

impl TryRng for Random {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        utils::next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        utils::next_word_via_fill(self)
    }

    /// aws-lc ends the process where the system has no randomness, long before this does.
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        rand::fill(bytes).unwrap_or_else(|_| std::process::abort());
        Ok(())
    }
}

impl TryCryptoRng for Random {}
