//! TLS of one plane: our chain, the client's certificate demanded in the first handshake, sessions of its own.

mod paths;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use countersign_x509::Certificate;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig,
    SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{CryptoProvider, aws_lc_rs},
    server::{
        ResolvesServerCert, ServerSessionMemoryCache, StoresServerSessions, WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    sign::{CertifiedKey, SingleCertAndKey},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};

use self::paths::{Path, Paths};
use crate::{Error, Identity};

/// What all connections of a plane share.
#[derive(Debug)]
pub(crate) struct PlaneTls {
    provider: Arc<CryptoProvider>,
    verifier: Arc<dyn ClientCertVerifier>,
    resolver: Arc<dyn ResolvesServerCert>,
    sessions: Arc<dyn StoresServerSessions>,
    paths: Arc<Paths>,
}

impl PlaneTls {
    /// Sets up a plane that shows `identity` and takes clients under `device_root`.
    pub(crate) fn new(identity: &Identity, device_root: &Certificate) -> Result<Self, Error> {
        let most = RECORD_SIZE;
        let size = certificate_message_size(identity);
        if size > most {
            return Err(Error::ChainTooLarge { size, most });
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from(device_root.der().to_vec()))
            .map_err(tls)?;
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                // An empty list: devices do not read it, and it would only cost them memory.
                .clear_root_hint_subjects()
                .build()
                .map_err(|error| Error::Tls(error.to_string()))?;
        let chain = identity
            .chain
            .iter()
            .map(|c| CertificateDer::from(c.der().to_vec()))
            .collect();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(identity.key.to_vec()));
        let key = provider.key_provider.load_private_key(key).map_err(tls)?;
        let certified = CertifiedKey::new(chain, key);
        certified.keys_match().map_err(tls)?;
        Ok(Self {
            provider,
            verifier,
            resolver: Arc::new(SingleCertAndKey::from(certified)),
            sessions: ServerSessionMemoryCache::new(SESSIONS),
            paths: Arc::default(),
        })
    }

    /// The configuration of one connection, and what will be known of its peer even where the handshake fails.
    pub(crate) fn connection(&self) -> Result<(Arc<Presented>, Arc<ServerConfig>), Error> {
        let presented = Arc::new(Presented {
            verifier: Arc::clone(&self.verifier),
            paths: Arc::clone(&self.paths),
            seen: Mutex::default(),
        });
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(tls)?
            .with_client_cert_verifier(Arc::clone(&presented) as Arc<dyn ClientCertVerifier>)
            .with_cert_resolver(Arc::clone(&self.resolver));
        config.max_fragment_size = Some(RECORD_SIZE);
        config.session_storage = Arc::clone(&self.sessions);
        config.send_tls13_tickets = 1;
        Ok((presented, Arc::new(config)))
    }
}

/// The client verifier of one connection: it remembers whom it was shown.
pub(crate) struct Presented {
    verifier: Arc<dyn ClientCertVerifier>,
    paths: Arc<Paths>,
    seen: Mutex<Seen>,
}

/// What a client showed, and what was wrong with it.
#[derive(Debug, Default)]
struct Seen {
    leaf: Option<Vec<u8>>,
    refused: Option<rustls::Error>,
    /// A chain that was found good and not remembered yet: that the client holds the key is yet to be proved.
    path: Option<Path>,
}

impl Presented {
    /// The subject CN of the certificate that was shown, not to be believed.
    pub(crate) fn claimed(&self) -> Option<String> {
        self.leaf()?.common_name().map(str::to_owned)
    }

    /// The certificate that was shown, whether or not it was taken.
    pub(crate) fn leaf(&self) -> Option<Certificate> {
        Certificate::from_der(self.seen().leaf.as_deref()?).ok()
    }

    /// Why a handshake failed, as a stable code and in words: for its certificate, where that was refused.
    pub(crate) fn describe(&self, error: Option<&rustls::Error>) -> Option<(&'static str, String)> {
        if let Some(refused) = &self.seen().refused {
            return Some(describe(refused));
        }
        let not_proved = rustls::Error::InvalidCertificate(CertificateError::BadSignature);
        match error? {
            // The certificate is good; it is the client's own signature that is not by its key.
            error if *error == not_proved => Some((
                "handshake-failed",
                "the client does not hold the certificate's key, or the handshake was changed on its way".to_owned(),
            )),
            error => Some(describe(error)),
        }
    }

    /// Remembers the chain once the client proved that it holds the key.
    fn proved(
        &self,
        proof: Result<HandshakeSignatureValid, rustls::Error>,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        if proof.is_ok()
            && let Some(path) = self.seen().path.take()
        {
            self.paths.remember(path);
        }
        proof
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Presented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presented").finish_non_exhaustive()
    }
}

impl ClientCertVerifier for Presented {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.verifier.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let known = self.paths.know(end_entity, intermediates, now);
        let verified = if known {
            Ok(ClientCertVerified::assertion())
        } else {
            self.verifier
                .verify_client_cert(end_entity, intermediates, now)
        };
        let mut seen = self.seen();
        seen.leaf = Some(end_entity.to_vec());
        if !known && verified.is_ok() {
            seen.path = Path::of(end_entity, intermediates);
        }
        seen.refused = verified.as_ref().err().cloned();
        verified
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let verifier = &self.verifier;
        self.proved(verifier.verify_tls12_signature(message, certificate, signature))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let verifier = &self.verifier;
        self.proved(verifier.verify_tls13_signature(message, certificate, signature))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// A handshake's failure as a stable code and in words.
fn describe(error: &rustls::Error) -> (&'static str, String) {
    let known = match error {
        rustls::Error::NoCertificatesPresented => {
            ("no-certificate", "no client certificate was shown")
        }
        rustls::Error::InvalidCertificate(certificate) => match certificate {
            CertificateError::UnknownIssuer => {
                ("unknown-issuer", "certified by a CA that is not ours")
            }
            CertificateError::BadSignature => (
                "unknown-issuer",
                "certified in our CA's name, with a key that is not our CA's",
            ),
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                ("certificate-ended", "the certificate has ended")
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                ("certificate-not-begun", "the certificate has not begun")
            }
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                ("wrong-purpose", "the certificate is not for clients")
            }
            _ => return ("bad-certificate", error.to_string()),
        },
        _ => return ("handshake-failed", error.to_string()),
    };
    (known.0, known.1.to_owned())
}

/// The size of the TLS 1.3 Certificate message, the larger of the two versions' (RFC 9846 §4.5.2): a header of 4 bytes, an empty
/// context, a length, and for each certificate its length and an empty list of extensions.
fn certificate_message_size(identity: &Identity) -> usize {
    8 + identity
        .chain
        .iter()
        .map(|certificate| 5 + certificate.der().len())
        .sum::<usize>()
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` gives it")]
fn tls(error: rustls::Error) -> Error {
    Error::Tls(error.to_string())
}

/// The largest record that we send, in bytes. Devices built with 4 KiB receive buffers take no more, and mbedTLS before
/// 3.6.3 cannot reassemble a handshake message that is split over records.
const RECORD_SIZE: usize = 4096;

/// How many sessions a plane remembers for resumption.
const SESSIONS: usize = 10_000;

#[cfg(test)]
mod tests;
