//! The half of a socket that is read: it gives so many bytes and no more, and remembers how it began.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, Join, ReadBuf, join};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// A socket that gives so much and no more.
pub(crate) type Socket = Join<Bounded, OwnedWriteHalf>;

/// Lets a socket give `limit` bytes.
pub(crate) fn bounded(tcp: TcpStream, limit: usize) -> Socket {
    let (read, write) = tcp.into_split();
    join(Bounded::new(read, limit), write)
}

/// Reads at most `left` bytes of a socket; then an error that [`is_endless`] knows.
#[derive(Debug)]
pub(crate) struct Bounded {
    tcp: OwnedReadHalf,
    left: usize,
    began: Vec<u8>,
}

impl Bounded {
    const fn new(tcp: OwnedReadHalf, limit: usize) -> Self {
        Self {
            tcp,
            left: limit,
            began: Vec::new(),
        }
    }

    /// The first bytes that came, [`REMEMBERED`] at most.
    pub(crate) fn began(&self) -> &[u8] {
        &self.began
    }
}

/// Whether an error says that the limit was reached.
pub(crate) fn is_endless(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::FileTooLarge
}

impl AsyncRead for Bounded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.left == 0 {
            return Poll::Ready(Err(io::ErrorKind::FileTooLarge.into()));
        }
        let mut chunk = [0; CHUNK];
        let room = self.left.min(buf.remaining()).min(CHUNK);
        let Some(room) = chunk.get_mut(..room) else {
            return Poll::Ready(Ok(()));
        };
        let mut part = ReadBuf::new(room);
        ready!(Pin::new(&mut self.tcp).poll_read(context, &mut part))?;
        let read = part.filled();
        let missing = REMEMBERED.saturating_sub(self.began.len());
        self.began.extend(read.iter().take(missing));
        self.left = self.left.saturating_sub(read.len());
        buf.put_slice(read);
        Poll::Ready(Ok(()))
    }
}

/// How many of the first bytes are kept: enough to tell HTTP, SSH and mail from TLS.
const REMEMBERED: usize = 16;
const CHUNK: usize = 4096;
