//! TLS as the node wants it: by rustls, with ESP-IDF's idea of whom to believe.

mod connection;
mod counted;
mod identity;
#[cfg(feature = "mbedtls")]
pub(crate) mod mbedtls;
mod verifier;

use std::net::IpAddr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use countersign_node::{Link, LinkError, Peer};
use countersign_protocol::UnixTime;
use rustls::client::{ClientConfig, Resumption};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use rustls::sign::SingleCertAndKey;
use rustls::{ProtocolVersion, SupportedProtocolVersion, version};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

pub use connection::TlsConnection;
pub use identity::{Identity, IdentityError};
pub use verifier::BundleVerifier;

use crate::clock::Time;
use crate::event::Event;
use connection::{link_error, rustls_error};
use counted::Counted;

/// What a [`TlsLink`] may do, and how long it waits.
#[derive(Clone, Debug)]
pub struct LinkSettings {
    /// Offers TLS 1.2 alone, as ESP-IDF does unless told otherwise.
    pub tls12_only: bool,
    /// How long name resolution, TCP and the handshake may take together.
    pub connect_timeout: Duration,
    /// How long one read or write may take.
    pub io_timeout: Duration,
    /// Addresses of names that are not asked for in DNS.
    pub hosts: Vec<(String, IpAddr)>,
    /// How time passes.
    pub time: Time,
    /// Counts the bytes that are taken from the network, those of TLS included.
    pub taken: Arc<AtomicU64>,
}

impl Default for LinkSettings {
    fn default() -> Self {
        Self {
            tls12_only: false,
            connect_timeout: Duration::from_secs(10),
            io_timeout: Duration::from_secs(30),
            hosts: Vec::new(),
            time: Time::default(),
            taken: Arc::default(),
        }
    }
}

impl LinkSettings {
    /// Connects without TLS.
    async fn tcp(&self, host: &str, port: u16) -> Result<Counted, Failure> {
        let known = self
            .hosts
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(host));
        let connected = match known {
            Some((_, address)) => TcpStream::connect((*address, port)).await,
            None => TcpStream::connect((host, port)).await,
        };
        let tcp = connected.map_err(|error| Failure {
            link: LinkError::Broken,
            detail: error.to_string(),
        })?;
        // Requests are small and written whole; waiting for more would only add a round trip.
        let _ = tcp.set_nodelay(true);
        let taken = Arc::clone(&self.taken);
        Ok(Counted { tcp, taken })
    }
}

/// Whom a device believes: two certificate bundles of ESP-IDF, of either format.
///
/// They are apart so that whoever vouches for a store, a public authority as a rule, cannot vouch for our server. What
/// is wrong with a bundle shows, as on a device, when nobody is believed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Anchors {
    /// Who vouches for our servers.
    pub servers: Vec<u8>,
    /// Who vouches for stores.
    pub stores: Vec<u8>,
}

/// Makes connections by TLS 1.2 and 1.3.
///
/// Who answers is judged by what ESP-IDF would say of the chain with the peer's bundle; rustls then has the peer prove
/// that it holds the key. The device's certificate is shown to [`Peer::Server`] alone. Nothing is resumed, so that
/// every connection is judged by the bundle and the time that hold now.
#[derive(Debug)]
pub struct TlsLink {
    settings: LinkSettings,
    provider: Arc<CryptoProvider>,
    servers: Arc<[u8]>,
    stores: Arc<[u8]>,
    identity: Arc<SingleCertAndKey>,
    events: Option<mpsc::Sender<Event>>,
}

impl TlsLink {
    /// A link of a device that is `identity` and believes `anchors`.
    pub fn new(settings: LinkSettings, anchors: &Anchors, identity: &Identity) -> Self {
        Self {
            settings,
            provider: Arc::new(rustls::crypto::aws_lc_rs::default_provider()),
            servers: anchors.servers.as_slice().into(),
            stores: anchors.stores.as_slice().into(),
            identity: Arc::new(SingleCertAndKey::from(identity.certified_key())),
            events: None,
        }
    }

    /// Sends [`Event::Connected`] and [`Event::ConnectFailed`] there.
    #[must_use]
    pub fn with_events(mut self, events: mpsc::Sender<Event>) -> Self {
        self.events = Some(events);
        self
    }

    async fn connect_to(
        &self,
        peer: Peer,
        host: &str,
        port: u16,
        floor: UnixTime,
    ) -> Result<TlsConnection, Failure> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| Failure::new(LinkError::Broken, "the host name is not one"))?;
        let bundle = match peer {
            Peer::Server => &self.servers,
            Peer::Store => &self.stores,
        };
        let verifier = Arc::new(BundleVerifier::new(
            Arc::clone(bundle),
            host.to_owned(),
            floor,
            self.provider.signature_verification_algorithms,
        ));
        let config = self
            .config(peer, verifier)
            .map_err(|error| Failure::rustls(&error))?;
        let tcp = self.settings.tcp(host, port).await?;
        let start = Instant::now();
        let stream = TlsConnector::from(Arc::new(config))
            .connect(name, tcp)
            .await
            .map_err(|error| Failure {
                link: link_error(&error),
                detail: describe(&error),
            })?;
        let tls = match stream.get_ref().1.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => "1.3",
            _ => "1.2",
        };
        self.tell(Event::Connected {
            host: host.to_owned(),
            port,
            tls,
            handshake_us: u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX),
        });
        Ok(TlsConnection::new(stream, &self.settings))
    }

    fn config(
        &self,
        peer: Peer,
        verifier: Arc<BundleVerifier>,
    ) -> Result<ClientConfig, rustls::Error> {
        let versions: &[&SupportedProtocolVersion] = if self.settings.tls12_only {
            &[&version::TLS12]
        } else {
            &[&version::TLS13, &version::TLS12]
        };
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(versions)?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut config = match peer {
            Peer::Server => {
                let identity: Arc<SingleCertAndKey> = Arc::clone(&self.identity);
                builder.with_client_cert_resolver(identity)
            }
            Peer::Store => builder.with_no_client_auth(),
        };
        config.resumption = Resumption::disabled();
        Ok(config)
    }

    fn tell(&self, event: Event) {
        if let Some(events) = &self.events {
            // Nobody listening any more is the end of the machine, not of the connection.
            let _ = events.send(event);
        }
    }
}

impl Link for TlsLink {
    type Connection<'a> = TlsConnection;

    async fn connect(
        &mut self,
        peer: Peer,
        host: &str,
        port: u16,
        floor: UnixTime,
    ) -> Result<TlsConnection, LinkError> {
        let connecting = self.connect_to(peer, host, port, floor);
        let (time, limit) = (&self.settings.time, self.settings.connect_timeout);
        let failure = match time.timeout(limit, connecting).await {
            Some(Ok(connection)) => return Ok(connection),
            Some(Err(failure)) => failure,
            None => Failure::new(LinkError::TimedOut, "no answer in time"),
        };
        self.tell(Event::ConnectFailed {
            host: host.to_owned(),
            port,
            error: failure.link,
            detail: failure.detail,
        });
        Err(failure.link)
    }
}

/// What the node is told, and what a person is.
struct Failure {
    link: LinkError,
    detail: String,
}

impl Failure {
    fn new(link: LinkError, detail: &str) -> Self {
        Self {
            link,
            detail: detail.to_owned(),
        }
    }

    fn rustls(error: &rustls::Error) -> Self {
        Self {
            link: LinkError::Broken,
            detail: error.to_string(),
        }
    }
}

/// The words of our own verifier where it refused, else those of rustls or the system.
fn describe(error: &std::io::Error) -> String {
    match rustls_error(error) {
        Some(rustls::Error::InvalidCertificate(rustls::CertificateError::Other(other))) => {
            other.to_string()
        }
        Some(error) => error.to_string(),
        None => error.to_string(),
    }
}
