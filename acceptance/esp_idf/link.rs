//! What carries the bytes: TLS of one kind or another, or TCP alone (`components/tcp_transport`).

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};

/// What one read gives.
#[derive(Debug)]
pub(crate) enum Received {
    /// So many bytes.
    Data(usize),
    /// Nothing in time.
    Timeout,
    /// The end: by TLS's `close_notify`, or by a bare FIN. On a device the first leaves `errno` 0, the second makes
    /// lwIP set `ENOTCONN`.
    Closed { by_alert: bool },
    /// An error, in words.
    Failed(String),
}

/// One connection.
pub(crate) trait Link {
    /// Reads what is there, at most as much as fits.
    fn read(&mut self, into: &mut [u8]) -> Received;

    /// Writes all of it.
    fn write(&mut self, bytes: &[u8]) -> Result<(), String>;
}

/// Where to connect to.
#[derive(Debug)]
pub(crate) struct Peer<'a> {
    /// The URL's port.
    pub(crate) port: u16,
    /// The name that the server must prove; the host, unless `common_name` is set.
    pub(crate) name: &'a str,
    /// How long connecting may take, and each read.
    pub(crate) timeout: Duration,
}

impl Peer<'_> {
    /// Where it is. Every name leads to this machine: nothing here speaks to another.
    pub(crate) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Connects by TCP.
    pub(crate) fn tcp(&self) -> Result<TcpStream, String> {
        let connect = || {
            let stream = TcpStream::connect_timeout(&self.address(), self.timeout)?;
            stream.set_read_timeout(Some(self.timeout))?;
            stream.set_nodelay(true)?;
            std::io::Result::Ok(stream)
        };
        connect().map_err(|error| error.to_string())
    }
}

/// Opens connections with TLS.
pub(crate) trait Dial {
    /// Connects and shakes hands.
    ///
    /// # Errors
    /// Why not, as the TLS library has it.
    fn connect(&self, peer: &Peer<'_>) -> Result<Box<dyn Link>, String>;
}

/// TCP alone, for `http`.
#[derive(Debug)]
pub(crate) struct Plain(pub(crate) TcpStream);

impl Link for Plain {
    fn read(&mut self, into: &mut [u8]) -> Received {
        match self.0.read(into) {
            Ok(0) => Received::Closed { by_alert: false },
            Ok(length) => Received::Data(length),
            Err(error) if timed_out(error.kind()) => Received::Timeout,
            Err(error) => Received::Failed(error.to_string()),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.0.write_all(bytes).map_err(|error| error.to_string())
    }
}

/// Whether a read ended because nothing came.
pub(crate) fn timed_out(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::TimedOut | ErrorKind::WouldBlock)
}
