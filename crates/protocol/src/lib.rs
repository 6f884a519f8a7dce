//! The messages between a device and its servers, and the signed manifest.
//!
//! Everything here is deterministic CBOR (RFC 8949 §4.2.1), written down in `countersign.cddl`
//! beside this crate's manifest. Bytes in, values out: no allocation, no input or output, no panic on any input.
#![no_std]
#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::string_slice
)]

pub mod authors;
mod cbor;
pub mod error;
pub mod manifest;
pub mod message;
pub mod reason;
pub mod value;

pub use authors::{
    AuthorKeys, AuthorSet, Authors, CompleteSet, MAX_AUTHOR_SET, SignedAuthorSet, Unfit,
};
pub use error::{Error, ErrorKind};
pub use manifest::{
    Author, AuthorId, CoSignatures, Es256Verifier, MAX_MANIFEST, MAX_SIGNED_RELEASE, Manifest,
    NotAnAuthorId, SignedManifest, SignedRelease, VerifiedManifest,
};
pub use message::{
    CheckIn, CheckInReply, MAX_CHECK_IN, MAX_REPLY, MAX_REPORT, MAX_URL, NotAnOfferId, Offer,
    OfferId, Outcome, Report, SlotState,
};
pub use reason::Reason;
pub use value::{Digest, NotADigest, UnixTime};

/// The oldest message version that this crate still reads.
pub const MIN: u8 = 1;
/// The message version that this crate writes.
pub const CURRENT: u8 = 1;
/// The media type of every message body of the device plane.
pub const MEDIA_TYPE: &str = "application/vnd.countersign+cbor";
/// The content type in a manifest's protected header, and of a manifest file over HTTP.
pub const MANIFEST_MEDIA_TYPE: &str = "application/vnd.countersign.manifest+cbor";
/// The content type in an author set's protected header, and of a set's file.
pub const AUTHORS_MEDIA_TYPE: &str = "application/vnd.countersign.authors+cbor";
