//! Why an entry is not imported.

use countersign_fleet::{AuthorityName, NameError, StoreError};
use countersign_protocol::UnixTime;
use countersign_x509::{KeyKind, name::escaped};

use super::Entry;
use crate::{error::store_code, text::rfc3339, view::NotImportedView};

/// Why an entry is not imported.
#[derive(Debug, thiserror::Error)]
pub enum NotImported {
    /// Its certificate cannot be read.
    #[error("its certificate cannot be read: {0}")]
    Certificate(#[source] countersign_x509::Error),
    /// It is no SHA-256.
    #[error("the {what} is no SHA-256, of 64 hexadecimal digits{}", if *.is_sha1 { ": SHA-1 is not enough to know anybody by" } else { "" })]
    Digest {
        /// What was wanted.
        what: &'static str,
        /// Whether it has the length of a SHA-1.
        is_sha1: bool,
    },
    /// Its certificate has ended.
    #[error("its certificate ended at {}: no handshake would take it", rfc3339(*.0))]
    Ended(UnixTime),
    /// It is a CA's certificate.
    #[error("it is a CA's certificate, and no device's")]
    IsCa,
    /// Its key is too weak, or of an unknown kind.
    #[error("its key is of kind {0}, with which no handshake is taken")]
    Key(KeyKind),
    /// A name breaks its rule.
    #[error(transparent)]
    Name(NameError),
    /// Neither a name nor a certificate that has one.
    #[error("it has no id, which a fingerprint and a pin do not tell")]
    NoName,
    /// It is certified by somebody else.
    #[error(
        "`{authority}` did not issue its certificate, but `{issuer}`; if that is a CA below `{authority}`, give its certificate too"
    )]
    NotIssued {
        /// The authority that should have.
        authority: AuthorityName,
        /// Whose name is in it.
        issuer: String,
    },
    /// It is of a version that is taken only where the registered authority issued it itself, or not at all.
    #[error(
        "it is of version {version}, {}",
        if *version == 1 {
            "which is taken right under a registered authority alone: register the CA that issued it"
        } else {
            "which is not taken"
        }
    )]
    Version {
        /// The certificate's.
        version: u8,
    },
    /// The list calls it otherwise than its certificate.
    #[error("the list calls it `{said}`, and its certificate `{named}`")]
    OtherName {
        /// By the list.
        said: String,
        /// By the certificate.
        named: String,
    },
    /// No such product, or none is named.
    #[error("{0}")]
    Product(String),
    /// Several certificates, or none.
    #[error("one certificate of a device is wanted, and there are others, or none")]
    NotOne,
    /// The store refuses it.
    #[error(transparent)]
    Store(StoreError),
    /// Not one of the three.
    #[error("one of certificate, fingerprint and pin is wanted, and no more")]
    Unclear,
    /// Its certificate does not name a device as those of its authority do.
    #[error("its certificate does not name a device as its authority's do: {0}")]
    WrongName(String),
    /// Its certificate is not for clients.
    #[error("its certificate is not for clients (extended key usage)")]
    WrongPurpose,
}

impl NotImported {
    /// The stable code, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Certificate(_) | Self::NotOne | Self::Version { .. } => "bad-certificate",
            Self::Digest { .. } | Self::NoName | Self::Unclear => "bad-entry",
            Self::Ended(_) => "certificate-ended",
            Self::IsCa | Self::WrongPurpose => "wrong-purpose",
            Self::Key(_) => "weak-key",
            Self::Name(_) => "bad-name",
            Self::NotIssued { .. } => "unknown-issuer",
            Self::OtherName { .. } | Self::WrongName(_) => "wrong-name",
            Self::Product(_) => "unknown-product",
            Self::Store(error) => store_code(error),
        }
    }
}

/// What an operator is shown of it.
pub(super) fn view_of(entry: &Entry, id: Option<String>, why: &NotImported) -> NotImportedView {
    NotImportedView {
        from: entry.from.clone(),
        device: id.or_else(|| entry.id.as_deref().map(escaped)),
        reason_text: escaped(&why.to_string()),
        reason: why.code().to_owned(),
    }
}
