//! What lies between the library, which wants bytes now, and a socket, which one waits for.

use embedded_io_async::{Error as _, ErrorKind, Read, Write};

use crate::{Transport, TransportError};

/// Bytes on their way, in both directions.
pub(super) struct Wire {
    received: [u8; RECEIVE_LEN],
    /// Where in `received` what the library has not yet taken begins and ends.
    unread: (usize, usize),
    /// How many bytes may still be received for the call that is under way.
    allowed: usize,
    /// What there is to say once all that was received is taken.
    ended: Option<Result<usize, TransportError>>,
    to_send: [u8; SEND_LEN],
    unsent: usize,
    /// The peer takes nothing any more: what is still sent is thrown away, so that what the peer said last is read.
    mute: bool,
}

impl Wire {
    pub(super) const fn new() -> Self {
        Self {
            received: [0; RECEIVE_LEN],
            unread: (0, 0),
            allowed: 0,
            ended: None,
            to_send: [0; SEND_LEN],
            unsent: 0,
            mute: false,
        }
    }

    /// Begins a call of the session, for which so much is received and no more.
    pub(super) const fn begin(&mut self) {
        self.allowed = CALL_LEN;
    }

    /// Sends all that the library gave.
    pub(super) async fn flush(&mut self, socket: &mut impl Write) {
        let bytes = self.to_send.get(..self.unsent).unwrap_or_default();
        if bytes.is_empty() {
            return;
        }
        let sent = match socket.write_all(bytes).await {
            Ok(()) => socket.flush().await,
            Err(error) => Err(error),
        };
        self.mute |= sent.is_err();
        self.unsent = 0;
    }

    /// Says whether something that was sent was thrown away.
    pub(super) const fn is_mute(&self) -> bool {
        self.mute
    }

    /// Waits for something to receive, where the library has taken all there was.
    pub(super) async fn fill(&mut self, socket: &mut impl Read) {
        if self.unread.0 < self.unread.1 || self.ended.is_some() {
            return;
        }
        if self.allowed == 0 {
            self.ended = Some(Err(TransportError::Broken));
            return;
        }
        match socket.read(&mut self.received).await {
            Ok(0) => self.ended = Some(Ok(0)),
            Ok(len) => {
                self.allowed = self.allowed.saturating_sub(len);
                self.unread = (0, len.min(RECEIVE_LEN));
            }
            Err(error) => {
                self.ended = Some(Err(match error.kind() {
                    ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => TransportError::Reset,
                    _ => TransportError::Broken,
                }));
            }
        }
    }
}

impl Transport for Wire {
    fn send(&mut self, bytes: &[u8]) -> Result<usize, TransportError> {
        if self.mute {
            return Ok(bytes.len());
        }
        let room = self.to_send.get_mut(self.unsent..).unwrap_or_default();
        let len = bytes.len().min(room.len());
        if len == 0 {
            return Err(TransportError::WouldBlock);
        }
        for (to, from) in room.iter_mut().zip(bytes) {
            *to = *from;
        }
        self.unsent += len;
        Ok(len)
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize, TransportError> {
        let (start, end) = self.unread;
        let unread = self.received.get(start..end).unwrap_or_default();
        if unread.is_empty() {
            return self.ended.unwrap_or(Err(TransportError::WouldBlock));
        }
        let len = unread.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(unread) {
            *to = *from;
        }
        self.unread.0 += len;
        Ok(len)
    }
}

/// How many bytes are taken from the socket at once. The library keeps records in buffers of its own; this only spares
/// calls.
const RECEIVE_LEN: usize = 256;

/// How many bytes one handshake, read or write may receive: the largest record (RFC 8446 §5.2), or a chain of such a length,
/// and some more. It stops a server that keeps a device awake with what counts for nothing, such as warnings without end.
const CALL_LEN: usize = 20 * 1024;

/// How many bytes are given to the socket at once: a flight of the handshake takes two.
const SEND_LEN: usize = 512;
