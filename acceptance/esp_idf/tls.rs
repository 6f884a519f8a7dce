//! TLS by rustls, with mbedTLS's choices and ESP-IDF's idea of whom to believe (`components/esp-tls`).

use std::{
    fs,
    io::{ErrorKind, Read as _, Write as _},
    net::{IpAddr, TcpStream},
    path::Path,
    sync::Arc,
};

use countersign_protocol::UnixTime;
use countersign_trust::bundle;
use countersign_virtual_node::BundleVerifier;
use countersign_x509::{Certificate, pem};
use rustls::{
    ClientConfig, ClientConnection, StreamOwned,
    client::Resumption,
    crypto::{CryptoProvider, aws_lc_rs},
    version::{TLS12, TLS13},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _};

use super::{
    link::{Dial, Link, Peer, Received, timed_out},
    quirk::Quirk,
    records::{Buffers, Records},
    release::Release,
};

/// Whom the device believes.
#[derive(Clone, Debug)]
pub(crate) enum Trust {
    /// `crt_bundle_attach`: what `device enroll` wrote.
    Bundle(Vec<u8>),
    /// `cert_pem`: a root by itself.
    CertPem(Box<Certificate>),
}

/// TLS with a release's and an identity's settings. There is one for all hosts: whoever asks for the client certificate
/// is shown it, and every host is believed by the same anchors.
#[derive(Clone, Debug)]
pub(crate) struct Rustls {
    release: Release,
    trust: Trust,
    identity: Option<Arc<Identity>>,
    /// `MBEDTLS_SSL_IN_CONTENT_LEN`.
    pub(crate) in_content_len: usize,
    /// Whether TLS 1.3 is compiled in and asked for; it is off by default in all releases.
    pub(crate) tls13: bool,
}

#[derive(Debug)]
struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Rustls {
    /// A device that believes `trust` and has no certificate of its own.
    pub(crate) fn new(release: Release, trust: Trust) -> Self {
        Self {
            release,
            trust,
            identity: None,
            in_content_len: 16384,
            tls13: false,
        }
    }

    /// The device of a folder that `device enroll` wrote. A release whose HTTP client knows no bundle is given the root.
    pub(crate) fn of_folder(release: Release, folder: &Path) -> Self {
        let read = |name: &str| fs::read(folder.join(name)).unwrap();
        let trust = if release.has(Quirk::NoBundle) {
            let roots = pem::certificates(&read("server-root.pem")).unwrap();
            Trust::CertPem(Box::new(roots.into_iter().next().unwrap()))
        } else {
            Trust::Bundle(read("x509_crt_bundle"))
        };
        let chain = CertificateDer::pem_slice_iter(&read("device.pem"))
            .collect::<Result<_, _>>()
            .unwrap();
        let key = PrivateKeyDer::from_pem_slice(&read("device.key")).unwrap();
        Self {
            identity: Some(Arc::new(Identity { chain, key })),
            ..Self::new(release, trust)
        }
    }

    fn config(&self, name: &str) -> Result<ClientConfig, rustls::Error> {
        let provider = Arc::new(self.provider());
        let bundle = match &self.trust {
            Trust::Bundle(bundle) => bundle.clone(),
            // A root by itself is believed as one in a bundle: by its name and its key.
            Trust::CertPem(root) => {
                bundle::build(&[(**root).clone()], self.release.bundle_format()).unwrap()
            }
        };
        let algorithms = provider.signature_verification_algorithms;
        // `MBEDTLS_HAVE_TIME_DATE` is off by default: no time.
        let verifier = BundleVerifier::new(bundle.into(), name.to_owned(), UnixTime(0), algorithms)
            .as_release(self.release.idf());
        let versions: &[_] = if self.tls13 { &[&TLS13] } else { &[&TLS12] };
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match &self.identity {
            None => config.with_no_client_auth(),
            Some(identity) => {
                config.with_client_auth_cert(identity.chain.clone(), identity.key.clone_key())?
            }
        };
        config.resumption = Resumption::disabled();
        config.max_fragment_size = Some(OUT_CONTENT_LEN);
        Ok(config)
    }

    /// mbedTLS's suites and curves in its order, as far as rustls has them
    /// (`library/ssl_ciphersuites.c`, `ciphersuite_preference`; `library/ssl_tls.c`, `ssl_preset_default_curves`; before
    /// mbedTLS 3, `library/ecp.c`, `ecp_supported_curves`).
    fn provider(&self) -> CryptoProvider {
        use aws_lc_rs::{cipher_suite as suite, kx_group};
        let cipher_suites = if self.tls13 {
            vec![
                suite::TLS13_AES_256_GCM_SHA384,
                suite::TLS13_AES_128_GCM_SHA256,
            ]
        } else {
            vec![
                suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
                suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
                suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
                suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            ]
        };
        let kx_groups = if self.release.has(Quirk::OldCurves) {
            vec![kx_group::SECP384R1, kx_group::SECP256R1]
        } else {
            vec![kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1]
        };
        CryptoProvider {
            cipher_suites,
            kx_groups,
            ..aws_lc_rs::default_provider()
        }
    }
}

impl Dial for Rustls {
    fn connect(&self, peer: &Peer<'_>) -> Result<Box<dyn Link>, String> {
        let name = match peer.name.parse::<IpAddr>() {
            Ok(address) => ServerName::IpAddress(address.into()),
            Err(_) => {
                ServerName::try_from(peer.name.to_owned()).map_err(|error| error.to_string())?
            }
        };
        let config = self.config(peer.name).map_err(|error| error.to_string())?;
        let mut connection =
            ClientConnection::new(Arc::new(config), name).map_err(|error| error.to_string())?;
        let buffers = Buffers {
            incoming: self.in_content_len,
            outgoing: OUT_CONTENT_LEN,
            reassembles: !self.release.has(Quirk::NoFragmentedHandshake),
            tls13: self.tls13,
        };
        let mut stream = Records::new(peer.tcp()?, buffers);
        while connection.is_handshaking() {
            connection
                .complete_io(&mut stream)
                .map_err(|error| words(&error))?;
        }
        Ok(Box::new(Connection(StreamOwned::new(connection, stream))))
    }
}

/// A connection.
struct Connection(StreamOwned<ClientConnection, Records<TcpStream>>);

impl Link for Connection {
    fn read(&mut self, into: &mut [u8]) -> Received {
        match self.0.read(into) {
            Ok(0) => Received::Closed { by_alert: true },
            Ok(length) => Received::Data(length),
            Err(error) if timed_out(error.kind()) => Received::Timeout,
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                Received::Closed { by_alert: false }
            }
            Err(error) => Received::Failed(words(&error)),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        let written = self.0.write_all(bytes).and_then(|()| self.0.flush());
        written.map_err(|error| words(&error))
    }
}

impl Drop for Connection {
    /// `mbedtls_ssl_close_notify`, of `esp_tls_conn_destroy`.
    fn drop(&mut self) {
        self.0.conn.send_close_notify();
        let _ = self.0.flush();
    }
}

/// An error as mbedTLS numbers it, as far as it has a number for it.
fn words(error: &std::io::Error) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(rustls::Error::InvalidCertificate(why)) => {
            format!("-0x2700 (X509_CERT_VERIFY_FAILED): {why}")
        }
        Some(rustls::Error::AlertReceived(alert)) => {
            format!("-0x7780 (FATAL_ALERT_MESSAGE): {alert:?}")
        }
        _ => error.to_string(),
    }
}

/// `MBEDTLS_SSL_OUT_CONTENT_LEN`, by default.
const OUT_CONTENT_LEN: usize = 4096;
