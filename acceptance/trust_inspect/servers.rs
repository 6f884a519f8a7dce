//! Servers on loopback: openssl's, one that shows whatever it is told to, and some that are none.

use std::{
    io::Read as _,
    net::{SocketAddr, TcpListener, TcpStream},
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

use crate::harness::{
    House, OpenSsl,
    ca::{Pair, pem, pems},
};

/// openssl, which shows a server's certificate and what is sent behind it.
pub(super) fn openssl(house: &House, leaf: &Pair, behind: &[Vec<u8>], more: &[&str]) -> OpenSsl {
    let file = |name: &str, text: String| {
        std::fs::write(house.path(name), text).unwrap();
        house.text(name)
    };
    let [cert, key, behind_it] = [
        file("server.pem", pem(&leaf.der)),
        file("server.key", leaf.key.serialize_pem()),
        file("behind.pem", pems(behind)),
    ];
    let mut args = [&["-cert", &cert, "-key", &key], more].concat();
    if !behind.is_empty() {
        args.extend(["-cert_chain", &behind_it]);
    }
    OpenSsl::listen(0, &args)
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
pub(super) fn shows(leaf: &Pair, chain: Vec<Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    shows_at(listener, leaf, chain);
    address.to_string()
}

/// The same at an address of one's own.
pub(super) fn shows_at(listener: TcpListener, leaf: &Pair, chain: Vec<Vec<u8>>) {
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
