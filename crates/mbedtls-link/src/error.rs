//! Why there is no session, or no more of it.

use core::fmt;

use crate::{Code, VerifyFlags};

/// Why a session could not be made, or ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The peer ended the transport without saying so in TLS: what came before it may have been cut short.
    ///
    /// ESP-IDF takes this for the end (`esp_mbedtls_read` gives 0 for both).
    #[error("the peer closed the connection without a close_notify")]
    CutOff,
    /// The handshake failed.
    #[error("the handshake failed: {}", Findings(*code, *flags, *refusal))]
    Handshake {
        /// What the library gave.
        code: Code,
        /// What it found wrong with the server's chain; empty where it failed elsewhere.
        flags: VerifyFlags,
        /// Why the bundle refused the chain, where it did.
        refusal: Option<Refusal>,
    },
    /// Reading failed.
    #[error("reading failed: {}", Words(*.0))]
    Read(Code),
    /// Writing failed.
    #[error("writing failed: {}", Words(*.0))]
    Write(Code),
    /// Our own chain could not be read.
    #[error("the certificate chain cannot be read: {}", Words(*.0))]
    Certificate(Code),
    /// Our own key could not be read.
    #[error("the private key cannot be read: {}", Words(*.0))]
    Key(Code),
    /// The host's name has a NUL in it, or is longer than the library takes (255 bytes).
    #[error("this is no name of a host")]
    Name,
    /// There is a `Library` in this process already.
    #[error("the library is in use; there is one in a process")]
    InUse,
    /// The library could not be set up: memory, randomness.
    #[error("the library could not be set up: {}", Words(*.0))]
    Setup(Code),
}

impl Error {
    /// Gives the library's own number, where the library gave one.
    pub const fn code(&self) -> Option<Code> {
        match self {
            Self::Handshake { code, .. }
            | Self::Read(code)
            | Self::Write(code)
            | Self::Certificate(code)
            | Self::Key(code)
            | Self::Setup(code) => Some(*code),
            Self::CutOff | Self::Name | Self::InUse => None,
        }
    }
}

/// Why no root in the bundle vouches for a chain.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// No root has the name of the topmost certificate's issuer.
    #[error("no root in the bundle has the issuer's name")]
    Unknown,
    /// The root of that name has a key that cannot be read or cannot make such a signature.
    #[error("the key in the bundle cannot have signed this: {}", Words(*.0))]
    Key(Code),
    /// The key of the root of that name did not sign the certificate.
    #[error("the root of that name in the bundle did not sign this: {}", Words(*.0))]
    Signature(Code),
}

/// A code, and what the library says of it.
struct Words(Code);

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        #[cfg(feature = "mbedtls")]
        crate::c::with_words(self.0, |words| write!(f, " ({words})"))?;
        Ok(())
    }
}

/// What made a handshake fail, the most telling first.
struct Findings(Code, VerifyFlags, Option<Refusal>);

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(code, flags, refusal) = *self;
        match refusal {
            Some(refusal) => write!(f, "{refusal}; {}", Words(code)),
            None if flags.is_empty() => write!(f, "{}", Words(code)),
            None => write!(f, "the server's certificate: {flags}; {}", Words(code)),
        }
    }
}
