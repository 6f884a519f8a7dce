//! App image in, release out: checked, described, named by its digest, handed out by a URL that ends.

pub mod check;
mod digest;
pub mod local;
pub mod manifest;
pub mod store;
pub mod url;

pub use check::{CheckError, Checked, check_image};
pub use digest::sha256;
pub use local::LocalStore;
pub use manifest::{ManifestError, Mismatch};
pub use store::{ImageRead, ImageStore, StoreError};
pub use url::{Grant, UrlError, UrlKey};
