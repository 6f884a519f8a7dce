//! Devices on one thread: rustls, one connection after another or all check-ins over one.

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context as _, Result, bail, ensure};
use countersign_protocol::{CheckInReply, MEDIA_TYPE};
use countersign_x509::Certificate;
use rustls::{
    ClientConfig, HandshakeKind, RootCertStore, SupportedProtocolVersion,
    client::{ClientSessionMemoryCache, Resumption},
    crypto::{CryptoProvider, SupportedKxGroup, aws_lc_rs},
    version,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use zeroize::Zeroizing;

/// TLS 1.2 or 1.3.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Version {
    Tls12,
    Tls13,
}

/// The group of the key exchange.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Group {
    P256,
    X25519,
}

/// Who a device is: its chain, DER, its own certificate first, and its key, PKCS#8 DER.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) id: String,
    pub(crate) chain: Vec<Vec<u8>>,
    pub(crate) key: Zeroizing<Vec<u8>>,
}

/// One device that speaks one version with one group.
#[derive(Debug)]
pub(crate) struct Client {
    config: Arc<ClientConfig>,
    group: Group,
    resumes: bool,
}

impl Client {
    /// A client that verifies the server as any client does. With `resumes` it keeps sessions.
    pub(crate) fn new(
        identity: &Identity,
        server_root: &Certificate,
        version: Version,
        group: Group,
        resumes: bool,
    ) -> Result<Self> {
        let provider = CryptoProvider {
            kx_groups: group.offered(),
            ..aws_lc_rs::default_provider()
        };
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(server_root.der().to_vec()))?;
        let chain = identity.chain.iter().cloned().map(CertificateDer::from);
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(identity.key.to_vec()));
        let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&[version.rustls()])?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain.collect(), key)?;
        config.resumption = if resumes {
            Resumption::store(Arc::new(ClientSessionMemoryCache::new(8)))
        } else {
            Resumption::disabled()
        };
        Ok(Self {
            config: Arc::new(config),
            group,
            resumes,
        })
    }

    /// Connects, checks in, and waits until the server has closed. Tells whether a session was resumed.
    pub(crate) async fn check_in_once(
        &self,
        at: SocketAddr,
        check_in: &[u8],
        answers: Answers,
    ) -> Result<bool> {
        let mut stream = self.connect(at).await?;
        let head = head(check_in, "Connection: close\r\n");
        stream
            .write_all(&[head.as_bytes(), check_in].concat())
            .await?;
        let mut answer = Vec::new();
        // Part of it may still lie in rustls, where nobody who reads would send it.
        stream.flush().await?;
        stream.read_to_end(&mut answer).await?;
        let whole = answers.whole(&answer)?;
        ensure!(whole == Some(answer.len()), "half an answer");
        let kind = stream.get_ref().1.handshake_kind();
        Ok(kind == Some(HandshakeKind::Resumed))
    }

    /// Connects and checks in, and stays.
    pub(crate) async fn stay(
        &self,
        at: SocketAddr,
        check_in: &[u8],
        answers: Answers,
    ) -> Result<Connected> {
        let mut connected = Connected {
            answers,
            stream: self.connect(at).await?,
            request: [head(check_in, "").as_bytes(), check_in].concat(),
        };
        connected.check_in(1).await?;
        Ok(connected)
    }

    async fn connect(&self, at: SocketAddr) -> Result<TlsStream<TcpStream>> {
        let tcp = TcpStream::connect(at).await?;
        tcp.set_nodelay(true)?;
        let name = ServerName::from(at.ip());
        let stream = TlsConnector::from(Arc::clone(&self.config))
            .connect(name, tcp)
            .await?;
        let tls = stream.get_ref().1;
        let resumed = tls.handshake_kind() == Some(HandshakeKind::Resumed);
        ensure!(self.resumes || !resumed, "a session was resumed");
        // TLS 1.2 resumes without a key exchange.
        if let Some(group) = tls.negotiated_key_exchange_group() {
            ensure!(group.name() == self.group.rustls().name(), "another group");
        }
        Ok(stream)
    }
}

/// A connection that is kept open.
pub(crate) struct Connected {
    answers: Answers,
    stream: TlsStream<TcpStream>,
    request: Vec<u8>,
}

impl Connected {
    /// Checks in so many times.
    pub(crate) async fn check_in(&mut self, times: u32) -> Result<()> {
        let mut answer = Vec::with_capacity(512);
        for _ in 0..times {
            self.stream.write_all(&self.request).await?;
            self.stream.flush().await?;
            answer.clear();
            while self.answers.whole(&answer)? != Some(answer.len()) {
                let read = self.stream.read_buf(&mut answer).await?;
                ensure!(read > 0, "half an answer");
            }
        }
        Ok(())
    }

    /// Waits until the server ends it.
    pub(crate) async fn ended(&mut self) {
        // Whether with a word or without one.
        let _ = self.stream.read_u8().await;
    }
}

impl Version {
    const fn rustls(self) -> &'static SupportedProtocolVersion {
        match self {
            Self::Tls12 => &version::TLS12,
            Self::Tls13 => &version::TLS13,
        }
    }
}

impl Group {
    /// OpenSSL demands in TLS 1.2 that the curve of its certificate is offered too.
    fn offered(self) -> Vec<&'static dyn SupportedKxGroup> {
        match self {
            Self::P256 => vec![Self::P256.rustls()],
            Self::X25519 => vec![Self::X25519.rustls(), Self::P256.rustls()],
        }
    }

    fn rustls(self) -> &'static dyn SupportedKxGroup {
        match self {
            Self::P256 => aws_lc_rs::kx_group::SECP256R1,
            Self::X25519 => aws_lc_rs::kx_group::X25519,
        }
    }
}

fn head(check_in: &[u8], more: &str) -> String {
    format!(
        "POST /v1/checkin HTTP/1.1\r\nHost: countersign\r\nContent-Type: {MEDIA_TYPE}\r\n\
         Content-Length: {}\r\n{more}\r\n",
        check_in.len()
    )
}

/// Who answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Answers {
    /// Our server, that there is nothing new.
    Ours,
    /// Another, anything.
    Another,
}

impl Answers {
    /// The length of a whole answer with status 200, or none where there is more to come.
    pub(crate) fn whole(self, answer: &[u8]) -> Result<Option<usize>> {
        let mut headers = [httparse::EMPTY_HEADER; 16];
        let mut response = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(head) = response.parse(answer)? else {
            return Ok(None);
        };
        ensure!(response.code == Some(200), "status {:?}", response.code);
        let length = response
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case("content-length"))
            .context("an answer without a length")?;
        let length: usize = std::str::from_utf8(length.value)?.parse()?;
        let end = head.saturating_add(length);
        let Some(body) = answer.get(head..end) else {
            return Ok(None);
        };
        if self == Self::Another {
            return Ok(Some(end));
        }
        match CheckInReply::decode(body) {
            Ok(reply) if reply.offer.is_none() => Ok(Some(end)),
            Ok(_) => bail!("an offer, where the device runs the newest release"),
            Err(error) => bail!("the answer cannot be read: {error}"),
        }
    }
}
