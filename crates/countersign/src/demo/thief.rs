//! A hostile server: it listens in this process, on a port of its own, shows what it is told to show, and offers what
//! it is told to offer.

use std::{
    convert::Infallible,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::Result;
use bytes::Bytes;
use countersign_operations::{Clock as _, Entropy as _};
use countersign_protocol::{CheckInReply, CoSignatures, MAX_REPLY, MEDIA_TYPE, Offer, OfferId};
use countersign_server::Identity;
use http::{Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use rustls::{ServerConfig, crypto::aws_lc_rs};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

use crate::system::{SystemClock, SystemEntropy};

/// A hostile server. It ends with its handle.
#[derive(Debug)]
pub(super) struct Thief {
    url: String,
    mind: Arc<Mind>,
    _listening: JoinSet<()>,
}

/// What it offers to whoever checks in.
#[derive(Clone, Debug)]
pub(super) struct Bait {
    /// The manifest.
    pub(super) manifest: Vec<u8>,
    /// What is at the address that the offer names, and at [`Thief::elsewhere`].
    pub(super) image: Bytes,
    /// Where that address leads to instead.
    pub(super) redirect: Option<String>,
}

/// What its connections share.
#[derive(Debug)]
struct Mind {
    url: String,
    shows: Mutex<Arc<ServerConfig>>,
    offers: Mutex<Option<(OfferId, Bait)>>,
    heard: Mutex<Vec<String>>,
}

impl Thief {
    /// Listens on a port that the system gives, and shows `identity`.
    pub(super) async fn listen(identity: &Identity) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("https://localhost:{}", listener.local_addr()?.port());
        let mind = Arc::new(Mind {
            url: url.clone(),
            shows: Mutex::new(config(identity)?),
            offers: Mutex::default(),
            heard: Mutex::default(),
        });
        let mut listening = JoinSet::new();
        listening.spawn(listen(listener, Arc::clone(&mind)));
        Ok(Self {
            url,
            mind,
            _listening: listening,
        })
    }

    /// Where it is, by the name that our own server has.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Where the image is too, at a name that our own server's certificate has and devices were not told of.
    pub(super) fn elsewhere(&self) -> String {
        self.url.replace("localhost", "127.0.0.1") + ELSEWHERE
    }

    /// Shows another certificate from the next connection on.
    pub(super) fn show(&self, identity: &Identity) -> Result<()> {
        *lock(&self.mind.shows) = config(identity)?;
        Ok(())
    }

    /// Offers this from the next check-in on, under an offer of its own, and forgets what was asked before.
    pub(super) fn offer(&self, bait: Bait) {
        let mut id = [0; 16];
        SystemEntropy.fill(&mut id);
        *lock(&self.mind.offers) = Some((OfferId(id), bait));
        self.heard();
    }

    /// The paths that were asked for since the last time.
    pub(super) fn heard(&self) -> Vec<String> {
        mem::take(&mut *lock(&self.mind.heard))
    }
}

fn config(identity: &Identity) -> Result<Arc<ServerConfig>> {
    let chain = identity
        .chain
        .iter()
        .map(|certificate| CertificateDer::from(certificate.der().to_vec()));
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(identity.key.to_vec()));
    let provider = Arc::new(aws_lc_rs::default_provider());
    // Whoever comes is welcome.
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain.collect(), key)?;
    Ok(Arc::new(config))
}

async fn listen(listener: TcpListener, mind: Arc<Mind>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(serve(stream, Arc::clone(&mind)));
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, mind: Arc<Mind>) {
    let config = Arc::clone(&*lock(&mind.shows));
    // Who does not believe what is shown ends the handshake.
    let Ok(tls) = TlsAcceptor::from(config).accept(stream).await else {
        return;
    };
    let service = service_fn(|request| {
        let answer = answer(&mind, &request);
        async { Ok::<_, Infallible>(answer) }
    });
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(tls), service)
        .await;
}

fn answer(mind: &Mind, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let path = request.uri().path();
    lock(&mind.heard).push(path.to_owned());
    let offered = lock(&mind.offers).clone();
    let Some((id, bait)) = offered else {
        return with_status(StatusCode::SERVICE_UNAVAILABLE);
    };
    match (path, bait.redirect) {
        ("/v1/checkin", _) => reply(&mind.url, id, &bait.manifest),
        ("/v1/report", _) => with_status(StatusCode::NO_CONTENT),
        (IMAGE, Some(to)) => {
            let mut answer = with_status(StatusCode::FOUND);
            if let Ok(to) = to.parse() {
                answer.headers_mut().insert(header::LOCATION, to);
            }
            answer
        }
        (IMAGE | ELSEWHERE, _) => Response::new(Full::new(bait.image)),
        _ => with_status(StatusCode::NOT_FOUND),
    }
}

/// The answer to a check-in, as our own server gives it.
fn reply(url: &str, id: OfferId, manifest: &[u8]) -> Response<Full<Bytes>> {
    let url = format!("{url}{IMAGE}");
    let reply = CheckInReply {
        time: SystemClock.now(),
        next_check_in_s: 60,
        offer: Some(Offer {
            id,
            manifest,
            url: &url,
            co_signatures: CoSignatures::NONE,
        }),
        authors: None,
    };
    let mut bytes = vec![0; MAX_REPLY];
    let Ok(length) = reply.encode(&mut bytes) else {
        return with_status(StatusCode::INTERNAL_SERVER_ERROR);
    };
    bytes.truncate(length);
    let mut answer = Response::new(Full::new(Bytes::from(bytes)));
    let kind = header::HeaderValue::from_static(MEDIA_TYPE);
    answer.headers_mut().insert(header::CONTENT_TYPE, kind);
    answer
}

fn with_status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    answer
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The path of the address that an offer names.
const IMAGE: &str = "/image";
/// The path of the image at another host.
const ELSEWHERE: &str = "/elsewhere";
