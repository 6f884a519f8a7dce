//! Why a certificate, a request or a CRL is not made.

use std::fmt;

use countersign_x509::KeyKind;

use crate::SignError;

/// Why an authority refuses, or cannot.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The public key that is to be certified is not acceptable.
    #[error("the public key cannot be certified")]
    Key(#[source] countersign_x509::Error),

    /// The rules for this kind of certificate leave such keys out.
    #[error("a key of kind {kind} is not allowed for this certificate: use {allowed}")]
    KeyNotAllowed {
        /// What it is.
        kind: KeyKind,
        /// What would do, for people.
        allowed: String,
    },

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

    /// The authority's certificate does not allow it to sign CRLs.
    #[error(
        "the certificate `{subject}` does not allow CRLs to be signed (no cRLSign in its key usage)"
    )]
    NotACrlIssuer {
        /// Whose certificate it is.
        subject: String,
    },

    /// A proof for the authority's own key, which would prove nothing, and give the key another certificate.
    #[error("a proof needs a key of its own, not the authority's")]
    OwnKey,

    /// The authority may have no CA below it.
    #[error("the CA `{subject}` may not certify another CA")]
    PathLen {
        /// Whose certificate it is.
        subject: String,
    },

    /// An entry of a complete CRL that takes another back, as only one of a delta CRL does (RFC 5280 §5.3.1).
    #[error("an entry of a complete CRL cannot take another back")]
    Reason,

    /// A serial number of zero, or of more than 20 octets (RFC 5280 §4.1.2.2).
    #[error("a serial number must be above zero and have 20 octets at most")]
    Serial,

    /// A CRL whose next one is due before it is made, or whose dates lie after the year 9999.
    #[error(
        "the next CRL must be due after this one is made, and all dates lie before the year 10000"
    )]
    Update,

    /// Rules whose key usages do not fit the certificate.
    #[error("these key usages do not fit: {rule}")]
    Usage {
        /// The rule that they break.
        rule: &'static str,
    },

    /// A validity that ends before it begins, or after the year 9999.
    #[error("the validity ends before it begins, or after the year 9999")]
    Validity,

    /// The certificate, request or CRL could not be written.
    #[error("it could not be written")]
    Encoding(#[source] Cause),

    /// The key could not sign.
    #[error(transparent)]
    Signer(#[from] SignError),

    /// The certificate, request or CRL that was made is not what was asked for: the signer answered wrongly, or a name or key did not
    /// come out byte for byte.
    #[error("what was made is not what was asked for: {what}")]
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
