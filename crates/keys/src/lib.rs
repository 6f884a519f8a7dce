//! Signers for the authorities and for authors: where the keys lie.
//!
//! A key in a file is PKCS#8 in PEM that only its owner may read. Key material is kept in AWS-LC's
//! own memory or in [`zeroize::Zeroizing`], and never shown.

pub mod error;
pub mod file;
pub mod public;

pub use error::Error;
pub use file::FileKey;
pub use public::public_key_from_pem;
