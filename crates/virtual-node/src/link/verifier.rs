//! The certificate verifier that rustls asks on our behalf.

use std::sync::Arc;

use countersign_protocol::UnixTime;
use countersign_trust::esp_idf;
use esp_formats::bundle::Bundle;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{self, CertificateDer, ServerName};
use rustls::{CertificateError, DigitallySignedStruct, OtherError, SignatureScheme};

/// Believes a chain where an ESP-IDF device with this bundle would, for one connection.
#[derive(Debug)]
pub(super) struct BundleVerifier {
    bundle: Arc<[u8]>,
    host: String,
    floor: UnixTime,
    algorithms: WebPkiSupportedAlgorithms,
}

impl BundleVerifier {
    pub(super) const fn new(
        bundle: Arc<[u8]>,
        host: String,
        floor: UnixTime,
        algorithms: WebPkiSupportedAlgorithms,
    ) -> Self {
        Self {
            bundle,
            host,
            floor,
            algorithms,
        }
    }
}

impl ServerCertVerifier for BundleVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: pki_types::UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let bundle = Bundle::parse_prefix(&self.bundle).map_err(refused)?;
        let chain: Vec<&[u8]> = std::iter::once(end_entity)
            .chain(intermediates)
            .map(AsRef::as_ref)
            .collect();
        // A floor of zero is a device that knows nothing of the time.
        let floor = Some(self.floor).filter(|floor| *floor > UnixTime(0));
        esp_idf::verify(&chain, &bundle, &self.host, floor).map_err(refused)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

fn refused(error: impl std::error::Error + Send + Sync + 'static) -> rustls::Error {
    CertificateError::Other(OtherError(Arc::new(error))).into()
}
