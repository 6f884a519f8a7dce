//! Roots: authorities that vouch for themselves.

use countersign_x509::Certificate;
use rcgen::{BasicConstraints, CertificateParams, IsCa};

use crate::{
    Error, ProfileRules, Serial, Signer, Validity,
    issue::{by_itself, named},
};

/// Makes a root CA of a signer's key: one level of CAs below
/// (RFC 5280 §4.2.1.3, §4.2.1.9).
///
/// # Errors
/// [`Error::Name`], [`Error::KeyNotAllowed`], [`Error::Validity`], [`Error::Serial`], and [`Error::Signer`] where
/// the key fails.
pub fn self_sign(
    name: &str,
    rules: &ProfileRules,
    signer: &dyn Signer,
    validity: Validity,
    serial: Serial,
) -> Result<Certificate, Error> {
    by_itself(signer, ca_template(name, 1)?, rules, validity, serial)
}

/// What every CA of ours is: `path_len` further CAs may stand below it.
pub(crate) fn ca_template(name: &str, path_len: u8) -> Result<CertificateParams, Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(name)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(path_len));
    Ok(params)
}
