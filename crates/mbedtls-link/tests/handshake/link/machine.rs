//! A machine for a link: sockets, time, and an executor that polls.

use std::{
    future::{Future, poll_fn},
    io::{self, Read as _, Write as _},
    net::TcpStream,
    pin::pin,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use countersign_mbedtls_link::Dial;
use countersign_node::{Clock, LinkError};
use embedded_io_async::{ErrorKind, ErrorType, Read, Write};

/// Runs a future to its end, for a minute at most.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let start = now();
    let mut context = Context::from_waker(Waker::noop());
    while start.elapsed() < Duration::from_mins(1) {
        if let Poll::Ready(done) = future.as_mut().poll(&mut context) {
            return done;
        }
        std::thread::sleep(Duration::from_micros(50));
    }
    panic!("it never gets done");
}

/// Connects to ports of this computer, whatever the host is called.
#[derive(Debug)]
pub(crate) struct Loopback;

/// A socket that says "not now".
#[derive(Debug)]
pub(crate) struct Socket(TcpStream);

impl Dial for Loopback {
    type Socket<'a> = Socket;

    async fn dial(&mut self, _: &str, port: u16) -> Result<Socket, LinkError> {
        let stream = TcpStream::connect(("127.0.0.1", port)).map_err(|_| LinkError::Broken)?;
        stream.set_nodelay(true).unwrap();
        stream.set_nonblocking(true).unwrap();
        Ok(Socket(stream))
    }
}

impl ErrorType for Socket {
    type Error = ErrorKind;
}

impl Read for Socket {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, ErrorKind> {
        poll_fn(|_| now_or_later(self.0.read(buf))).await
    }
}

impl Write for Socket {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, ErrorKind> {
        poll_fn(|_| now_or_later(self.0.write(buf))).await
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

fn now_or_later(done: io::Result<usize>) -> Poll<Result<usize, ErrorKind>> {
    match done {
        Ok(len) => Poll::Ready(Ok(len)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
            Poll::Ready(Err(ErrorKind::ConnectionReset))
        }
        Err(_) => Poll::Ready(Err(ErrorKind::Other)),
    }
}

/// Time since the link was made, and what a test adds.
#[derive(Debug)]
pub(crate) struct Uptime<'a> {
    start: Instant,
    more_ms: &'a std::cell::Cell<u64>,
}

impl<'a> Uptime<'a> {
    pub(crate) fn new(more_ms: &'a std::cell::Cell<u64>) -> Self {
        Self {
            start: now(),
            more_ms,
        }
    }
}

impl Clock for Uptime<'_> {
    fn uptime_ms(&self) -> u64 {
        self.more_ms.get() + u64::try_from(self.start.elapsed().as_millis()).unwrap()
    }

    async fn sleep_ms(&mut self, ms: u64) {
        let start = now();
        poll_fn(|_| {
            if start.elapsed() >= Duration::from_millis(ms) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "these are the machine's own waits"
)]
fn now() -> Instant {
    Instant::now()
}
