//! rustls as a client that shows whatever it is told to.

use std::{
    io::{self, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    sync::Arc,
    time::Duration,
};

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, SignatureScheme, StreamOwned,
    SupportedProtocolVersion,
    client::{ResolvesClientCert, Resumption},
    crypto::aws_lc_rs,
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};

use super::forge::Shown;

/// A client.
pub(crate) struct Client(Arc<ClientConfig>);

/// What a client got for what it showed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Heard {
    /// An alert, by its name.
    Alert(String),
    /// The end of the connection, and no reason.
    Nothing,
    /// An answer: its status, and the code of an error.
    Answer(u16, String),
}

impl Client {
    /// One that shows this chain, or none where it is empty, and believes the servers of `root`.
    pub(super) fn new(
        shown: &Shown,
        root: &Path,
        version: &'static SupportedProtocolVersion,
    ) -> Self {
        let chain = shown.chain.iter().cloned().map(CertificateDer::from);
        let certified = CertifiedKey::new(chain.collect(), shown.key.holder());
        Self::with(certified, root, version)
    }

    /// The same, of a chain and a key that need not belong together.
    pub(crate) fn with(
        certified: CertifiedKey,
        root: &Path,
        version: &'static SupportedProtocolVersion,
    ) -> Self {
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from_pem_file(root).unwrap();
        roots.add(root).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_client_cert_resolver(Arc::new(Resolver(Arc::new(certified))));
        config.resumption = Resumption::disabled();
        Self(Arc::new(config))
    }

    /// Polls as a stock client does, on a connection of its own.
    pub(crate) fn poll(&self, address: &str) -> Heard {
        match self.try_poll(address) {
            Ok(heard) => heard,
            Err(error) => {
                let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
                match inner {
                    Some(rustls::Error::AlertReceived(alert)) => {
                        Heard::Alert(in_words(&format!("{alert:?}")))
                    }
                    Some(other) => panic!("it is the client that fails: {other}"),
                    None => Heard::Nothing,
                }
            }
        }
    }

    fn try_poll(&self, address: &str) -> io::Result<Heard> {
        let port = address.rsplit_once(':').unwrap().1.parse().unwrap();
        let tcp = TcpStream::connect(("127.0.0.1", port))?;
        // Nothing waits for ever.
        tcp.set_read_timeout(Some(Duration::from_mins(1)))?;
        tcp.set_write_timeout(Some(Duration::from_mins(1)))?;
        let name = ServerName::try_from("localhost").unwrap();
        let client = ClientConnection::new(Arc::clone(&self.0), name).unwrap();
        let mut tls = StreamOwned::new(client, tcp);
        let asked = "GET /ota?v=1.0.0 HTTP/1.1\r\nHost: countersign\r\nConnection: close\r\n\r\n";
        tls.write_all(asked.as_bytes())?;
        let mut answer = Vec::new();
        tls.read_to_end(&mut answer)?;
        let answer = String::from_utf8(answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        let said: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
        let code = said["error"].as_str().unwrap_or_default();
        Ok(Heard::Answer(status, code.to_owned()))
    }
}

/// A name of rustls's as words: `CertificateUnknown`, `UnknownCA`.
fn in_words(name: &str) -> String {
    let mut words = String::new();
    let mut before = 'A';
    for c in name.chars() {
        if c.is_uppercase() && before.is_lowercase() {
            words.push(' ');
        }
        words.extend(c.to_lowercase());
        before = c;
    }
    words
}

/// Shows one chain, whatever is asked for.
#[derive(Debug)]
struct Resolver(Arc<CertifiedKey>);

impl ResolvesClientCert for Resolver {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        (!self.0.cert.is_empty()).then(|| Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// The versions that we speak, and their names.
pub(super) const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];
