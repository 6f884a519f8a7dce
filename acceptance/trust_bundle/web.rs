//! A web server whose every byte is told to it.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use rustls::{ServerConfig, ServerConnection, StreamOwned, crypto::aws_lc_rs::default_provider};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};

use super::ground::Identity;

/// Answers each path as it is told, and then goes without a farewell. Ends with the test's process.
pub(super) fn web(identity: &Identity, pages: Vec<(&'static str, String)>) -> SocketAddr {
    let chain = CertificateDer::pem_slice_iter(identity.chain.as_bytes());
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.map(Result::unwrap).collect(), key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for tcp in listener.incoming().take(100).flatten() {
            let _ = answer(tcp, &config, &pages);
        }
    });
    address
}

fn answer(
    tcp: TcpStream,
    config: &Arc<ServerConfig>,
    pages: &[(&'static str, String)],
) -> std::io::Result<()> {
    let tls = ServerConnection::new(Arc::clone(config)).map_err(std::io::Error::other)?;
    let mut stream = StreamOwned::new(tls, tcp);
    let mut request = [0; 4096];
    let read = stream.read(&mut request)?;
    let request = String::from_utf8_lossy(request.get(..read).unwrap_or_default()).into_owned();
    let path = request.split(' ').nth(1).unwrap_or_default();
    let page = pages.iter().find(|(known, _)| *known == path);
    let page = page.map_or("HTTP/1.1 500 none\r\n\r\n", |(_, page)| page);
    stream.write_all(page.as_bytes())?;
    stream.flush()
}
