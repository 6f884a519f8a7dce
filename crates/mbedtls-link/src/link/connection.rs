//! One connection of a node.

use core::fmt;

use countersign_node::{Clock, LinkError};
use embedded_io_async::{ErrorType, Read, Write};

use super::{fault::link_error, kept::Kept, wire::Wire, within::within};
use crate::{Error, Progress, Session};

/// A TLS connection whose reads and writes end in time.
pub struct TlsConnection<'c, S, C> {
    pub(super) session: Session<'c, Wire>,
    pub(super) socket: S,
    /// Where what may be resumed is kept.
    pub(super) kept: &'c mut Kept,
    pub(super) clock: &'c mut C,
    pub(super) io_ms: u32,
    /// It failed, or a call took too long: there is no more of it.
    pub(super) ended: Option<LinkError>,
}

impl<'c, S: Read + Write, C: Clock> TlsConnection<'c, S, C> {
    /// Makes the handshake, until `end_ms` of uptime, and keeps what may be resumed of it.
    pub(super) async fn shake_hands(&mut self, end_ms: u64) -> Result<(), LinkError> {
        let left_ms = end_ms.saturating_sub(self.clock.uptime_ms());
        let left_ms = u32::try_from(left_ms).unwrap_or(u32::MAX);
        self.call(left_ms, Session::handshake).await?;
        if let Some(ends) = self.session.ends() {
            self.kept.proved(ends, self.clock.uptime_ms());
        }
        self.session.shed();
        self.kept.put(self.session.save());
        Ok(())
    }

    /// Says whether this goes on with an earlier session, so that the server proved itself by what it knows of that.
    pub fn is_resumed(&self) -> bool {
        self.session.ends().is_none()
    }

    /// Gives the version that was agreed on: `TLSv1.2`.
    pub fn version(&self) -> &'static str {
        self.session.version()
    }

    /// Gives the suite that was agreed on: `TLS-ECDHE-ECDSA-WITH-AES-128-GCM-SHA256`.
    pub fn suite(&self) -> &'static str {
        self.session.suite()
    }

    /// Makes one call of the session, in time.
    async fn call<R>(
        &mut self,
        limit_ms: u32,
        call: impl FnMut(&mut Session<'c, Wire>) -> Result<Progress<R>, Error>,
    ) -> Result<R, LinkError> {
        if let Some(ended) = self.ended {
            return Err(ended);
        }
        let work = drive(&mut self.session, &mut self.socket, call);
        let done = within(self.clock, limit_ms.into(), work)
            .await
            .unwrap_or(Err(LinkError::TimedOut));
        if let Err(error) = done {
            self.ended = Some(error);
        }
        done
    }

    /// What it means that the peer takes nothing any more: a server that refuses our certificate in TLS 1.3 says so when
    /// we believe the handshake done, and its alert may lie unread while our writes already fail.
    async fn last_word(&mut self) -> LinkError {
        let mut unread = [0; 1];
        let said = self
            .call(LAST_WORD_MS, |session| session.read(&mut unread))
            .await;
        let meaning = match said {
            Err(LinkError::TimedOut) | Ok(_) => LinkError::Broken,
            Err(error) => error,
        };
        self.ended = Some(meaning);
        meaning
    }
}

/// Makes a session's call, again and again, and moves the bytes that it has or wants, until it is done.
async fn drive<'c, S: Read + Write, R>(
    session: &mut Session<'c, Wire>,
    socket: &mut S,
    mut call: impl FnMut(&mut Session<'c, Wire>) -> Result<Progress<R>, Error>,
) -> Result<R, LinkError> {
    session.transport_mut().begin();
    loop {
        let progress = call(session);
        // Where it failed too: an alert tells the peer why.
        session.transport_mut().flush(socket).await;
        match progress {
            Ok(Progress::Done(done)) => return Ok(done),
            Ok(Progress::WantRead) => session.transport_mut().fill(socket).await,
            Ok(Progress::WantWrite) => {}
            Err(error) => return Err(link_error(&error, session.alert())),
        }
    }
}

impl<S, C> ErrorType for TlsConnection<'_, S, C> {
    type Error = LinkError;
}

impl<S: Read + Write, C: Clock> Read for TlsConnection<'_, S, C> {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, LinkError> {
        let read = self.call(self.io_ms, |session| session.read(buf)).await;
        if self.session.took_ticket() {
            self.kept.put(self.session.save());
        }
        read
    }
}

impl<S: Read + Write, C: Clock> Write for TlsConnection<'_, S, C> {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, LinkError> {
        if buf.is_empty() {
            return Ok(0);
        }
        let written = self.call(self.io_ms, |session| session.write(buf)).await?;
        if self.session.transport().is_mute() {
            return Err(self.last_word().await);
        }
        Ok(written)
    }

    /// All that was written is with the socket already.
    async fn flush(&mut self) -> Result<(), LinkError> {
        self.ended.map_or(Ok(()), Err)
    }
}

impl<S, C> fmt::Debug for TlsConnection<'_, S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConnection")
            .field("session", &self.session)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

/// How long an alert may take that explains why the peer takes nothing.
const LAST_WORD_MS: u32 = 1_000;
