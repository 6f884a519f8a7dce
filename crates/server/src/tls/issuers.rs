//! The certificates of issuing authorities: a whole fleet shows the same few.

use std::sync::{PoisonError, RwLock};

use countersign_x509::Certificate;
use rustls::CertificateError;
use rustls_pki_types::CertificateDer;

/// The certificates of issuing authorities that were read lately.
#[derive(Debug, Default)]
pub(super) struct Issuers(RwLock<Vec<Certificate>>);

impl Issuers {
    /// A certificate, read once.
    ///
    /// # Errors
    /// [`CertificateError::BadEncoding`] where it cannot be read.
    pub(super) fn read(&self, der: &CertificateDer<'_>) -> Result<Certificate, CertificateError> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.iter().find(|known| known.der() == &**der) {
            return Ok(known.clone());
        }
        drop(known);
        let read = Certificate::from_der(der).map_err(|_| CertificateError::BadEncoding)?;
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.remove(0);
        }
        known.push(read.clone());
        Ok(read)
    }
}

/// How many are remembered: more than a fleet has.
const MOST: usize = 16;
