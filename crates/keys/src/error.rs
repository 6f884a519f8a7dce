//! Why a key cannot be had.

use std::{io, path::PathBuf};

/// Why a key cannot be read, made or kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is a file already, and keys are never overwritten.
    #[error("{} is there already; a key is never overwritten", path.display())]
    AlreadyThere {
        /// Where.
        path: PathBuf,
    },

    /// The file is encrypted.
    #[error("the key is encrypted; decrypt it first: openssl pkcs8 -in KEY -out PLAIN")]
    Encrypted,

    /// Not a P-256 private key.
    #[error("not a P-256 private key in PEM (PKCS#8, or `EC PRIVATE KEY`)")]
    NotAKey,

    /// Not a P-256 public key.
    #[error("not a P-256 public key in PEM")]
    NotAPublicKey(#[source] countersign_x509::Error),

    /// Others than its owner may read the key.
    #[error("others may read {0} (mode {mode:o}): chmod 600 {0}", path.display())]
    TooOpen {
        /// Where.
        path: PathBuf,
        /// The permission bits.
        mode: u32,
    },

    /// The file could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Where.
        path: PathBuf,
        /// What the system says.
        #[source]
        cause: io::Error,
    },

    /// The file could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// Where.
        path: PathBuf,
        /// What the system says.
        #[source]
        cause: io::Error,
    },

    /// The key could not be made: no randomness or no memory.
    #[error("the cryptographic library could not make the key")]
    Library,
}
