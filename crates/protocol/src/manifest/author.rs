//! Who signs manifests.

use core::fmt;
use core::str::FromStr;

use crate::value::{from_hex, write_hex};

/// Names an author's key: the first 8 bytes of the SHA-256 of its `SubjectPublicKeyInfo` (DER). Shown as 16
/// hexadecimal digits.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct AuthorId(pub [u8; 8]);

impl AuthorId {
    /// The name of the key whose `SubjectPublicKeyInfo` (DER) has this SHA-256.
    pub fn from_spki_sha256(digest: &[u8; 32]) -> Self {
        Self(core::array::from_fn(|index| {
            digest.get(index).copied().unwrap_or_default()
        }))
    }
}

impl fmt::Display for AuthorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl FromStr for AuthorId {
    type Err = NotAnAuthorId;

    fn from_str(text: &str) -> Result<Self, NotAnAuthorId> {
        from_hex(text).map(Self).ok_or(NotAnAuthorId)
    }
}

/// The text is not 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not an author's id: 16 hexadecimal digits are wanted")]
pub struct NotAnAuthorId;

/// An author whom the one that checks a manifest believes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Author<'a> {
    /// The key's name.
    pub id: AuthorId,
    /// The key, a P-256 `SubjectPublicKeyInfo` in DER.
    pub public_key: &'a [u8],
}

/// ECDSA on P-256 with SHA-256, as whoever checks a manifest has it.
pub trait Es256Verifier {
    /// Tells whether `signature` (r then s, 32 bytes each, big-endian) is that of `spki`'s key over `message`.
    fn es256_verify(&self, spki: &[u8], message: &[u8], signature: &[u8; 64]) -> bool;
}
