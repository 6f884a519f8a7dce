//! Asking somebody else to certify a key: PKCS #10 (RFC 2986).

use rcgen::CertificateParams;

use crate::{
    Cause, Error, Signer,
    issue::{Key, named},
};

/// A request in PEM for a certificate of `signer`'s key, with this common name and nothing else.
///
/// # Errors
/// [`Error::Name`] where the name is empty or too long; [`Error::Signer`].
pub fn certificate_request(signer: &dyn Signer, common_name: &str) -> Result<String, Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(common_name)?;
    let key = Key::new(signer)?;
    let request = params
        .serialize_request(&key)
        .map_err(|error| key.error(error))?;
    request
        .pem()
        .map_err(|error| Error::Encoding(Cause::new(error)))
}
