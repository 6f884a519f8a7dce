//! What rustls is told instead of the truth: that all is well. What it asks is written down.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use crate::{AskedFor, ClientIdentity};

/// Writes down what one server sends, and accepts it.
#[derive(Debug)]
pub(crate) struct Recorder {
    heard: Mutex<Heard>,
    client: Option<Arc<CertifiedKey>>,
    algorithms: WebPkiSupportedAlgorithms,
}

/// What was written down.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    pub(crate) chain: Vec<Vec<u8>>,
    pub(crate) asked_for: Option<AskedFor>,
    pub(crate) proved: Option<bool>,
}

impl Recorder {
    pub(crate) fn new(
        client: Option<&ClientIdentity>,
        algorithms: WebPkiSupportedAlgorithms,
    ) -> Self {
        Self {
            heard: Mutex::default(),
            client: client.map(ClientIdentity::certified_key),
            algorithms,
        }
    }

    pub(crate) fn heard(&self) -> Heard {
        self.notes().clone()
    }

    fn notes(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A wrong proof is noted; a certificate that webpki cannot read leaves the question open.
    fn note(&self, proof: &Result<HandshakeSignatureValid, Error>) -> HandshakeSignatureValid {
        self.notes().proved = match proof {
            Ok(_) => Some(true),
            Err(Error::InvalidCertificate(CertificateError::BadSignature)) => Some(false),
            Err(_) => None,
        };
        HandshakeSignatureValid::assertion()
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = std::iter::once(end_entity).chain(intermediates);
        self.notes().chain = chain.map(|certificate| certificate.to_vec()).collect();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let proof = verify_tls12_signature(message, certificate, signature, &self.algorithms);
        Ok(self.note(&proof))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let proof = verify_tls13_signature(message, certificate, signature, &self.algorithms);
        Ok(self.note(&proof))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl ResolvesClientCert for Recorder {
    fn resolve(
        &self,
        authorities: &[&[u8]],
        schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        // As a device does: shown to whoever asks, whatever authorities he names.
        let usable = |client: &&Arc<CertifiedKey>| client.key.choose_scheme(schemes).is_some();
        let shown = self.client.as_ref().filter(usable).cloned();
        self.notes().asked_for = Some(AskedFor {
            authorities: authorities.iter().map(|name| name.to_vec()).collect(),
            shown: shown.is_some(),
            refused: None,
        });
        shown
    }

    fn has_certs(&self) -> bool {
        // True, or rustls would not ask us and we would not learn what the server asks for.
        true
    }
}
