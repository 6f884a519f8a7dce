//! Public keys that come as text.

use countersign_x509::{Certificate, PublicKey, pem};

use crate::Error;

/// Reads a public key: `PUBLIC KEY` in PEM (RFC 7468 §13), or a certificate for it. Gives a DER
/// `SubjectPublicKeyInfo`.
///
/// # Errors
/// [`Error::NotAPublicKey`].
pub fn public_key_from_pem(text: &str) -> Result<Vec<u8>, Error> {
    let read = || match pem::blocks(text.as_bytes(), "PUBLIC KEY") {
        Ok(blocks) => {
            let spki = blocks.into_iter().next().unwrap_or_default();
            PublicKey::from_der(&spki)?;
            Ok(spki)
        }
        Err(missing @ countersign_x509::Error::MissingPem { .. }) => {
            let block = pem::blocks(text.as_bytes(), pem::CERTIFICATE).map_err(|_| missing)?;
            let der = block.into_iter().next().unwrap_or_default();
            Ok(Certificate::from_der(&der)?.public_key().to_vec())
        }
        Err(error) => Err(error),
    };
    read().map_err(Error::NotAPublicKey)
}
