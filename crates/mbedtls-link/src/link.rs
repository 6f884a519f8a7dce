//! TLS as the node wants it: by the library that ESP-IDF has, over any socket that one waits for.

mod connection;
mod fault;
mod kept;
mod wire;
mod within;

use core::{cell::Cell, fmt, future::Future};

use countersign_node::{Clock, Link, LinkError, Peer};
use countersign_protocol::UnixTime;
use embedded_io_async::{Read, Write};
use esp_formats::bundle::Bundle;

pub use self::connection::TlsConnection;
use self::{kept::Kept, wire::Wire, within::within};
use crate::{Config, Error, Identity, Library, Session, Versions};

/// Makes plain connections, over which a [`TlsLink`] makes its own.
pub trait Dial {
    /// One connection; dropping it closes it.
    ///
    /// What it receives belongs to a read that was dropped before it was done no more than to one that was never begun,
    /// or the connection is not used again: a [`TlsLink`] drops a read when its time is over, and then the connection.
    type Socket<'a>: Read + Write
    where
        Self: 'a;

    /// Finds the host and connects to it. It need not bound its own time.
    ///
    /// # Errors
    /// [`LinkError::Broken`]: no such host, or nobody answers.
    fn dial(
        &mut self,
        host: &str,
        port: u16,
    ) -> impl Future<Output = Result<Self::Socket<'_>, LinkError>>;
}

/// Who a device is, whom it believes, and how long it waits.
#[derive(Clone, Copy, Debug)]
pub struct LinkSettings<'a> {
    /// Who vouches for our servers; nobody does where there is nothing.
    pub servers: Option<Bundle<'a>>,
    /// Who vouches for stores: apart, so that a public authority cannot vouch for our server.
    pub stores: Option<Bundle<'a>>,
    /// What is shown to [`Peer::Server`], and to nobody else.
    pub identity: Identity<'a>,
    /// What is offered.
    pub versions: Versions,
    /// How long name resolution, TCP and the handshake may take together, in milliseconds. It stops a peer that says
    /// nothing, or a byte now and then.
    pub connect_ms: u32,
    /// How long one read or write may take, in milliseconds.
    pub io_ms: u32,
    /// Where it is noted why the last connection could not be made, in the library's words, for whoever tells a person. The
    /// library is not always the reason.
    pub fault: Option<&'a Cell<Option<Error>>>,
}

impl<'a> LinkSettings<'a> {
    /// TLS 1.2 and 1.3, 20 seconds to connect in, of which a chip without hardware for it computes for two, and 30 for a
    /// read or a write.
    pub fn new(
        servers: impl Into<Option<Bundle<'a>>>,
        stores: impl Into<Option<Bundle<'a>>>,
        identity: Identity<'a>,
    ) -> Self {
        Self {
            servers: servers.into(),
            stores: stores.into(),
            identity,
            versions: Versions::UpTo13,
            connect_ms: 20_000,
            io_ms: 30_000,
            fault: None,
        }
    }
}

/// Makes connections by TLS.
///
/// Who answers is judged by ESP-IDF's rules with the peer's bundle, and by the dates of its certificates where the node
/// knows a time. The device's certificate is shown to [`Peer::Server`] alone.
///
/// The session with the last server is kept and resumed for what it was made: one with a host as our server is not offered
/// to the same host as a store. What was proved in it must still hold at the node's time, and stands for a day
/// at most.
pub struct TlsLink<'a, D, C> {
    library: &'a Library,
    settings: LinkSettings<'a>,
    dial: D,
    clock: C,
    kept: Kept,
}

impl<'a, D: Dial, C: Clock> TlsLink<'a, D, C> {
    /// A link over what `dial` connects, whose waits end by `clock`.
    pub const fn new(library: &'a Library, settings: LinkSettings<'a>, dial: D, clock: C) -> Self {
        Self {
            library,
            settings,
            dial,
            clock,
            kept: Kept::new(),
        }
    }

    /// Gives back all memory that is held between connections: the kept session. The next handshake is a full one.
    pub fn forget_sessions(&mut self) {
        self.kept.clear();
    }
}

impl<D: Dial, C: Clock> Link for TlsLink<'_, D, C> {
    type Connection<'c>
        = TlsConnection<'c, D::Socket<'c>, C>
    where
        Self: 'c;

    async fn connect(
        &mut self,
        peer: Peer,
        host: &str,
        port: u16,
        floor: UnixTime,
    ) -> Result<Self::Connection<'_>, LinkError> {
        let Self {
            library,
            settings,
            dial,
            clock,
            kept,
        } = self;
        let (bundle, identity) = match peer {
            Peer::Server => (settings.servers, Some(settings.identity)),
            Peer::Store => (settings.stores, None),
        };
        let config = Config {
            bundle,
            identity,
            versions: settings.versions,
            floor,
            keep: true,
        };
        let kept = kept.of(peer, host, port);
        let saved = kept.take(floor, clock.uptime_ms());
        let note = |error: Error| {
            if let Some(fault) = settings.fault {
                fault.set(Some(error));
            }
            LinkError::Broken
        };
        if let Some(fault) = settings.fault {
            fault.set(None);
        }
        let end_ms = clock.uptime_ms().saturating_add(settings.connect_ms.into());
        let socket = within(clock, settings.connect_ms.into(), dial.dial(host, port))
            .await
            .unwrap_or(Err(LinkError::TimedOut))?;
        // Made where it stays: each time that it is moved, there is another of it on the stack.
        let mut connection = TlsConnection {
            session: Session::new(library, host, &config, Wire::new()).map_err(note)?,
            socket,
            kept,
            clock,
            io_ms: settings.io_ms,
            ended: None,
        };
        if let Some(saved) = saved {
            // Where there is no memory for this, there is none for a handshake.
            connection.session.resume(&saved).map_err(note)?;
        }
        let made = connection.shake_hands(end_ms).await;
        connection.session.failed().map(note);
        made.map(|()| connection)
    }
}

impl<D, C> fmt::Debug for TlsLink<'_, D, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsLink")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
