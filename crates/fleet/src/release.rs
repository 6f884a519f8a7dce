//! Releases.

use std::fmt;

use countersign_protocol::{AuthorId, Digest, UnixTime};

use crate::ProductName;

/// A release's number in this installation, given in the order of publishing, from 1.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ReleaseId(pub i64);

/// One published release.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Release {
    /// Its number; 0 before it is stored.
    pub id: ReleaseId,
    /// The product that it is for.
    pub product: ProductName,
    /// The version in its image's app descriptor. A product has one image of a version, and may release it again under
    /// another counter.
    pub version: String,
    /// The project name in its image's app descriptor.
    pub project: String,
    /// The ESP-IDF version in its image's app descriptor, for example `v5.5.1`.
    pub idf_version: String,
    /// The chip that it is for, by its ESP-IDF `esp_chip_id_t`.
    pub chip: u16,
    /// Its counter, which grows with every release of the product.
    pub counter: u64,
    /// The app descriptor's anti-rollback version.
    pub secure_version: u32,
    /// SHA-256 of its image file.
    pub image: Digest,
    /// Its image file's length in bytes.
    pub size: u32,
    /// The author's manifest: a tagged `COSE_Sign1`, and what further authors have signed of it behind.
    pub manifest: Vec<u8>,
    /// Who signed it; of several, the first who was known.
    pub author: AuthorId,
    /// When it was published.
    pub published_at: UnixTime,
    /// The last second in which devices accept it.
    pub not_after: Option<UnixTime>,
}

impl fmt::Display for ReleaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
