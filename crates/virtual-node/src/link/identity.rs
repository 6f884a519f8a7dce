//! Who the device says it is.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use zeroize::Zeroizing;

/// A device's certificate chain, its own first, and the private key to it.
#[derive(Clone, Debug)]
pub struct Identity {
    pair: Arc<CertifiedKey>,
    /// The key in DER, for a library that reads it itself.
    #[cfg(feature = "mbedtls")]
    key: Arc<Zeroizing<PrivateKeyDer<'static>>>,
}

impl Identity {
    /// Puts a chain (DER) and a key (PEM; PKCS #8, SEC1 or PKCS #1) together.
    ///
    /// # Errors
    /// [`IdentityError`], also where the key is not that of the first certificate.
    pub fn new(
        chain: impl IntoIterator<Item = Vec<u8>>,
        key_pem: &str,
    ) -> Result<Self, IdentityError> {
        let chain: Vec<_> = chain.into_iter().map(CertificateDer::from).collect();
        if chain.is_empty() {
            return Err(IdentityError::NoCertificate);
        }
        let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes());
        let key = Zeroizing::new(key.map_err(|_| IdentityError::Key)?);
        let signing = any_supported_type(&key).map_err(|_| IdentityError::Key)?;
        let pair = CertifiedKey::new(chain, signing);
        pair.keys_match().map_err(|_| IdentityError::NotAPair)?;
        Ok(Self {
            pair: Arc::new(pair),
            #[cfg(feature = "mbedtls")]
            key: Arc::new(key),
        })
    }

    pub(super) fn certified_key(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.pair)
    }

    /// The chain, one certificate after the other, and the key, in DER.
    #[cfg(feature = "mbedtls")]
    pub(crate) fn der(&self) -> (Vec<u8>, &[u8]) {
        let chain = self.pair.cert.iter().flat_map(|one| one.to_vec()).collect();
        (chain, self.key.secret_der())
    }
}

/// Why an identity is none.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The private key is of no known form.
    #[error("the private key cannot be read")]
    Key,
    /// There is no certificate.
    #[error("there is no device certificate")]
    NoCertificate,
    /// The private key is not that of the certificate.
    #[error("the private key is not that of the device certificate")]
    NotAPair,
}
