//! Why a certificate is not made.

use std::fmt;

use crate::SignError;

/// Why an authority refuses, or cannot.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The public key that is to be certified is not acceptable.
    #[error("the public key cannot be certified")]
    Key(#[source] countersign_x509::Error),

    /// A name that must not stand in a certificate.
    #[error("`{name}` cannot be certified: {rule}")]
    Name {
        /// The name that was given.
        name: String,
        /// The rule that it breaks.
        rule: &'static str,
    },

    /// A chain in which a certificate was not issued by the next.
    #[error("certificate {position} of the chain was not issued by the one after it")]
    BrokenChain {
        /// Counted from 0, the authority's own.
        position: usize,
    },

    /// The authority's certificate is for another key than the signer's.
    #[error("the certificate `{subject}` is for another key")]
    ForeignKey {
        /// Whose certificate it is.
        subject: String,
    },

    /// The authority's certificate does not allow it to sign certificates.
    #[error("the certificate `{subject}` is not a CA's")]
    NotACa {
        /// Whose certificate it is.
        subject: String,
    },

    /// The authority may have no CA below it.
    #[error("the CA `{subject}` may not certify another CA")]
    PathLen {
        /// Whose certificate it is.
        subject: String,
    },

    /// A serial number of zero.
    #[error("a serial number must not be zero")]
    Serial,

    /// A validity that ends before it begins, or after the year 9999.
    #[error("the validity ends before it begins, or after the year 9999")]
    Validity,

    /// The certificate could not be written.
    #[error("the certificate could not be written")]
    Encoding(#[source] Cause),

    /// The key could not sign.
    #[error(transparent)]
    Signer(#[from] SignError),

    /// What was made is not what was asked: the signer answered wrongly, or a name or key did not
    /// come out byte for byte.
    #[error("the certificate that was made is not the one that was asked for: {what}")]
    Unfaithful {
        /// What differs.
        what: &'static str,
    },
}

/// A cause in a library below.
pub struct Cause(Box<dyn std::error::Error + Send + Sync>);

impl Cause {
    pub(crate) fn new(cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self(Box::new(cause))
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for Cause {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}
