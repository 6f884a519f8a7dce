//! One address, one handshake.

pub(crate) mod failure;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use rustls::client::{ClientConfig, Resumption};
use rustls::pki_types::ServerName;
use rustls::{ProtocolVersion, SupportedProtocolVersion, version};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::bounded::{Socket, bounded};
use crate::recorder::Recorder;
use crate::{Failure, Options, Seen, Tls, Versions};

/// Asks one address; where devices go first, a second time if TLS 1.2 is refused.
pub(crate) async fn at(address: SocketAddr, name: &str, options: &Options) -> Seen {
    let offered: &[&SupportedProtocolVersion] = match options.versions {
        Versions::DevicesFirst | Versions::Tls12 => &[&version::TLS12],
        Versions::Both => &[&version::TLS13, &version::TLS12],
        Versions::Tls13 => &[&version::TLS13],
    };
    let seen = once(address, name, options, offered).await;
    let refused = seen.chain.is_empty()
        && matches!(
            seen.failure,
            Some(Failure::Alert { .. } | Failure::Tls { .. } | Failure::Closed)
        );
    if options.versions != Versions::DevicesFirst || !refused {
        return seen;
    }
    let newer = once(address, name, options, &[&version::TLS13]).await;
    // What TLS 1.2 was told says more than a second failure.
    if newer.chain.is_empty() { seen } else { newer }
}

async fn once(
    address: SocketAddr,
    name: &str,
    options: &Options,
    offered: &[&'static SupportedProtocolVersion],
) -> Seen {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let algorithms = provider.signature_verification_algorithms;
    let recorder = Arc::new(Recorder::new(options.client.as_ref(), algorithms));
    let asked = ask(address, name, options, offered, provider, &recorder).await;
    let heard = recorder.heard();
    let mut seen = Seen {
        address,
        chain: heard.chain,
        tls: None,
        asked_for: heard.asked_for,
        proved: heard.proved,
        failure: None,
    };
    let refusal = match asked {
        Ok(agreed) => {
            seen.tls = agreed.tls;
            agreed.refusal
        }
        Err(failure) => Some(failure),
    };
    // An alert after we were asked who we are is about the answer that we gave.
    match (refusal, &mut seen.asked_for) {
        (Some(Failure::Alert { name, .. }), Some(asked)) => asked.refused = Some(name),
        (failure, _) => seen.failure = failure,
    }
    seen
}

struct Agreed {
    tls: Option<Tls>,
    refusal: Option<Failure>,
}

async fn ask(
    address: SocketAddr,
    name: &str,
    options: &Options,
    offered: &[&'static SupportedProtocolVersion],
    provider: Arc<rustls::crypto::CryptoProvider>,
    recorder: &Arc<Recorder>,
) -> Result<Agreed, Failure> {
    let own_fault = |reason: String| Failure::Tls { reason };
    let server_name = ServerName::try_from(name.to_owned())
        .map_err(|_| own_fault(format!("`{}` is no server name", name.escape_debug())))?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(offered)
        .map_err(|error| own_fault(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::<Recorder>::clone(recorder))
        .with_client_cert_resolver(Arc::<Recorder>::clone(recorder));
    config.resumption = Resumption::disabled();

    let end = Instant::now() + options.timeout;
    let after = options.timeout;
    let tcp = match timeout(after, TcpStream::connect(address)).await {
        Err(_) => return Err(Failure::NoAnswer { after }),
        Ok(tcp) => tcp.map_err(|error| failure::of_connect(&error))?,
    };
    let _ = tcp.set_nodelay(true);
    let mut socket = bounded(tcp, options.max_bytes);
    let left = end.saturating_duration_since(Instant::now());
    let connector = TlsConnector::from(Arc::new(config));
    let shaking = connector.connect(server_name, &mut socket);
    let error = match timeout(left, shaking).await {
        Ok(Ok(stream)) => return Ok(agreed(stream, recorder).await),
        Ok(Err(error)) => Some(error),
        Err(_) => None,
    };
    let came = socket.reader();
    Err(match (error, came.began()) {
        (Some(error), _) => failure::of_handshake(&error, came, options.max_bytes),
        (None, []) => Failure::Silent { after },
        (None, began) => failure::unless_tls(began, Failure::Slow { after }),
    })
}

async fn agreed(mut stream: TlsStream<&mut Socket>, recorder: &Recorder) -> Agreed {
    let session = stream.get_ref().1;
    let tls = Some(Tls {
        version: match session.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => "1.3",
            _ => "1.2",
        },
        suite: session
            .negotiated_cipher_suite()
            .and_then(|suite| suite.suite().as_str())
            .map(failure::suite_name)
            .unwrap_or_default(),
    });
    let refusal = if recorder.heard().asked_for.is_some() {
        last_word(&mut stream).await
    } else {
        None
    };
    let _ = timeout(LAST_WORD, stream.shutdown()).await;
    Agreed { tls, refusal }
}

/// What a TLS 1.3 server says of our certificate, or of there being none: it does so when we believe the handshake done.
async fn last_word(stream: &mut TlsStream<&mut Socket>) -> Option<Failure> {
    let mut unread = [0; 1];
    match timeout(LAST_WORD, stream.read(&mut unread)).await {
        Ok(Err(error)) => failure::alert(&error),
        Ok(Ok(_)) | Err(_) => None,
    }
}

/// Whether `error` came out of rustls.
pub(crate) fn of_rustls(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// How long an alert may take after the handshake, and our own farewell.
const LAST_WORD: Duration = Duration::from_secs(1);
