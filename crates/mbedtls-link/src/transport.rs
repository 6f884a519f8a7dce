//! What carries the bytes.

/// Moves bytes to and from the peer, as far as it can at once.
///
/// A blocking one waits and never says [`TransportError::WouldBlock`]; one for an executor says so, and the session's call
/// is made again when the machine has got further.
pub trait Transport {
    /// Sends some of `bytes`; gives how many, which is not 0.
    ///
    /// # Errors
    /// See [`TransportError`].
    fn send(&mut self, bytes: &[u8]) -> Result<usize, TransportError>;

    /// Receives into `buffer`; gives how many bytes, 0 where the peer sends no more.
    ///
    /// # Errors
    /// See [`TransportError`].
    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize, TransportError>;
}

/// Why no byte was moved.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TransportError {
    /// None can be moved now.
    #[error("not now")]
    WouldBlock,
    /// The connection is gone, or took too long.
    #[error("the connection failed")]
    Broken,
    /// The peer threw the connection away, and with it what it may have had to say.
    #[error("the peer reset the connection")]
    Reset,
}
