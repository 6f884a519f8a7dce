//! A connection with an end in time.

use embedded_io_async::{ErrorType, Read, Write};

use crate::{Clock, LinkError};

/// A connection that fails once a deadline has passed, however small the drops in which the peer sends.
///
/// It is looked at before each read and write; how long one of these may take is the link's to bound.
pub(crate) struct Bounded<'k, C, K> {
    // Borrowed: it may be of a kilobyte, and moving it makes another.
    connection: &'k mut C,
    clock: &'k mut K,
    /// The end of it all.
    end_ms: u64,
    /// The end of what is under way.
    deadline_ms: u64,
}

impl<'k, C, K: Clock> Bounded<'k, C, K> {
    /// Bounds a connection; the deadline is one of the clock's uptime.
    pub(crate) fn new(connection: &'k mut C, clock: &'k mut K, deadline_ms: u64) -> Self {
        Self {
            connection,
            clock,
            end_ms: deadline_ms,
            deadline_ms,
        }
    }

    /// Gives what comes next so many milliseconds, and no more than is left.
    pub(crate) fn within(&mut self, ms: u64) {
        let now_ms = self.clock.uptime_ms();
        self.deadline_ms = now_ms.saturating_add(ms).min(self.end_ms);
    }

    /// What the clock says.
    pub(crate) fn now_ms(&self) -> u64 {
        self.clock.uptime_ms()
    }

    fn check(&self) -> Result<(), LinkError> {
        if self.clock.uptime_ms() < self.deadline_ms {
            Ok(())
        } else {
            Err(LinkError::TimedOut)
        }
    }
}

impl<C, K> ErrorType for Bounded<'_, C, K> {
    type Error = LinkError;
}

impl<C: Read<Error = LinkError>, K: Clock> Read for Bounded<'_, C, K> {
    async fn read(&mut self, into: &mut [u8]) -> Result<usize, LinkError> {
        self.check()?;
        self.connection.read(into).await
    }
}

impl<C: Write<Error = LinkError>, K: Clock> Write for Bounded<'_, C, K> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, LinkError> {
        self.check()?;
        self.connection.write(bytes).await
    }

    async fn flush(&mut self) -> Result<(), LinkError> {
        self.check()?;
        self.connection.flush().await
    }
}
