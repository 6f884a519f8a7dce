//! Servers on loopback: openssl's, one that shows whatever it is told to, and some that are none.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
};

use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::aws_lc_rs::{default_provider, sign::any_supported_type},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::mint::{Leaf, pem, pems};
use crate::harness::House;

/// `openssl s_server`; stopped when dropped.
pub(super) struct OpenSsl {
    child: Child,
    /// `127.0.0.1:PORT`.
    pub(super) address: String,
}

impl OpenSsl {
    /// Shows a leaf and what is sent behind it.
    pub(super) fn start(house: &House, leaf: &Leaf, behind: &[Vec<u8>], more: &[&str]) -> Self {
        let file = |name: &str, text: String| {
            let path = house.path(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let mut command = Command::new("openssl");
        command
            .args(["s_server", "-accept", "127.0.0.1:0", "-www", "-cert"])
            .arg(file("server.pem", pem(&leaf.der)))
            .arg("-key")
            .arg(file("server.key", leaf.key.serialize_pem()))
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        if !behind.is_empty() {
            command
                .arg("-cert_chain")
                .arg(file("behind.pem", pems(behind)));
        }
        let mut child = command.spawn().unwrap();
        let words = BufReader::new(child.stdout.take().unwrap());
        let accepts = words
            .lines()
            .take(50)
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("ACCEPT ").map(str::to_owned));
        let address = accepts.unwrap_or_else(|| {
            let _ = child.kill();
            panic!("openssl s_server did not start");
        });
        Self { child, address }
    }
}

impl Drop for OpenSsl {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Shows whatever it is told to.
#[derive(Debug)]
struct Shows(Arc<CertifiedKey>);

impl ResolvesServerCert for Shows {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// A real handshake with any list of certificates, with the key of `leaf`. Ends with the test's process.
pub(super) fn shows(leaf: &Leaf, chain: Vec<Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    shows_at(listener, leaf, chain);
    address.to_string()
}

/// The same at an address of one's own.
pub(super) fn shows_at(listener: TcpListener, leaf: &Leaf, chain: Vec<Vec<u8>>) {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(leaf.key.serialize_der()));
    let chain = chain.into_iter().map(CertificateDer::from).collect();
    let pair = CertifiedKey::new(chain, any_supported_type(&key).unwrap());
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Shows(Arc::new(pair))));
    let config = Arc::new(config);
    raw_at(listener, move |tcp| {
        let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
        let _ = StreamOwned::new(tls, tcp).read(&mut [0]);
    });
}

/// Does this on every connection, a few at most. Ends with the test's process.
pub(super) fn raw(serve: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    raw_at(listener, serve);
    address
}

fn raw_at(listener: TcpListener, serve: impl Fn(TcpStream) + Send + 'static) {
    thread::spawn(move || {
        for tcp in listener.incoming().take(8).flatten() {
            serve(tcp);
        }
    });
}
