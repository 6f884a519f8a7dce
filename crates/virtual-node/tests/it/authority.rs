//! Certificates for tests.

use std::sync::Arc;

use countersign_virtual_node::Anchors;
use countersign_x509::Certificate;
use esp_formats::bundle::{Entry, Format, encode, encoded_len};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

/// A root that issues end entities.
pub(crate) struct Authority {
    pub(crate) der: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let der = params.self_signed(&key).unwrap().der().clone();
        Self {
            der,
            issuer: Issuer::new(params, key),
        }
    }

    pub(crate) fn issue(&self, name: &str) -> (CertificateDer<'static>, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        (
            params.signed_by(&key, &self.issuer).unwrap().der().clone(),
            key,
        )
    }

    /// Anchors for servers and stores alike.
    pub(crate) fn anchors(&self, format: Format) -> Anchors {
        let bundle = self.bundle(format);
        Anchors {
            servers: bundle.clone(),
            stores: bundle,
        }
    }

    pub(crate) fn bundle(&self, format: Format) -> Vec<u8> {
        let root = Certificate::from_der(&self.der).unwrap();
        let mut entries = [Entry {
            name: root.subject(),
            key: root.public_key(),
        }];
        let mut out = vec![0; encoded_len(format, &entries)];
        encode(format, &mut entries, &mut out).unwrap();
        out
    }

    /// A server called `name`, which wants the certificates of `devices`.
    pub(crate) fn server_config(
        &self,
        name: &str,
        devices: &Self,
        optional: bool,
    ) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(devices.der.clone()).unwrap();
        let clients =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let clients = if optional {
            clients.allow_unauthenticated()
        } else {
            clients
        };
        let (certificate, key) = self.issue(name);
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(clients.build().unwrap())
            .with_single_cert(
                vec![certificate],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )
            .unwrap();
        Arc::new(config)
    }
}
