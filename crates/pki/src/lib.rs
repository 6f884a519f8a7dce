//! The authorities: what is certified, under which profile, by which key.
//!
//! No files, no clock, no random source: a [`Signer`], the time and the serial number are
//! arguments. Every certificate is made from a template of ours and a bare public key; what a
//! request wishes for never reaches it. What has been made is read back and compared with what
//! was asked before it leaves.

pub mod authority;
pub mod crl;
pub mod error;
mod issue;
pub mod profile;
pub mod proof;
pub mod request;
pub mod root;
pub mod rules;
pub mod signature;
pub mod signer;
pub mod urn;
pub mod validity;

pub use authority::Authority;
pub use error::{Cause, Error};
pub use profile::Profile;
pub use request::{authority_request, certificate_request};
pub use rules::{AllowedKey, ProfileRules, Profiles, Usage};
pub use signature::{der_signature, fixed_signature};
pub use signer::{SignError, Signer};
pub use validity::Validity;

/// A serial number (RFC 5280 §4.1.2.2): 128 random bits, written as a positive integer.
pub type Serial = [u8; 16];
