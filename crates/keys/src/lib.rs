//! Signers for the authorities and for authors: where the keys lie.
//!
//! A key in a file is PKCS#8 in PEM that only its owner may read, plain or encrypted with a passphrase; or the file holds one
//! line that says on which token the key is (module `pkcs11`, behind the feature of that name). [`open`] takes them all.
//! [`image`] has the keys of more kinds that sign images for Secure Boot. Key material is
//! kept in AWS-LC's own memory or in [`zeroize::Zeroizing`], and never shown.

pub mod encrypted;
pub mod error;
pub mod file;
pub mod image;
pub mod passphrase;
#[cfg(feature = "pkcs11")]
pub mod pkcs11;
pub mod public;
pub mod stored;
pub mod uri;

pub use error::{Cause, Error};
pub use file::FileKey;
pub use passphrase::Passphrases;
pub use public::public_key_from_pem;
pub use stored::{Stored, open};
pub use uri::Uri;

#[cfg(test)]
mod tests;
