//! Where attackers stand: a server under siege, and what they have of it.

use std::{
    collections::BTreeSet,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    runtime::Runtime,
    time::{Instant, timeout},
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ALL_VERSIONS, ClientConfig, ConfigBuilder, RootCertStore, SupportedProtocolVersion,
        client::WantsClientCert,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
    },
};

use super::set;
use crate::harness::{House, Server, ask, image, large};

/// A version of TLS.
pub(crate) type Version = &'static SupportedProtocolVersion;

/// A house with two devices and two images, and its server.
pub(crate) struct Siege {
    pub(crate) house: House,
    pub(crate) server: Server,
}

/// What an attacker has: the server's addresses, and a device of his own.
pub(crate) struct Ground {
    /// The device plane.
    pub(crate) device: SocketAddr,
    /// The download plane.
    pub(crate) download: SocketAddr,
    /// The hostile device's folder.
    pub(crate) folder: PathBuf,
    /// Its way to a large image: path and query.
    pub(crate) image: String,
    /// The image's length in bytes.
    pub(crate) size: usize,
    /// TLS as that device.
    pub(crate) as_device: Arc<ClientConfig>,
    /// TLS as nobody.
    pub(crate) as_nobody: Arc<ClientConfig>,
}

impl Siege {
    /// Starts a server whose settings have these lines.
    pub(crate) fn lay(limits: &[(&str, u32)]) -> Self {
        raise_descriptors();
        let house = House::new();
        set(&house.state().join("countersign.toml"), limits);
        let server = house.serve();
        house.enroll();
        house.enroll_as(HOSTILE, "hostile");
        // The hostile device is offered the first, and keeps it; the honest one gets the second.
        house.publish(&large("1.1.0"), 1);
        let siege = Self { house, server };
        siege.location();
        siege.house.publish(&image("1.2.0"), 2);
        siege
    }

    /// Where the hostile device finds its image, for as long as the address is good.
    fn location(&self) -> String {
        let url = format!("{}/ota?v=1.0.0", self.server.device_url);
        ask(&self.house.path("hostile"), &[&url])
            .unwrap()
            .location()
    }

    /// What an attacker has.
    pub(crate) fn ground(&self) -> Ground {
        let folder = self.house.path("hostile");
        let location = self.location();
        let path = location.find("/d/").unwrap();
        let address = |url: &str| {
            let port = url.rsplit_once(':').unwrap().1.parse().unwrap();
            SocketAddr::from((Ipv4Addr::LOCALHOST, port))
        };
        let view = self.look();
        let download = address(view["download_url"].as_str().unwrap());
        Ground {
            device: address(&self.server.device_url),
            download,
            image: location[path..].to_owned(),
            size: large("1.1.0").bytes.len(),
            as_device: Arc::new(device_config(&folder, ALL_VERSIONS)),
            as_nobody: Arc::new(config(&folder, ALL_VERSIONS).with_no_client_auth()),
            folder,
        }
    }

    /// What the server says of itself.
    pub(crate) fn look(&self) -> Value {
        self.house.operator("/v1/server")
    }

    /// What it logged.
    pub(crate) fn log(&self) -> String {
        self.server.log()
    }

    /// Memory that it has, in MiB; 0 where the system has no `/proc`.
    pub(crate) fn memory_mib(&self) -> u64 {
        let pid = self.look()["pid"].as_u64().unwrap();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        kib.unwrap_or(0) / 1024
    }

    /// Demands that no connection is left.
    pub(crate) fn is_empty_again(&self, attack: &str) {
        let open = || {
            let view = self.look();
            let of = |plane: &str| view["connections"][plane]["open"].as_u64().unwrap();
            of("device") + of("download")
        };
        for _ in 0..300 {
            if open() == 0 {
                return;
            }
            thread::sleep(Duration::from_millis(100));
        }
        panic!("{attack}: {} connections are left", open());
    }
}

impl Ground {
    /// A connection from the attackers' address.
    pub(crate) async fn connect(&self, to: SocketAddr) -> io::Result<TcpStream> {
        connect_from(ATTACKER, to, None).await
    }

    /// TLS as the hostile device.
    pub(crate) async fn tls(&self, to: SocketAddr) -> io::Result<TlsStream<TcpStream>> {
        over(self.connect(to).await?, &self.as_device).await
    }

    /// The same, taking little from the system at once, so that a slow reader is one.
    pub(crate) async fn tls_slow(&self, to: SocketAddr) -> io::Result<TlsStream<TcpStream>> {
        let stream = connect_from(ATTACKER, to, Some(4096)).await?;
        over(stream, &self.as_device).await
    }

    /// A request for the large image.
    pub(crate) fn get_image(&self, more: &str) -> String {
        format!("GET {} HTTP/1.1\r\nHost: x\r\n{more}\r\n", self.image)
    }
}

/// When an attack that begins now has lasted long enough.
pub(crate) fn end() -> Instant {
    Instant::now() + TIME
}

/// Connects from one of the addresses that every machine has.
pub(crate) async fn connect_from(
    from: Ipv4Addr,
    to: SocketAddr,
    receive: Option<u32>,
) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    if let Some(receive) = receive {
        socket.set_recv_buffer_size(receive)?;
    }
    socket.bind(SocketAddr::new(IpAddr::V4(from), 0))?;
    // A connection that does not come about is no reason to wait for the system's two minutes.
    let connected = timeout(Duration::from_secs(5), socket.connect(to)).await;
    let stream = connected.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// TLS over a connection.
pub(crate) async fn over(
    stream: TcpStream,
    config: &Arc<ClientConfig>,
) -> io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::clone(config))
        .connect(name, stream)
        .await
}

/// TLS as the device of a folder, in these versions.
pub(crate) fn device_config(folder: &Path, versions: &[Version]) -> ClientConfig {
    let chain = CertificateDer::pem_file_iter(folder.join("device.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("device.key")).unwrap();
    let chain = chain.map(Result::unwrap).collect();
    config(folder, versions)
        .with_client_auth_cert(chain, key)
        .unwrap()
}

/// TLS of somebody who trusts the server of a device's folder.
pub(crate) fn config(
    folder: &Path,
    versions: &[Version],
) -> ConfigBuilder<ClientConfig, WantsClientCert> {
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_file_iter(folder.join("server-root.pem")).unwrap() {
        roots.add(root.unwrap()).unwrap();
    }
    ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
}

/// The first bytes of an honest handshake.
pub(crate) fn client_hello(config: &Arc<ClientConfig>) -> Vec<u8> {
    let name = ServerName::try_from("localhost").unwrap();
    let client = rustls::ClientConnection::new(Arc::clone(config), name);
    let mut hello = Vec::new();
    client.unwrap().write_tls(&mut hello).unwrap();
    hello
}

/// Reads until the other end closes, or resets; gives what came. A server that does neither fails the test.
pub(crate) async fn rest(stream: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    let mut all = Vec::new();
    let read = timeout(LONG, stream.read_to_end(&mut all)).await;
    assert!(read.is_ok(), "the server keeps the connection");
    all
}

/// Sends bytes as one request or several, and gives the statuses that came until the server closed.
pub(crate) async fn statuses(ground: &Ground, to: SocketAddr, bytes: &[u8]) -> String {
    let Ok(mut stream) = ground.tls(to).await else {
        return "no handshake".to_owned();
    };
    let _ = stream.write_all(bytes).await;
    let told = rest(&mut stream).await;
    let told = String::from_utf8_lossy(&told);
    let statuses: Vec<&str> = told
        .match_indices("HTTP/1.1 ")
        .map(|(at, _)| &told[at + 9..at + 12])
        .collect();
    match statuses.len() {
        0 => "closed".to_owned(),
        _ => statuses.join(" "),
    }
}

/// Does something again and again, by so many at once, for as long as an attack lasts. Gives all that came of it; what
/// came to nothing, as a connection that was not even taken, says nothing.
pub(crate) async fn storm<F>(
    ground: &Arc<Ground>,
    width: usize,
    one: impl Fn(Arc<Ground>) -> F,
) -> String
where
    F: Future<Output = Option<String>> + Send + 'static,
{
    let end = end();
    let mut all = tokio::task::JoinSet::new();
    let mut seen = BTreeSet::new();
    while Instant::now() < end {
        while all.len() < width {
            all.spawn(one(Arc::clone(ground)));
        }
        if let Ok(Some(ended)) = timeout(Duration::from_millis(100), all.join_next()).await {
            seen.extend(ended.unwrap());
        }
    }
    while let Some(ended) = all.join_next().await {
        seen.extend(ended.unwrap());
    }
    Vec::from_iter(seen).join(" or ")
}

/// For clients in tests.
pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

/// Thousands of connections need as many open files on this side, too.
fn raise_descriptors() {
    let now = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: now.maximum,
        maximum: now.maximum,
    };
    let _ = setrlimit(Resource::Nofile, raised);
}

/// The hostile device.
pub(crate) const HOSTILE: &str = "7cdfa1000666";

/// Where attackers come from; honest devices come from 127.0.0.1.
pub(crate) const ATTACKER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// How long an attack lasts.
const TIME: Duration = Duration::from_millis(1500);

/// Longer than any server of these tests may keep a connection.
const LONG: Duration = Duration::from_mins(1);
