//! What is wrong with received bytes, and where.

/// An error in received bytes: what, and at which byte of the input.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{kind} at byte {offset}")]
pub struct Error {
    /// What is wrong.
    pub kind: ErrorKind,
    /// The offset into the input, in bytes.
    pub offset: u32,
}

/// What can be wrong with received bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The output buffer has no room for the encoded value.
    #[error("no room in the output buffer")]
    NoRoom,
    /// The bytes are not CBOR, or end early.
    #[error("not well-formed CBOR")]
    NotCbor,
    /// Well-formed CBOR, but not in the one deterministic form (RFC 8949 §4.2.1).
    #[error("not deterministic CBOR")]
    NotDeterministic,
    /// A field that must be there is missing.
    #[error("a required field is missing")]
    MissingField,
    /// A field is of the wrong type or outside its range.
    #[error("a field is of the wrong type or out of range")]
    BadField,
    /// A manifest or an author set has a field that this crate does not know, and so cannot obey.
    #[error("a field that this version does not know")]
    UnknownField,
    /// The message is of a version that this crate does not read.
    #[error("unknown message version")]
    UnknownVersion,
    /// Bytes follow where the value should end.
    #[error("surplus bytes after the value")]
    Surplus,
    /// A COSE structure other than `COSE_Sign1` with ES256, or with an unexpected header.
    #[error("not a COSE_Sign1 with ES256 and the manifest's headers")]
    NotSign1,
    /// A COSE structure other than `COSE_Sign` with ES256, or with an unexpected header.
    #[error("not a COSE_Sign with ES256 and an author set's headers")]
    NotSign,
}
