//! A client in this process: by rustls, over a real socket, as whoever's key and certificate it was given.

use std::{path::Path, sync::Arc};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use countersign_keys::FileKey;
use countersign_x509::pem;
use http::{Method, Request, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, HandshakeKind, RootCertStore, SupportedProtocolVersion, crypto::aws_lc_rs,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::files;

/// Somebody who asks. He keeps the sessions that servers give him, and resumes them.
#[derive(Debug)]
pub(super) struct Client(Arc<ClientConfig>);

impl Client {
    /// The device of a folder that `device enroll` made.
    pub(super) fn device(
        folder: &Path,
        version: &'static SupportedProtocolVersion,
    ) -> Result<Self> {
        let chain = pem::certificates(&files::read(&folder.join("device.pem"))?)?;
        let chain = chain
            .iter()
            .map(|certificate| CertificateDer::from(certificate.der().to_vec()));
        let key = FileKey::load(&folder.join("device.key"))?.to_pkcs8_der()?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.to_vec()));
        let config = believing(folder, version)?.with_client_auth_cert(chain.collect(), key)?;
        Ok(Self(Arc::new(config)))
    }

    /// Somebody without a certificate, who knows our server by what lies in a device's folder.
    pub(super) fn nobody(
        folder: &Path,
        version: &'static SupportedProtocolVersion,
    ) -> Result<Self> {
        let config = believing(folder, version)?.with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }

    /// Connects to the host of a URL.
    pub(super) async fn connect(&self, url: &str) -> Result<Connection> {
        let url: Uri = url.parse()?;
        let (Some(host), Some(port)) = (url.host(), url.port_u16()) else {
            bail!("{url} names no host and port")
        };
        let name = ServerName::try_from(host.to_owned())?;
        let tcp = TcpStream::connect((host, port)).await?;
        tcp.set_nodelay(true)?;
        let tls = TlsConnector::from(Arc::clone(&self.0))
            .connect(name, tcp)
            .await?;
        let resumed = tls.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed);
        let (sender, connection) = http1::handshake(TokioIo::new(tls)).await?;
        // It ends with its connection; what went wrong is what the request is answered.
        tokio::spawn(connection);
        Ok(Connection { sender, resumed })
    }

    /// Asks for the beginning of what a URL names, over a connection of its own.
    pub(super) async fn get(&self, url: &str) -> Result<Answer> {
        let target = target_of(url)?;
        self.connect(url).await?.get(&target).await
    }

    /// Asks for all of what a URL names, over a connection of its own, and leaves it under way.
    pub(super) async fn begin(&self, url: &str) -> Result<Begun> {
        let target = target_of(url)?;
        self.connect(url).await?.begin(&target).await
    }
}

/// Our server's root as the one anchor.
fn believing(
    folder: &Path,
    version: &'static SupportedProtocolVersion,
) -> Result<rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert>> {
    let mut roots = RootCertStore::empty();
    for root in pem::certificates(&files::read(&folder.join("server-root.pem"))?)? {
        roots.add(CertificateDer::from(root.der().to_vec()))?;
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider);
    Ok(config
        .with_protocol_versions(&[version])?
        .with_root_certificates(roots))
}

/// A connection that stays open.
#[derive(Debug)]
pub(super) struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    /// Whether it began with a session that was resumed.
    pub(super) resumed: bool,
}

impl Connection {
    /// Asks for the beginning of something.
    pub(super) async fn get(&mut self, target: &str) -> Result<Answer> {
        let request = request(Method::GET, target).header(header::RANGE, "bytes=0-15");
        self.ask(request.body(Full::default())?).await
    }

    /// Asks for all of something, and reads no more than the head of the answer for now.
    pub(super) async fn begin(mut self, target: &str) -> Result<Begun> {
        let asked = request(Method::GET, target).body(Full::default())?;
        let answer = self.sender.send_request(asked).await?;
        Ok(Begun {
            status: answer.status().as_u16(),
            body: answer.into_body(),
            _connection: self,
        })
    }

    /// Sends a message.
    pub(super) async fn post(&mut self, target: &str, message: &[u8]) -> Result<Answer> {
        let request = request(Method::POST, target)
            .header(header::CONTENT_TYPE, countersign_protocol::MEDIA_TYPE);
        let body = Full::new(Bytes::copy_from_slice(message));
        self.ask(request.body(body)?).await
    }

    async fn ask(&mut self, request: Request<Full<Bytes>>) -> Result<Answer> {
        let answer = self.sender.send_request(request).await?;
        let location = answer.headers().get(header::LOCATION);
        let location = location.and_then(|value| value.to_str().ok());
        Ok(Answer {
            status: answer.status().as_u16(),
            location: location.map(str::to_owned),
            body: answer.into_body().collect().await?.to_bytes(),
        })
    }
}

/// An answer under way.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) status: u16,
    body: Incoming,
    _connection: Connection,
}

impl Begun {
    /// Reads it to its end; gives how many bytes there were in all.
    pub(super) async fn end(self) -> Result<usize> {
        Ok(self.body.collect().await?.to_bytes().len())
    }
}

/// A URL's path and query.
fn target_of(url: &str) -> Result<String> {
    let url = url.parse::<Uri>()?;
    let target = url.path_and_query();
    Ok(target.map_or("/", |target| target.as_str()).to_owned())
}

fn request(method: Method, target: &str) -> http::request::Builder {
    Request::builder()
        .method(method)
        .uri(target)
        .header(header::HOST, "countersign")
}

/// What was answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) location: Option<String>,
    pub(super) body: Bytes,
}

impl Answer {
    /// Demands a status, for what should not be refused.
    pub(super) fn must(self, status: u16) -> Result<Self> {
        if self.status == status {
            return Ok(self);
        }
        let said = String::from_utf8_lossy(&self.body);
        bail!("the server answered {}, not {status}: {said}", self.status)
    }

    /// The stable code and the words of a refusal; none where it is no refusal.
    pub(super) fn refusal(&self) -> Option<(String, String)> {
        let body: serde_json::Value = serde_json::from_slice(&self.body).ok()?;
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        let (code, message) = (text("error")?, text("message")?);
        (self.status >= 400).then_some((code, message))
    }

    /// Where it redirects to.
    pub(super) fn redirects_to(self) -> Result<String> {
        let answer = self.must(302)?;
        answer.location.context("a redirect to nowhere")
    }
}
