//! App image in, release out: checked, described, named by its digest, handed out by a URL that ends.

pub mod store;

pub use store::{ImageRead, ImageStore, StoreError};
