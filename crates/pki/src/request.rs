//! Asking somebody else to certify a key: PKCS #10 (RFC 2986).

use countersign_x509::CertificateRequest;
use rcgen::CertificateParams;

use crate::{
    Cause, Error, ProfileRules, Signer,
    issue::{Key, named, unfaithful, unreadable},
    root::ca_template,
};

/// A request in PEM for a certificate of `signer`'s key, with this common name and nothing else.
///
/// # Errors
/// [`Error::Name`] where the name is empty or too long; [`Error::Signer`]; [`Error::Unfaithful`].
pub fn certificate_request(signer: &dyn Signer, common_name: &str) -> Result<String, Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(common_name)?;
    request(&params, signer, common_name)
}

/// A request in PEM for the certificate of an issuing CA with `signer`'s key, for a root that is elsewhere.
///
/// A root of ours takes nothing of it but the key, by [`crate::Authority::issue_ca`]. For the roots of others it asks for what
/// such a certificate of ours says: a CA with no CA below it, and the key usages of `rules`.
///
/// # Errors
/// [`Error::Name`] where the name is empty or too long; [`Error::KeyNotAllowed`]; [`Error::Signer`]; [`Error::Unfaithful`].
pub fn authority_request(
    signer: &dyn Signer,
    name: &str,
    rules: &ProfileRules,
) -> Result<String, Error> {
    rules.check_key(signer.public_key())?;
    let mut params = ca_template(name, 0)?;
    params.key_usages = rules.usages(&Key::new(signer)?.kind());
    request(&params, signer, name)
}

fn request(
    params: &CertificateParams,
    signer: &dyn Signer,
    common_name: &str,
) -> Result<String, Error> {
    let key = Key::new(signer)?;
    let made = params
        .serialize_request(&key)
        .map_err(|error| key.error(error))?;
    let text = made
        .pem()
        .map_err(|error| Error::Encoding(Cause::new(error)))?;
    let read = match CertificateRequest::from_pem(text.as_bytes()) {
        Ok(read) => read,
        Err(countersign_x509::Error::BadSignature) => return unfaithful("its signature"),
        Err(_) => return Err(unreadable()),
    };
    if read.public_key() != signer.public_key() {
        return unfaithful("its public key");
    }
    if read.common_name() != Some(common_name) {
        return unfaithful("its subject's name");
    }
    Ok(text)
}
