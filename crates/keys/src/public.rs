//! Public keys that come as text.

use countersign_x509::{Certificate, KeyKind, PublicKey, pem};

use crate::Error;

/// Reads a P-256 public key: `PUBLIC KEY` in PEM (RFC 7468 §13), or a certificate for it. Gives a DER
/// `SubjectPublicKeyInfo`.
///
/// Another kind of key is refused here, where its owner is still about: what it signed would be believed by nobody.
///
/// # Errors
/// [`Error::NotAPublicKey`].
pub fn public_key_from_pem(text: &str) -> Result<Vec<u8>, Error> {
    let read = || match pem::blocks(text.as_bytes(), "PUBLIC KEY") {
        Ok(blocks) => Ok(blocks.into_iter().next().unwrap_or_default()),
        Err(missing @ countersign_x509::Error::MissingPem { .. }) => {
            let block = pem::blocks(text.as_bytes(), pem::CERTIFICATE).map_err(|_| missing)?;
            let der = block.into_iter().next().unwrap_or_default();
            Ok(Certificate::from_der(&der)?.public_key().to_vec())
        }
        Err(error) => Err(error),
    };
    read().and_then(p256).map_err(Error::NotAPublicKey)
}

fn p256(spki: Vec<u8>) -> Result<Vec<u8>, countersign_x509::Error> {
    match PublicKey::from_der(&spki)?.certifiable()?.kind {
        KeyKind::EcP256 => Ok(spki),
        kind => Err(countersign_x509::Error::UnsupportedKey { kind }),
    }
}
