//! The machine around the link: a socket that waits, and time that does not pass.

use std::{
    future::Future,
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use countersign_mbedtls_link::Dial;
use countersign_node::{Clock, LinkError};
use embedded_io_async::{ErrorKind, ErrorType, Read, Write};

use crate::heap::uncounted;

/// Runs a future whose sockets wait.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(done) = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            return done;
        }
    }
}

/// Connects to one address, whatever the host is called.
#[derive(Debug)]
pub(crate) struct Loopback(pub(crate) SocketAddr);

/// A socket that waits for half a minute at most.
#[derive(Debug)]
pub(crate) struct Socket(TcpStream);

impl Dial for Loopback {
    type Socket<'a> = Socket;

    async fn dial(&mut self, _: &str, _: u16) -> Result<Socket, LinkError> {
        let stream = uncounted(|| {
            let stream = TcpStream::connect(self.0)?;
            stream.set_read_timeout(Some(WAIT))?;
            stream.set_write_timeout(Some(WAIT))?;
            stream.set_nodelay(true)?;
            Ok::<_, io::Error>(stream)
        });
        stream.map(Socket).map_err(|_| LinkError::Broken)
    }
}

impl ErrorType for Socket {
    type Error = ErrorKind;
}

impl Read for Socket {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, ErrorKind> {
        uncounted(|| self.0.read(buf)).map_err(|_| ErrorKind::Other)
    }
}

impl Write for Socket {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, ErrorKind> {
        uncounted(|| self.0.write(buf)).map_err(|_| ErrorKind::Other)
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

/// Time that does not pass: nothing here waits but sockets, and these end by themselves.
#[derive(Debug)]
pub(crate) struct Uptime;

impl Uptime {
    pub(crate) const fn new() -> Self {
        Self
    }
}

impl Clock for Uptime {
    fn uptime_ms(&self) -> u64 {
        0
    }

    async fn sleep_ms(&mut self, _: u64) {
        std::future::pending::<()>().await;
    }
}

const WAIT: Duration = Duration::from_secs(30);
