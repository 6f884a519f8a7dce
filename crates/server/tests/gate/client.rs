//! rustls as a device, with a little HTTP.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::{Arc, Mutex},
    time::Duration,
};

use countersign_x509::Certificate;
use rustls::{
    ClientConfig, ClientConnection, HandshakeKind, ProtocolVersion, RootCertStore, SignatureScheme,
    StreamOwned,
    client::{ResolvesClientCert, Resumption},
    crypto::aws_lc_rs,
    sign::CertifiedKey,
    time_provider::TimeProvider,
    version::{TLS12, TLS13},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};

use crate::world::{Board, START};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Version {
    Tls12,
    Tls13,
}

pub(crate) const BOTH: [Version; 2] = [Version::Tls12, Version::Tls13];

/// A device's TLS, with its sessions.
pub(crate) struct Client {
    config: Arc<ClientConfig>,
    shown: Arc<Shown>,
}

/// A connection that has shaken hands, as far as the client knows.
pub(crate) struct Connection(StreamOwned<ClientConnection, TcpStream>);

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) kind: HandshakeKind,
}

impl Client {
    pub(crate) fn new(board: &Board, root: &Certificate, version: Version, resumes: bool) -> Self {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from(root.der().to_vec()))
            .unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(board.key.to_vec()));
        let key = provider.key_provider.load_private_key(key).unwrap();
        let chain = board.chain.iter().cloned().map(CertificateDer::from);
        let shown = Arc::new(Shown {
            certified: Arc::new(CertifiedKey::new(chain.collect(), key)),
            names: Mutex::default(),
        });
        let versions = match version {
            Version::Tls12 => [&TLS12],
            Version::Tls13 => [&TLS13],
        };
        let mut config = ClientConfig::builder_with_details(provider, Arc::new(AtStart))
            .with_protocol_versions(&versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_client_cert_resolver(Arc::clone(&shown) as Arc<dyn ResolvesClientCert>);
        if !resumes {
            config.resumption = Resumption::disabled();
        }
        Self {
            config: Arc::new(config),
            shown,
        }
    }

    pub(crate) fn connect(&self, at: SocketAddr) -> Result<Connection, String> {
        let tcp = TcpStream::connect(at).unwrap();
        // Nothing waits for ever.
        tcp.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let client = ClientConnection::new(Arc::clone(&self.config), name).unwrap();
        let mut tls = StreamOwned::new(client, tcp);
        while tls.conn.is_handshaking() {
            tls.conn.complete_io(&mut tls.sock).map_err(in_words)?;
        }
        Ok(Connection(tls))
    }

    /// Begins a handshake; gives the length of each record of the server's part, up to where it waits for the client.
    pub(crate) fn records(&self, at: SocketAddr) -> Vec<usize> {
        let mut tcp = TcpStream::connect(at).unwrap();
        tcp.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let mut client = ClientConnection::new(Arc::clone(&self.config), name).unwrap();
        client.write_tls(&mut tcp).unwrap();
        let mut lengths = Vec::new();
        // A client of TLS 1.3 has more to say before it has read all.
        let goes_on = |client: &ClientConnection| match client.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => client.is_handshaking(),
            _ => !client.wants_write(),
        };
        while goes_on(&client) {
            let mut record = vec![0; 5];
            tcp.read_exact(&mut record).unwrap();
            let length = usize::from(u16::from_be_bytes([record[3], record[4]]));
            record.resize(5 + length, 0);
            tcp.read_exact(&mut record[5..]).unwrap();
            client.read_tls(&mut &record[..]).unwrap();
            client.process_new_packets().unwrap();
            lengths.push(length);
        }
        lengths
    }

    /// Connects, asks for what is not there, and says what was answered, or which alert or end came instead.
    pub(crate) fn come(&self, at: SocketAddr) -> Result<Answer, String> {
        self.connect(at)?.ask("/ota?v=9.9.9")
    }

    /// The kind of handshake by which it comes in.
    pub(crate) fn kind(&self, at: SocketAddr) -> Result<HandshakeKind, String> {
        self.come(at).map(|answer| answer.kind)
    }

    /// The names of authorities that the server said last.
    pub(crate) fn names(&self) -> Vec<Vec<u8>> {
        self.shown.names.lock().unwrap().clone()
    }
}

impl Connection {
    /// Sends a request and reads what answers it, without a body.
    pub(crate) fn ask(&mut self, path: &str) -> Result<Answer, String> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
        self.0.write_all(request.as_bytes()).map_err(in_words)?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            match self.0.read(&mut byte).map_err(in_words)? {
                0 => return Err("end".to_owned()),
                _ => head.extend(byte),
            }
        }
        let head = String::from_utf8(head).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Ok(Answer {
            status,
            head,
            kind: self.0.conn.handshake_kind().unwrap(),
        })
    }

    /// Reads so many bytes of a body.
    pub(crate) fn read(&mut self, bytes: usize) -> Result<(), String> {
        self.0.read_exact(&mut vec![0; bytes]).map_err(in_words)
    }

    /// Reads until the end, of whichever kind; gives how many bytes came and what ended it.
    pub(crate) fn read_to_end(&mut self) -> (usize, String) {
        let mut buffer = vec![0; 16 * 1024];
        let mut count = 0;
        loop {
            match self.0.read(&mut buffer) {
                Ok(0) => return (count, "end".to_owned()),
                Ok(more) => count += more,
                Err(error) => return (count, in_words(error)),
            }
        }
    }

    /// The server's certificate.
    pub(crate) fn server(&self) -> Vec<u8> {
        self.0.conn.peer_certificates().unwrap()[0].to_vec()
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        let name = format!("{name}: ");
        let mut lines = self.head.lines();
        lines.find_map(|line| line.strip_prefix(&*name)).unwrap()
    }
}

/// The name of an alert where one came, else the error.
#[expect(clippy::needless_pass_by_value, reason = "as `map_err` gives it")]
fn in_words(error: io::Error) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    match inner {
        Some(rustls::Error::AlertReceived(alert)) => format!("{alert:?}"),
        _ => format!("{:?}: {error}", error.kind()),
    }
}

/// Shows one chain, whatever it is, and notes what was asked for.
#[derive(Debug)]
struct Shown {
    certified: Arc<CertifiedKey>,
    names: Mutex<Vec<Vec<u8>>>,
}

impl ResolvesClientCert for Shown {
    fn resolve(&self, names: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        *self.names.lock().unwrap() = names.iter().map(|name| name.to_vec()).collect();
        Some(Arc::clone(&self.certified))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// A device's clock is no matter here.
#[derive(Debug)]
struct AtStart;

impl TimeProvider for AtStart {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(START)))
    }
}
