//! One file by https, such as a list of roots: bounded in time, in bytes and in redirects, from a server that proves who it is.

mod error;
mod url;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Empty};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, client::Resumption};
use tokio::{net::TcpStream, task::JoinSet, time::timeout};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{
    Failure, Options,
    bounded::{Socket, bounded},
    handshake::failure,
    resolve,
};

pub use error::DownloadError;
pub use url::{NotAUrl, Url};

/// How a file is fetched, and how much and how long at most.
#[derive(Clone, Debug)]
pub struct Downloading {
    /// Who may vouch for servers: certificates, DER. What cannot be read is passed over.
    pub roots: Vec<Vec<u8>>,
    /// How long all of it may take, redirects included; stops a server that drips.
    pub timeout: Duration,
    /// How many bytes the file may have; stops one that never ends.
    pub max_bytes: usize,
    /// How many redirects are followed; stops a circle.
    pub max_redirects: usize,
}

/// What was fetched.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Downloaded {
    /// All of it.
    pub body: Vec<u8>,
    /// Where it was in the end, behind all redirects.
    pub from: Url,
    /// What the server says that it is, such as `text/csv`, in lower case and without parameters.
    pub content_type: Option<String>,
}

/// Fetches what a URL names. Servers are verified as usual: by their names, their dates, and the given roots.
///
/// # Errors
/// [`DownloadError`]. What has not come whole is not given.
pub async fn download(url: &Url, how: &Downloading) -> Result<Downloaded, DownloadError> {
    let after = how.timeout;
    let whole = timeout(after, follow(url.clone(), how)).await;
    whole.unwrap_or(Err(DownloadError::TooSlow { after }))
}

async fn follow(mut url: Url, how: &Downloading) -> Result<Downloaded, DownloadError> {
    let config = Arc::new(config(&how.roots)?);
    for _ in 0..=how.max_redirects {
        // The connection is driven for as long as the answer is read.
        let mut connections = JoinSet::new();
        let answer = ask(&url, Arc::clone(&config), how, &mut connections).await?;
        let Some(place) = redirect(&answer)? else {
            return take(answer, url, how).await;
        };
        url = url.join(&place).map_err(DownloadError::Redirect)?;
    }
    Err(DownloadError::TooManyRedirects {
        max: how.max_redirects,
    })
}

fn config(roots: &[Vec<u8>]) -> Result<ClientConfig, DownloadError> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots.iter().map(|der| CertificateDer::from(der.as_slice())));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(error.to_string()))?
        .with_root_certificates(store)
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn failed(reason: String) -> DownloadError {
    DownloadError::Connection(Failure::Tls { reason })
}

async fn ask(
    url: &Url,
    config: Arc<ClientConfig>,
    how: &Downloading,
    connections: &mut JoinSet<()>,
) -> Result<Response<Incoming>, DownloadError> {
    let stream = connect(url, config, how).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| DownloadError::of_answer(&error))?;
    connections.spawn(async move {
        // What goes wrong is told to whoever reads the answer, too.
        let _ = connection.await;
    });
    let request = Request::get(url.path_and_query())
        .header(header::HOST, url.target().to_string())
        .header(header::USER_AGENT, USER_AGENT)
        .header(header::ACCEPT_ENCODING, "identity")
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|error| failed(error.to_string()))?;
    let answer = sender.send_request(request).await;
    answer.map_err(|error| DownloadError::of_answer(&error))
}

async fn connect(
    url: &Url,
    config: Arc<ClientConfig>,
    how: &Downloading,
) -> Result<TlsStream<Socket>, DownloadError> {
    let target = url.target();
    let name = ServerName::try_from(target.host.clone())
        .map_err(|_| failed(format!("`{}` is no server name", target.host)))?;
    let options = Options {
        timeout: how.timeout,
        ..Options::default()
    };
    let addresses = resolve(target, &options).await?;
    let each = how.timeout.min(EACH_ADDRESS);
    let mut refused = Failure::NoRoute;
    for address in addresses {
        let tcp = match timeout(each, TcpStream::connect(address)).await {
            Ok(Ok(tcp)) => tcp,
            Ok(Err(error)) => {
                refused = failure::of_connect(&error);
                continue;
            }
            Err(_) => {
                refused = Failure::NoAnswer { after: each };
                continue;
            }
        };
        let limit = how.max_bytes.saturating_add(OVERHEAD);
        let mut shaking = TlsConnector::from(config)
            .connect(name, bounded(tcp, limit))
            .into_fallible();
        return match (&mut shaking).await {
            Ok(stream) => Ok(stream),
            Err((error, socket)) => {
                Err(DownloadError::of_handshake(&error, socket.reader(), limit))
            }
        };
    }
    Err(DownloadError::Connection(refused))
}

/// Where an answer sends us, if it does.
fn redirect(answer: &Response<Incoming>) -> Result<Option<String>, DownloadError> {
    let follows = [
        StatusCode::MOVED_PERMANENTLY,
        StatusCode::FOUND,
        StatusCode::SEE_OTHER,
        StatusCode::TEMPORARY_REDIRECT,
        StatusCode::PERMANENT_REDIRECT,
    ];
    let status = answer.status();
    if !follows.contains(&status) {
        return Ok(None);
    }
    let place = answer.headers().get(header::LOCATION);
    let place = place.and_then(|place| place.to_str().ok());
    let place = place.ok_or(DownloadError::Status {
        status: status.as_u16(),
    })?;
    Ok(Some(place.to_owned()))
}

async fn take(
    answer: Response<Incoming>,
    from: Url,
    how: &Downloading,
) -> Result<Downloaded, DownloadError> {
    let status = answer.status();
    if status != StatusCode::OK {
        let status = status.as_u16();
        return Err(DownloadError::Status { status });
    }
    let text = |name| {
        let value = answer.headers().get(name)?;
        Some(value.to_str().ok()?.to_ascii_lowercase())
    };
    if let Some(encoding) = text(header::CONTENT_ENCODING).filter(|coded| coded != "identity") {
        return Err(DownloadError::Encoded { encoding });
    }
    let content_type = text(header::CONTENT_TYPE)
        .map(|text| text.split(';').next().unwrap_or_default().trim().to_owned());
    let stated = text(header::CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    let limit = how.max_bytes;
    if stated.is_some_and(|stated| stated > limit) {
        return Err(DownloadError::TooLong { limit });
    }
    let mut incoming = answer.into_body();
    let mut body = Vec::new();
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|_| DownloadError::Cut {
            came: body.len(),
            stated,
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if body.len().saturating_add(data.len()) > limit {
            return Err(DownloadError::TooLong { limit });
        }
        body.extend_from_slice(&data);
    }
    Ok(Downloaded {
        body,
        from,
        content_type,
    })
}

/// How long one address may take to answer TCP before the next is tried.
const EACH_ADDRESS: Duration = Duration::from_secs(10);
/// What TLS and HTTP add to a file: handshake, headers, 22 bytes and more a record.
const OVERHEAD: usize = 1024 * 1024;
const USER_AGENT: &str = concat!("countersign/", env!("CARGO_PKG_VERSION"));
