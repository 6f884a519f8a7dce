//! Whom a device believes, for one connection.

use std::sync::Arc;

use countersign_trust::{IdfRelease, bundle, esp_idf};
use esp_formats::bundle::{Bundle, Format};
use rustls::{
    CertificateError, DigitallySignedStruct, OtherError, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{
        CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
    },
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::{Release, Trust};

/// Believes a chain where the release would, by `countersign_trust`.
#[derive(Debug)]
pub(super) struct Verifier {
    /// The bundle, and how the release reads it.
    bundle: Vec<u8>,
    format: Format,
    release: IdfRelease,
    name: String,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    pub(super) fn new(
        release: Release,
        trust: &Trust,
        name: &str,
        provider: &CryptoProvider,
    ) -> Self {
        let format = release.bundle_format();
        let bundle = match trust {
            Trust::Bundle(bundle) => bundle.clone(),
            // A root by itself is believed as one in a bundle: by its name and its key.
            Trust::CertPem(root) => bundle::build(&[(**root).clone()], format).unwrap(),
        };
        Self {
            bundle,
            format,
            release: release.idf(),
            name: name.to_owned(),
            algorithms: provider.signature_verification_algorithms,
        }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let bundle = Bundle::parse_as(self.format, &self.bundle).map_err(refused)?;
        let chain: Vec<&[u8]> = std::iter::once(end_entity)
            .chain(intermediates)
            .map(AsRef::as_ref)
            .collect();
        // No time: `MBEDTLS_HAVE_TIME_DATE` is off by default.
        esp_idf::verify_as(self.release, &chain, &bundle, &self.name, None).map_err(refused)?;
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
