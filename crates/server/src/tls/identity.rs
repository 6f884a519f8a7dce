//! Who we are to devices: a chain and its key, which can be replaced while we serve.

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
};

use countersign_protocol::UnixTime;
use countersign_x509::{Certificate, KeyKind};
use rustls::{
    crypto::aws_lc_rs,
    server::ResolvesServerCert,
    sign::{CertifiedKey, SingleCertAndKey},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroizing;

use super::RECORD;
use crate::Error;

/// Who we are to devices.
#[derive(Clone)]
pub struct Identity {
    /// The server's certificate and those above it, without the root.
    pub chain: Vec<Certificate>,
    /// Its key in DER: PKCS#8, or as openssl wrote it before (RFC 5915, RFC 8017 §A.1.2).
    pub key: Zeroizing<Vec<u8>>,
}

/// The identity that all planes show. Cheap to clone: a clone is a handle to the same.
#[derive(Clone)]
pub struct IdentityHandle(Arc<Slots>);

struct Slots {
    ready: RwLock<Arc<Ready>>,
    about: RwLock<Option<About>>,
}

/// What there is to say of the identity that is shown, beside its certificate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct About {
    /// Where it is from.
    pub from: Origin,
    /// The file of its certificate.
    pub file: PathBuf,
    /// When that file was written, as far as the system knows: the last renewal.
    pub written_at: Option<UnixTime>,
    /// Since when it is shown by this process.
    pub shown_since: UnixTime,
    /// From when on we renew it; none where another does.
    pub renews_at: Option<UnixTime>,
    /// What is in the way of the next one, or wrong with this one.
    pub problem: Option<String>,
}

/// Where an identity is from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Origin {
    /// Files that another program keeps current.
    Files,
    /// Our own authority for servers.
    Own,
}

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
    /// [`Error::ChainTooLarge`] where devices with small buffers could not take it; [`Error::OtherKey`] where the
    /// key is not the certificate's; [`Error::Tls`] where it is not usable.
    pub fn new(identity: &Identity) -> Result<Self, Error> {
        let ready = Arc::new(Ready::new(identity)?);
        Ok(Self(Arc::new(Slots {
            ready: RwLock::new(ready),
            about: RwLock::default(),
        })))
    }

    /// Shows another identity from the next handshake on. Open connections and sessions stay what they are: a device that
    /// resumes one has proved us before.
    ///
    /// # Errors
    /// As [`Self::new`]; then the old one stays.
    pub fn replace(&self, identity: &Identity) -> Result<(), Error> {
        let ready = Arc::new(Ready::new(identity)?);
        *self.0.ready.write().unwrap_or_else(PoisonError::into_inner) = ready;
        Ok(())
    }

    /// Keeps what there is to say of it, for whoever asks the operator plane.
    pub fn set_about(&self, about: About) {
        *self.0.about.write().unwrap_or_else(PoisonError::into_inner) = Some(about);
    }

    /// What there is to say of it.
    pub fn about(&self) -> Option<About> {
        let about = self.0.about.read();
        about.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The chain that is shown now.
    pub fn chain(&self) -> Vec<Certificate> {
        self.ready().chain.clone()
    }

    pub(super) fn ready(&self) -> Arc<Ready> {
        let ready = self.0.ready.read();
        Arc::clone(&ready.unwrap_or_else(PoisonError::into_inner))
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
        let key =
            PrivateKeyDer::try_from(&**identity.key).map_err(|what| Error::Tls(what.into()))?;
        let provider = aws_lc_rs::default_provider();
        let key = provider.key_provider.load_private_key(key.clone_key());
        let certified = CertifiedKey::new(chain.collect(), key.map_err(tls)?);
        certified.keys_match().map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => Error::OtherKey,
            other => tls(other),
        })?;
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

impl Origin {
    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Own => "own",
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` gives it")]
fn tls(error: rustls::Error) -> Error {
    Error::Tls(error.to_string())
}

/// What else is in our part of a TLS 1.2 handshake, in bytes: `ServerHello` 112, `Certificate` 7, `ServerKeyExchange` 109 with
/// a P-384 point, `CertificateRequest` 43 with sixteen algorithms, `ServerHelloDone` 4.
const BESIDES: usize = 275;
