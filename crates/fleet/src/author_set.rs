//! A product's author sets.

use countersign_protocol::UnixTime;

use crate::ProductName;

/// One author set of a product, as its authors signed it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuthorSetRecord {
    /// The product.
    pub product: ProductName,
    /// Its sequence, from 1.
    pub sequence: u32,
    /// The signed set: a tagged `COSE_Sign`.
    pub signed: Vec<u8>,
    /// When it came.
    pub published_at: UnixTime,
}
