//! Sockets that wait, and are not counted as the heap's.

use std::{
    future::Future,
    io::{self, Read as _, Write as _},
    net::{IpAddr, TcpStream},
    pin::pin,
    process,
    task::{Context, Poll, Waker},
    time::Duration,
};

use countersign_mbedtls_link::Dial;
use countersign_node::LinkError;
use embedded_io_async::{ErrorKind, ErrorType, Read, Write};

use crate::heap::uncounted;

/// Runs a future whose sockets wait; one that waits for anything else ends the process.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..POLLS {
        if let Poll::Ready(done) = future.as_mut().poll(&mut context) {
            return done;
        }
    }
    process::abort()
}

/// Connects to one address, whatever the host is called.
#[derive(Debug)]
pub(crate) struct Loopback(pub(crate) IpAddr);

/// A socket that waits for half a minute at most.
#[derive(Debug)]
pub(crate) struct Socket(TcpStream);

impl Dial for Loopback {
    type Socket<'a> = Socket;

    async fn dial(&mut self, _: &str, port: u16) -> Result<Socket, LinkError> {
        let stream = uncounted(|| {
            let stream = TcpStream::connect((self.0, port))?;
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

const WAIT: Duration = Duration::from_secs(30);
/// Far more than any of these futures takes.
const POLLS: u32 = 10_000_000;
