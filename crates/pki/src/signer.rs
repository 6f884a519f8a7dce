//! A key that signs, wherever it lies.

use std::fmt;

/// A P-256 key that signs with ECDSA and SHA-256: in a file, on a token, elsewhere.
pub trait Signer: fmt::Debug + Send + Sync {
    /// The public half, as a DER `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7).
    fn public_key(&self) -> &[u8];

    /// Signs `message`: a DER `Ecdsa-Sig-Value` (RFC 3279 §2.2.3) over its SHA-256.
    ///
    /// # Errors
    /// [`SignError`] where the key cannot be used now.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;
}

/// The key could not sign.
#[derive(Debug, thiserror::Error)]
#[error("the key could not sign: {0}")]
pub struct SignError(pub String);
