//! Who we are to devices: a chain and its key, which can be replaced while we serve.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use countersign_x509::{Certificate, KeyKind};
use rustls::{
    crypto::aws_lc_rs,
    server::ResolvesServerCert,
    sign::{CertifiedKey, SingleCertAndKey},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

use super::RECORD;
use crate::Error;

/// Who we are to devices.
#[derive(Clone)]
pub struct Identity {
    /// The server's certificate and those above it, without the root.
    pub chain: Vec<Certificate>,
    /// Its key, PKCS#8 DER.
    pub key: Zeroizing<Vec<u8>>,
}

/// The identity that all planes show. Cheap to clone: a clone is a handle to the same.
#[derive(Clone)]
pub struct IdentityHandle(Arc<RwLock<Arc<Ready>>>);

/// An identity that was found good, ready to be shown.
pub(super) struct Ready {
    /// Gives the chain and signs with its key.
    pub(super) resolver: Arc<dyn ResolvesServerCert>,
    /// How many bytes of our part of a handshake are left for the names of authorities.
    pub(super) room: usize,
    chain: Vec<Certificate>,
}

impl IdentityHandle {
    /// Takes an identity, if it can be shown.
    ///
    /// # Errors
    /// [`Error::ChainTooLarge`] where devices with small buffers could not take it; [`Error::Tls`] where the key is not
    /// usable, or not the certificate's.
    pub fn new(identity: &Identity) -> Result<Self, Error> {
        let ready = Ready::new(identity)?;
        Ok(Self(Arc::new(RwLock::new(Arc::new(ready)))))
    }

    /// Shows another identity from the next handshake on. Open connections and sessions stay what they are: a device that
    /// resumes one has proved us before.
    ///
    /// # Errors
    /// As [`Self::new`]; then the old one stays.
    pub fn replace(&self, identity: &Identity) -> Result<(), Error> {
        let ready = Arc::new(Ready::new(identity)?);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = ready;
        Ok(())
    }

    /// The chain that is shown now.
    pub fn chain(&self) -> Vec<Certificate> {
        self.ready().chain.clone()
    }

    pub(super) fn ready(&self) -> Arc<Ready> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Ready {
    fn new(identity: &Identity) -> Result<Self, Error> {
        let size = flight_size(identity)?;
        let Some(room) = RECORD.checked_sub(size) else {
            return Err(Error::ChainTooLarge { size, most: RECORD });
        };
        let chain = identity.chain.iter();
        let chain = chain.map(|one| CertificateDer::from(one.der().to_vec()));
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(identity.key.to_vec()));
        let provider = aws_lc_rs::default_provider();
        let key = provider.key_provider.load_private_key(key).map_err(tls)?;
        let certified = CertifiedKey::new(chain.collect(), key);
        certified.keys_match().map_err(tls)?;
        Ok(Self {
            resolver: Arc::new(SingleCertAndKey::from(certified)),
            room,
            chain: identity.chain.clone(),
        })
    }
}

/// The most that our part of a handshake takes beside the names of authorities, in bytes. TLS 1.2's is the larger one, as its
/// `ServerHello` goes with the rest (RFC 5246 §7.3); a certificate counts as in TLS 1.3, which has two bytes more for each.
fn flight_size(identity: &Identity) -> Result<usize, Error> {
    let Some(leaf) = identity.chain.first() else {
        return Err(Error::Tls("the server has no certificate".to_owned()));
    };
    let chain = identity.chain.iter().map(|one| 5 + one.der().len());
    let signature = signature_size(leaf);
    Ok(BESIDES + signature + chain.sum::<usize>())
}

/// The most that a signature by a certificate's key takes, in bytes.
fn signature_size(certificate: &Certificate) -> usize {
    match certificate.key_kind() {
        KeyKind::EcP256 => 72,
        KeyKind::EcP384 => 104,
        KeyKind::Ed25519 => 64,
        KeyKind::Rsa { bits } => bits.div_ceil(8),
        _ => 144,
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("chain", &self.chain)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for IdentityHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityHandle")
            .field("chain", &self.ready().chain)
            .finish_non_exhaustive()
    }
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` gives it")]
fn tls(error: rustls::Error) -> Error {
    Error::Tls(error.to_string())
}

/// What else is in our part of a TLS 1.2 handshake, in bytes: `ServerHello` 112, `Certificate` 7, `ServerKeyExchange` 109 with
/// a P-384 point, `CertificateRequest` 43 with sixteen algorithms, `ServerHelloDone` 4.
const BESIDES: usize = 275;
