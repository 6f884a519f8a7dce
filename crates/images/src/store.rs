//! Where images are kept.

use std::fmt;

use countersign_protocol::Digest;

/// Keeps images, each under the SHA-256 of its bytes.
pub trait ImageStore: fmt::Debug + Send + Sync {
    /// Keeps `image`, whole or not at all, and gives its digest. An image that is there already stays as it is.
    ///
    /// # Errors
    /// [`StoreError`] where it could not be written; nothing is left behind.
    fn put(&self, image: &[u8]) -> Result<Digest, StoreError>;

    /// Opens an image for reading; `None` where there is none of that digest.
    ///
    /// # Errors
    /// [`StoreError`] where it could not be opened.
    fn open(&self, digest: &Digest) -> Result<Option<Box<dyn ImageRead>>, StoreError>;

    /// Removes an image; nothing happens where there is none.
    ///
    /// # Errors
    /// [`StoreError`] where it could not be removed.
    fn remove(&self, digest: &Digest) -> Result<(), StoreError>;
}

/// An image open for reading.
pub trait ImageRead: fmt::Debug + Send + Sync {
    /// Its length in bytes.
    fn size(&self) -> u64;

    /// Reads exactly `buffer.len()` bytes at `offset`.
    ///
    /// # Errors
    /// [`StoreError`] where that many bytes could not be read.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), StoreError>;
}

/// What an image store cannot do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The disk is full.
    #[error("the disk is full while writing {what}")]
    Full {
        /// What was being written.
        what: String,
    },
    /// Anything else of the operating system's.
    #[error("{doing}")]
    Io {
        /// What was being done to what.
        doing: String,
        /// What the system said.
        #[source]
        cause: std::io::Error,
    },
}
