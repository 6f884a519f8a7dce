//! App image in, release out: checked, described, named by its digest, handed out by a URL that ends.

pub mod author_set;
pub mod check;
pub mod diff;
mod digest;
pub mod inspect;
pub mod kind;
pub mod local;
pub mod manifest;
pub mod sealed;
pub mod secure_boot;
pub mod store;
pub mod url;

pub use author_set::{AuthorSetError, KnownAuthors};
pub use check::{CheckError, Checked, check_image};
pub use digest::sha256;
pub use inspect::inspect;
pub use kind::FileKind;
pub use local::LocalStore;
pub use manifest::{ManifestError, Mismatch};
pub use store::{ImageRead, ImageStore, StoreError};
pub use url::{Grant, UrlError, UrlKey};
