//! A peer's socket, with an eye on what the peer sends and takes, and how fast.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf},
    net::TcpStream,
    sync::oneshot,
    time::{Instant, Sleep, sleep_until, timeout},
};

use crate::Limits;

/// A peer's socket. It lies below TLS, so that it sees the bytes of a handshake, and every byte that was taken.
#[derive(Debug)]
pub(crate) struct Paced {
    stream: Option<TcpStream>,
    pace: Arc<Pace>,
    /// How many bytes may still come before the peer has proved itself; `None` once it has.
    allowance: Option<usize>,
    /// Since when the peer takes nothing.
    waits: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
    back: Option<oneshot::Sender<TcpStream>>,
}

/// What is known of a peer's pace, for whoever serves it.
#[derive(Debug)]
pub(crate) struct Pace {
    stalled: Duration,
    sent: AtomicU64,
    taken: AtomicU64,
    by: Mutex<By>,
}

#[derive(Debug, Default)]
struct By {
    /// When the answer under way must be taken.
    answer: Option<Instant>,
    /// How many bytes the peer had sent when it was last answered.
    asked: u64,
    /// Which limit was met: code and words.
    limit: Option<(&'static str, String)>,
    /// Whether the connection is not worth a farewell.
    cut: bool,
}

impl Paced {
    /// Takes a socket. When it is dropped, however deep in whoever uses it, the stream comes back.
    pub(crate) fn new(
        stream: TcpStream,
        limits: &Limits,
    ) -> (Self, Arc<Pace>, oneshot::Receiver<TcpStream>) {
        let (back, comes_back) = oneshot::channel();
        let pace = Arc::new(Pace {
            stalled: limits.stalled,
            sent: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            by: Mutex::default(),
        });
        let paced = Self {
            stream: Some(stream),
            pace: Arc::clone(&pace),
            allowance: Some(limits.handshake_bytes),
            waits: None,
            timer: None,
            back: Some(back),
        };
        (paced, pace, comes_back)
    }

    /// The peer has proved itself, or need not.
    pub(crate) fn proved(&mut self) {
        self.allowance = None;
    }

    fn stream(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        let gone = || io::Error::from(io::ErrorKind::NotConnected);
        self.stream.as_mut().map(Pin::new).ok_or_else(gone)
    }

    /// Looks at what came of writing.
    fn written(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(written) => {
                self.waits = None;
                let count = written.as_ref().copied().unwrap_or(0);
                let count = u64::try_from(count).unwrap_or(u64::MAX);
                self.pace.taken.fetch_add(count, Ordering::Relaxed);
                Poll::Ready(written)
            }
            Poll::Pending => self.wait(context),
        }
    }

    /// The peer takes nothing for now: waits, and not for ever.
    fn wait(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let since = *self.waits.get_or_insert_with(Instant::now);
        let stalled = since + self.pace.stalled;
        let until = self.pace.by().answer.map_or(stalled, |by| by.min(stalled));
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(until)));
        if timer.deadline() != until {
            timer.as_mut().reset(until);
        }
        ready!(timer.as_mut().poll(context));
        let taken = self.pace.taken();
        let reason = if until == stalled {
            format!(
                "took nothing for {:?}, after {taken} bytes",
                self.pace.stalled
            )
        } else {
            format!("had not taken its answer in time: {taken} bytes until then")
        };
        self.pace.meet("reader-too-slow", reason);
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Paced {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(self.stream()?.poll_read(context, buffer))?;
        let count = buffer.filled().len().saturating_sub(before);
        let sent = u64::try_from(count).unwrap_or(u64::MAX);
        let sent = self.pace.sent.fetch_add(sent, Ordering::Relaxed);
        if let Some(allowance) = &mut self.allowance {
            let Some(left) = allowance.checked_sub(count) else {
                let sent = sent.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
                let reason = format!("sent {sent} bytes, and had proved nothing yet");
                self.pace.meet("handshake-too-large", reason);
                return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
            };
            *allowance = left;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Paced {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = self.stream()?.poll_write(context, bytes);
        self.written(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = self.stream()?.poll_write_vectored(context, bytes);
        self.written(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_shutdown(context)
    }
}

impl Drop for Paced {
    fn drop(&mut self) {
        if let (Some(stream), Some(back)) = (self.stream.take(), self.back.take()) {
            // Where nobody waits for it, it is closed here.
            drop(back.send(stream));
        }
    }
}

impl Pace {
    /// There is an answer, or there will be: the peer shall have taken it in this time.
    pub(crate) fn answer_within(&self, time: Duration) {
        self.by().answer = Instant::now().checked_add(time);
    }

    /// What the peer sent until now is answered: what it sends from now on is another request.
    pub(crate) fn answered(&self) {
        self.by().asked = self.sent.load(Ordering::Relaxed);
    }

    /// Whether the peer sent anything since its last request, or its handshake.
    pub(crate) fn has_begun_another(&self) -> bool {
        self.sent.load(Ordering::Relaxed) > self.by().asked
    }

    /// How many bytes the system took for the peer.
    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// The limit that was met, as code and in words; said once.
    pub(crate) fn limit(&self) -> Option<(&'static str, String)> {
        self.by().limit.take()
    }

    /// The connection is not worth a farewell.
    pub(crate) fn cut(&self) {
        self.by().cut = true;
    }

    /// Whether it was not worth one.
    pub(crate) fn was_cut(&self) -> bool {
        self.by().cut
    }

    fn meet(&self, code: &'static str, reason: String) {
        let mut by = self.by();
        by.cut = true;
        by.limit.get_or_insert((code, reason));
    }

    fn by(&self) -> MutexGuard<'_, By> {
        self.by.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets a peer take what the system still holds for it, then closes. The system alone would wait for as long as the
/// peer takes a byte now and then, and what it holds would be counted nowhere.
pub(crate) async fn linger(stream: &mut TcpStream, limits: &Limits) {
    let taken = timeout(limits.for_the_rest(), take_leave(stream));
    if !matches!(taken.await, Ok(Ok(()))) {
        reset(stream);
    }
}

/// Lets a peer whose handshake was refused hear why. It may still be sending its part, and where we closed with that
/// unread, the system would send a reset that overtakes the alert: the peer would take it for trouble of the network.
pub(crate) async fn let_hear(stream: &mut TcpStream) {
    drop(timeout(HEARS, take_leave(stream)).await);
}

/// Says that nothing more comes, and waits until the peer has said so too: its word that it has all. What it sends in
/// place of that is passed over.
async fn take_leave(stream: &mut TcpStream) -> io::Result<()> {
    stream.shutdown().await?;
    let mut rest = [0; 1024];
    for _ in 0..64 {
        if stream.read(&mut rest).await? == 0 {
            return Ok(());
        }
    }
    Err(io::ErrorKind::InvalidData.into())
}

/// Closes so that nothing is left of the connection, here or in the system.
pub(crate) fn reset(stream: &TcpStream) {
    let _ = stream.set_zero_linger();
}

/// How long a peer has to hear an alert: what it sends meanwhile has a way back of a slow network before it.
const HEARS: Duration = Duration::from_secs(2);
