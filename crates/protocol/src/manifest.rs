//! The signed manifest: what an author says of one release.

use crate::{Digest, UnixTime};

/// What an author says of one release (RFC 9019; the fields map to RFC 9124's information model).
///
/// A deterministic CBOR map: 0 manifest version (1), 1 product, 2 chip, 3 project, 4 version, 5 image digest,
/// 6 image size, 7 counter, 8 secure version, 9 created, 10 not after (absent when it has no end).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Manifest<'a> {
    /// The product that the release is for, 1 to 32 bytes.
    pub product: &'a str,
    /// The chip, by its ESP-IDF `esp_chip_id_t`.
    pub chip: u16,
    /// The project name in the image's app descriptor, 0 to 32 bytes.
    pub project: &'a str,
    /// The version in the image's app descriptor, 1 to 32 bytes.
    pub version: &'a str,
    /// SHA-256 of the image file, every byte of it, as the device will hold it in its slot.
    pub image: Digest,
    /// The image file's length in bytes.
    pub size: u32,
    /// Grows with every release of a product; a device takes none that does not.
    pub counter: u64,
    /// The app descriptor's anti-rollback version.
    pub secure_version: u32,
    /// When the author signed it, by his clock.
    pub created: UnixTime,
    /// The last second in which a device may accept it.
    pub not_after: Option<UnixTime>,
}

/// Names an author's key: the first 8 bytes of the SHA-256 of its `SubjectPublicKeyInfo` (DER).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct AuthorId(pub [u8; 8]);

/// ECDSA on P-256 with SHA-256, as whoever checks a manifest has it.
pub trait Es256Verifier {
    /// Tells whether `signature` (r then s, 32 bytes each, big-endian) is that of `spki`'s key over `message`.
    fn es256_verify(&self, spki: &[u8], message: &[u8], signature: &[u8; 64]) -> bool;
}

/// A manifest as it travels: a tagged `COSE_Sign1` (RFC 9052 §4.2), parsed and not yet believed.
#[derive(Clone, Copy, Debug)]
pub struct SignedManifest<'a> {
    _todo: &'a [u8],
}

/// A manifest that a known author's signature was found good on; only the check makes one.
#[derive(Clone, Copy, Debug)]
pub struct VerifiedManifest<'a> {
    manifest: Manifest<'a>,
    author: AuthorId,
}

impl<'a> VerifiedManifest<'a> {
    /// What the author said.
    pub const fn manifest(&self) -> &Manifest<'a> {
        &self.manifest
    }

    /// Who said it.
    pub const fn author(&self) -> AuthorId {
        self.author
    }
}
