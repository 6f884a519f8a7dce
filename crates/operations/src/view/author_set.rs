//! Author sets.

use countersign_fleet::AuthorSetRecord;
use countersign_protocol::{AuthorId, AuthorSet};
use serde::{Deserialize, Serialize};

use crate::text::{hex, rfc3339};

/// One of a product's author sets.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct AuthorSetView {
    /// The product.
    pub product: String,
    /// Its sequence, from 1.
    pub sequence: u32,
    /// How many authors a release needs.
    pub threshold: u8,
    /// The authors.
    pub authors: Vec<AuthorView>,
    /// When it was made, by its authors' clock.
    pub created: String,
    /// The last second in which what it signed is accepted.
    pub not_after: Option<String>,
    /// When it was published; absent of a file.
    pub published_at: Option<String>,
    /// The signed set in hexadecimal.
    pub signed: String,
}

/// An author of a set.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct AuthorView {
    /// The key's id.
    pub id: String,
    /// Whether it has signed the set.
    pub signed: bool,
}

impl AuthorSetView {
    /// A set that is in the store.
    pub(crate) fn of(
        record: &AuthorSetRecord,
        set: &AuthorSet<'_>,
        signers: &[(AuthorId, bool)],
    ) -> Self {
        let author = |(id, signed): &(AuthorId, bool)| AuthorView {
            id: id.to_string(),
            signed: *signed,
        };
        Self {
            product: record.product.to_string(),
            sequence: set.sequence,
            threshold: set.threshold,
            authors: signers.iter().map(author).collect(),
            created: rfc3339(set.created),
            not_after: set.not_after.map(rfc3339),
            published_at: Some(rfc3339(record.published_at)),
            signed: hex(&record.signed),
        }
    }
}
