//! Products, and what must hold for their releases.

use countersign_fleet::{AuthorSetRecord, ProductName, Release};
use countersign_images::manifest::author_id;
use countersign_protocol::UnixTime;
use serde::{Deserialize, Serialize};

use super::AuthorSetView;
use crate::{
    Error, Product, author_sets,
    policy::{Blocks, SecureBoot},
    text::{chip_name, day},
};

/// A product, as the server goes by it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ProductView {
    /// Its name.
    pub product: String,
    /// The ids of the authors in its settings: whose releases are taken before there is an author set.
    pub authors: Vec<String>,
    /// Its newest author set, by which releases are judged where there is one.
    pub author_set: Option<AuthorSetView>,
    /// Whether images without a Secure Boot signature are admitted.
    pub unsigned_images: bool,
    /// Whose Secure Boot signatures devices take; absent: anybody's.
    pub secure_boot: Option<SecureBootView>,
    /// Whether what is stored must be a sealed image; no such release can be published yet.
    pub sealed: bool,
    /// The chip; absent: that of the newest release.
    pub chip: Option<String>,
    /// The project's name; absent: any.
    pub project: Option<String>,
    /// The length of the smallest OTA slot in bytes, which no image may be longer than; absent: not asked.
    pub slot: Option<u32>,
    /// The last day on which its devices get updates, as its maker has promised.
    pub supported_until: Option<String>,
    /// Whether that day is over.
    pub support_ended: bool,
    /// Its newest release: the next one has a higher counter, and no lower secure version.
    pub newest_release: Option<NewestView>,
}

/// Whose Secure Boot signatures devices take.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SecureBootView {
    /// The digests of the keys.
    pub keys: Vec<String>,
    /// Which blocks devices compare: `any` or `first`.
    pub blocks: String,
}

/// A product's newest release.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct NewestView {
    /// Its number.
    pub id: i64,
    /// Its version.
    pub version: String,
    /// Its counter.
    pub counter: u64,
    /// Its anti-rollback version.
    pub secure_version: u32,
    /// Its chip.
    pub chip: String,
}

impl ProductView {
    /// A product with its newest author set and release.
    ///
    /// # Errors
    /// [`Error::AuthorSet`] where the set in the store is none.
    pub(crate) fn of(
        name: &ProductName,
        product: &Product,
        set: Option<&AuthorSetRecord>,
        newest: Option<&Release>,
        now: UnixTime,
    ) -> Result<Self, Error> {
        let policy = &product.policy;
        let id = |spki: &Vec<u8>| author_id(spki).to_string();
        Ok(Self {
            product: name.to_string(),
            authors: product.authors.iter().map(id).collect(),
            author_set: set.map(author_sets::view).transpose()?,
            unsigned_images: policy.unsigned_images,
            secure_boot: policy.secure_boot.as_ref().map(SecureBootView::of),
            sealed: policy.sealed,
            chip: policy.chip.map(chip_name),
            project: policy.project.clone(),
            slot: policy.slot,
            supported_until: policy.supported_until.map(day),
            support_ended: policy.has_ended(now),
            newest_release: newest.map(NewestView::of),
        })
    }
}

impl SecureBootView {
    fn of(demanded: &SecureBoot) -> Self {
        let blocks = match demanded.blocks {
            Blocks::Any => "any",
            Blocks::First => "first",
        };
        Self {
            keys: demanded.keys.iter().map(ToString::to_string).collect(),
            blocks: blocks.to_owned(),
        }
    }
}

impl NewestView {
    fn of(release: &Release) -> Self {
        Self {
            id: release.id.0,
            version: release.version.clone(),
            counter: release.counter,
            secure_version: release.secure_version,
            chip: chip_name(release.chip),
        }
    }
}
