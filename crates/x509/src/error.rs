//! What can be wrong with a certificate, a request, a CRL or the text that they come in.

use crate::KeyKind;

/// Why bytes are not what they should be.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The signature is not by that key over these bytes.
    #[error("the signature is not by that key")]
    BadSignature,

    /// An extension must be understood (RFC 5280 §5.2), and is not known here: the list is not what it looks like.
    #[error("extension {oid} at byte {offset} is critical, and not known here")]
    CriticalExtension {
        /// Which, in dotted form.
        oid: String,
        /// From the start of the input.
        offset: usize,
    },

    /// The same extension stands twice (RFC 5280 §4.2 forbids it; readers would disagree).
    #[error("extension {oid} stands twice, the second time at byte {offset}")]
    DuplicateExtension {
        /// Which, in dotted form.
        oid: String,
        /// Of the second one, from the start of the input.
        offset: usize,
    },

    /// The bytes break the format.
    #[error("malformed {what} at byte {offset}")]
    Malformed {
        /// What was being read.
        what: &'static str,
        /// From the start of the input.
        offset: usize,
    },

    /// A PEM block is cut short, misspelled, or not base64 (RFC 7468).
    #[error("PEM block {block} is cut short or not base64")]
    MalformedPem {
        /// Counted from 1, among the blocks that were looked for.
        block: usize,
    },

    /// The text holds no such block.
    #[error("no `BEGIN {label}` in the text")]
    MissingPem {
        /// The label that was looked for.
        label: &'static str,
    },

    /// The key is of a kind that is not certified here.
    #[error("a key of kind {kind} is not accepted: use P-256, P-384, or RSA of 2048 to 8192 bits")]
    UnsupportedKey {
        /// What it is.
        kind: KeyKind,
    },

    /// The signature algorithm is unknown, broken (SHA-1, MD5), or of another kind than the key.
    #[error("signature algorithm {oid} is not accepted with a key of kind {kind}")]
    UnsupportedSignature {
        /// The algorithm, in dotted form.
        oid: String,
        /// The key that it should be checked with.
        kind: KeyKind,
    },
}
