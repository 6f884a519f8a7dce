//! Who we say we are, to servers that ask.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use zeroize::Zeroizing;

/// A client's certificate chain, its own first, and the private key to it.
#[derive(Clone, Debug)]
pub struct ClientIdentity(Arc<CertifiedKey>);

/// Why a client identity is none.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The text holds no private key of a known form.
    #[error(
        "there is no readable private key: PKCS #8, SEC1 or PKCS #1 in PEM is wanted, unencrypted"
    )]
    Key,
    /// The text holds no certificate.
    #[error("there is no readable certificate: PEM is wanted")]
    NoCertificate,
    /// The private key is not that of the first certificate.
    #[error("the private key is not that of the first certificate")]
    NotAPair,
}

impl ClientIdentity {
    /// Puts a chain and a key together, both PEM; they may stand in one text.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, IdentityError> {
        let chain = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| IdentityError::NoCertificate)?;
        if chain.is_empty() {
            return Err(IdentityError::NoCertificate);
        }
        let key = PrivateKeyDer::from_pem_slice(key);
        let key = Zeroizing::new(key.map_err(|_| IdentityError::Key)?);
        let key = any_supported_type(&key).map_err(|_| IdentityError::Key)?;
        let pair = CertifiedKey::new(chain, key);
        match pair.keys_match() {
            // A key that cannot say its public half is tried.
            Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {
                Ok(Self(Arc::new(pair)))
            }
            Err(_) => Err(IdentityError::NotAPair),
        }
    }

    pub(crate) fn certified_key(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.0)
    }
}
