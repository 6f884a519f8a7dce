//! The certificate verifier that rustls asks on our behalf.

use std::sync::Arc;

use countersign_protocol::UnixTime;
use countersign_trust::{IdfRelease, esp_idf};
use esp_formats::bundle::{Bundle, DEFAULT_MAX_ENTRIES};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{self, CertificateDer, ServerName};
use rustls::{CertificateError, DigitallySignedStruct, OtherError, SignatureScheme};

/// Believes a chain where an ESP-IDF device with this bundle would, for one connection.
#[derive(Debug)]
pub struct BundleVerifier {
    bundle: Arc<[u8]>,
    host: String,
    floor: UnixTime,
    algorithms: WebPkiSupportedAlgorithms,
    release: Option<IdfRelease>,
}

impl BundleVerifier {
    /// As the node does, which reads both formats and judges as the newest releases without PSA do
    /// ([`esp_idf::verify`]). A floor of zero is a device that knows nothing of the time.
    pub const fn new(
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
            release: None,
        }
    }

    /// As a stock client of this release does, which reads its own format alone.
    #[must_use]
    pub const fn as_release(mut self, release: IdfRelease) -> Self {
        self.release = Some(release);
        self
    }

    fn check(&self, chain: &[&[u8]]) -> Result<(), rustls::Error> {
        let floor = Some(self.floor).filter(|floor| *floor > UnixTime(0));
        let (bundle, host) = (&self.bundle, &self.host);
        let judged = if let Some(release) = self.release {
            let bundle =
                Bundle::load(bundle, release.load_checks(DEFAULT_MAX_ENTRIES)).map_err(refused)?;
            esp_idf::verify_as(release, chain, &bundle, host, floor)
        } else {
            let bundle = Bundle::parse_prefix(bundle).map_err(refused)?;
            esp_idf::verify(chain, &bundle, host, floor)
        };
        judged.map(|_| ()).map_err(refused)
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
        let chain: Vec<&[u8]> = std::iter::once(end_entity)
            .chain(intermediates)
            .map(AsRef::as_ref)
            .collect();
        self.check(&chain)?;
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
