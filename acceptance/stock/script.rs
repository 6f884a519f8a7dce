//! A server that answers what a test tells it, and keeps what it was sent.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use countersign_trust::bundle;
use countersign_x509::pem;
use rustls::{ServerConfig, ServerConnection, StreamOwned, crypto::aws_lc_rs, version::TLS12};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};

use crate::{
    esp_idf::{Release, Rustls, Trust},
    harness::Authority,
};

/// What is answered, and what is done with the connection then.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    bytes: Vec<u8>,
    then: Then,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Then {
    KeepOpen,
    CloseNotify,
    Fin,
}

impl Reply {
    /// A head, its lines ended as HTTP wants it, and a body; the connection stays open.
    pub(super) fn new(head: &[&str], body: &[u8]) -> Self {
        let mut bytes = head.join("\r\n").into_bytes();
        bytes.extend_from_slice(b"\r\n\r\n");
        bytes.extend_from_slice(body);
        Self {
            bytes,
            then: Then::KeepOpen,
        }
    }

    /// A status without a body.
    pub(super) fn status(status: u16) -> Self {
        Self::new(&[&format!("HTTP/1.1 {status} X"), "Content-Length: 0"], b"")
    }

    /// A redirect.
    pub(super) fn redirect(status: u16, location: &str) -> Self {
        let head = [
            &format!("HTTP/1.1 {status} X"),
            &format!("Location: {location}"),
            "Content-Length: 0",
        ];
        Self::new(&head, b"")
    }

    /// An image.
    pub(super) fn image(image: &[u8]) -> Self {
        let length = format!("Content-Length: {}", image.len());
        Self::new(&["HTTP/1.1 200 OK", &length], image)
    }

    /// The part of an image that a request's `Range` names, as a server that knows ranges gives it.
    pub(super) fn part(image: &[u8], request: &str) -> Self {
        let range = header(request, "Range").and_then(|range| {
            let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
            let end = last.parse().map_or(image.len(), |last: usize| last + 1);
            Some((first.parse::<usize>().ok()?, end.min(image.len())))
        });
        let Some((first, end)) = range else {
            return Self::image(image);
        };
        let part = &image[first..end];
        let head = [
            "HTTP/1.1 206 X",
            &format!("Content-Range: bytes {first}-{}/{}", end - 1, image.len()),
            &format!("Content-Length: {}", part.len()),
        ];
        Self::new(&head, part)
    }

    /// Ends the connection behind it, as TLS wants it.
    pub(super) fn and_close(mut self) -> Self {
        self.then = Then::CloseNotify;
        self
    }

    /// Ends the connection behind it without a word.
    pub(super) fn and_cut(mut self) -> Self {
        self.then = Then::Fin;
        self
    }
}

/// One request as it came.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// All bytes up to the empty line.
    pub(super) bytes: String,
    /// The connection, counted from 0.
    pub(super) connection: usize,
}

impl Asked {
    /// The request line.
    pub(super) fn line(&self) -> &str {
        self.bytes.split("\r\n").next().unwrap()
    }

    /// A header's value.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        header(&self.bytes, name)
    }
}

fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = request.split("\r\n").skip(1);
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// The server. It ends with its handle.
pub(super) struct Script {
    pub(super) port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    anchor: Option<String>,
}

impl Script {
    /// Answers over TCP alone.
    pub(super) fn plain(answer: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::start(None, None, answer)
    }

    /// Answers over TLS, with a certificate for `localhost`.
    pub(super) fn tls(answer: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Self {
        let authority = Authority::foreign("server");
        let leaf = authority.server("localhost");
        // Without the authority's certificate: it is what the client believes.
        let chain = CertificateDer::pem_slice_iter(leaf.chain.as_bytes());
        let chain = chain.take(1).collect::<Result<_, _>>().unwrap();
        let key = PrivateKeyDer::from_pem_slice(leaf.key.as_bytes()).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS12])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        Self::start(Some(Arc::new(config)), Some(authority.certificate), answer)
    }

    /// What a device that believes this server has for TLS.
    pub(super) fn trusted(&self, release: Release) -> Rustls {
        let anchor = pem::certificates(self.anchor.as_ref().unwrap().as_bytes()).unwrap();
        let bundle = bundle::build(&anchor, release.bundle_format()).unwrap();
        Rustls::new(release, Trust::Bundle(bundle))
    }

    /// An address of the server.
    pub(super) fn url(&self, path: &str) -> String {
        let scheme = if self.anchor.is_some() {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://localhost:{}{path}", self.port)
    }

    /// What it was sent so far.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    fn start(
        tls: Option<Arc<ServerConfig>>,
        anchor: Option<String>,
        answer: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let ends = Arc::new(AtomicBool::new(false));
        let (told, ended) = (Arc::clone(&asked), Arc::clone(&ends));
        let answer = Arc::new(answer);
        let serve = move || {
            let mut conversations = Vec::new();
            for (connection, stream) in listener.incoming().enumerate() {
                if ended.load(Ordering::SeqCst) {
                    break;
                }
                let (stream, tls) = (stream.unwrap(), tls.clone());
                let (told, answer) = (Arc::clone(&told), Arc::clone(&answer));
                conversations.push(thread::spawn(move || {
                    talk(stream, tls, connection, &told, &*answer);
                }));
            }
            for conversation in conversations {
                let _ = conversation.join();
            }
        };
        Self {
            port,
            asked,
            ends,
            thread: Some(thread::spawn(serve)),
            anchor,
        }
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Serves one connection.
fn talk(
    mut stream: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    connection: usize,
    asked: &Mutex<Vec<Asked>>,
    answer: &impl Fn(&Asked, usize) -> Reply,
) {
    match tls {
        None => {
            converse(&mut stream, connection, asked, answer);
            let _ = stream.shutdown(Shutdown::Both);
        }
        Some(config) => {
            let session = ServerConnection::new(config).unwrap();
            let mut stream = StreamOwned::new(session, stream);
            if converse(&mut stream, connection, asked, answer) == Then::CloseNotify {
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
            let _ = stream.sock.shutdown(Shutdown::Both);
        }
    }
}

/// Answers the requests of one connection, one after the other.
fn converse(
    stream: &mut (impl Read + Write),
    connection: usize,
    asked: &Mutex<Vec<Asked>>,
    answer: &impl Fn(&Asked, usize) -> Reply,
) -> Then {
    let mut bytes = Vec::new();
    let mut buffer = [0; 1024];
    loop {
        let length = stream.read(&mut buffer).unwrap_or(0);
        bytes.extend_from_slice(&buffer[..length]);
        if length == 0 {
            // A request that never came whole is kept too.
            if !bytes.is_empty() {
                let bytes = String::from_utf8_lossy(&bytes).into_owned();
                asked.lock().unwrap().push(Asked { bytes, connection });
            }
            return Then::Fin;
        }
        if !bytes.ends_with(b"\r\n\r\n") {
            continue;
        }
        let bytes = String::from_utf8(std::mem::take(&mut bytes)).unwrap();
        let request = Asked { bytes, connection };
        let number = {
            let mut asked = asked.lock().unwrap();
            asked.push(request.clone());
            asked.len() - 1
        };
        let reply = answer(&request, number);
        if stream
            .write_all(&reply.bytes)
            .and_then(|()| stream.flush())
            .is_err()
        {
            return Then::Fin;
        }
        if reply.then != Then::KeepOpen {
            return reply.then;
        }
    }
}
