//! What the library found wrong with a certificate (`include/mbedtls/x509.h`, `MBEDTLS_X509_BADCERT_*`).
//!
//! The numbers are the same in all versions.

pub(crate) const EXPIRED: u32 = 0x01;
pub(crate) const CN_MISMATCH: u32 = 0x04;
pub(crate) const NOT_TRUSTED: u32 = 0x08;
pub(crate) const FUTURE: u32 = 0x0200;
pub(crate) const KEY_USAGE: u32 = 0x0800;
pub(crate) const EXT_KEY_USAGE: u32 = 0x1000;
pub(crate) const BAD_MD: u32 = 0x4000;
pub(crate) const BAD_KEY: u32 = 0x0001_0000;
/// All of them: a callback, or the library itself, ended the verification.
pub(crate) const FATAL: u32 = u32::MAX;
