//! The one reader of X.509 in the house.
//!
//! Whatever looks at a certificate, at a request for one or at a CRL looks through this crate, so that no
//! two parts of the program see different names in the same bytes. The structure is walked here,
//! strictly (DER, RFC 5280 §4.1), so that an error can say at which byte; names, dates and
//! extensions are read by `x509-parser`; signatures are checked by the algorithms of
//! `rustls-webpki` on AWS-LC. What a certificate is *worth* is decided elsewhere.

pub mod certificate;
pub mod crl;
pub mod der;
pub mod error;
pub mod key;
pub mod name;
pub mod pem;
pub mod request;
mod signature;
pub mod usage;

pub use certificate::Certificate;
pub use crl::{Crl, ReasonCode, RevokedCertificate};
pub use error::Error;
pub use key::{KeyKind, PublicKey};
pub use request::CertificateRequest;
pub use signature::{is_on_curve, verify_legacy};
pub use usage::{ExtendedKeyUsage, KeyUsage};

/// The SHA-256 of `bytes` (FIPS 180-4).
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut sum = [0; 32];
    sum.copy_from_slice(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref());
    sum
}
