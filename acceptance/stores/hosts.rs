//! A server of ours that redirects, and the store that it redirects to.

use std::{
    fs, io,
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use rcgen::{Issuer, KeyPair, SignatureAlgorithm};
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
};

use crate::{
    harness::{
        House,
        ca::{authority, pem, server},
    },
    hostile::servers::{
        scene::now,
        wire::{CHECK_IN, Tls, answer, part_of, read, reply, send, shake_hands},
    },
};

/// What the store is called: an address that is not our server's name.
pub(super) const STORE: &str = "127.0.0.1";

/// A root, and an authority under it that certifies servers, all with keys of one kind.
pub(super) struct Chain {
    /// The root's certificate, DER.
    pub(super) root: Vec<u8>,
    intermediate: String,
    issuer: Issuer<'static, KeyPair>,
    keys: &'static SignatureAlgorithm,
}

/// A server's chain, PEM, and its key.
pub(super) struct Leaf {
    chain: String,
    pub(super) key: KeyPair,
}

impl Chain {
    pub(super) fn new(name: &str, keys: &'static SignatureAlgorithm) -> Self {
        let key = || KeyPair::generate_for(keys).unwrap();
        let (params, root_key) = (authority(&format!("{name} Root")), key());
        let root = params.self_signed(&root_key).unwrap().der().to_vec();
        let root_issuer = Issuer::new(params, root_key);
        let (params, key) = (authority(&format!("{name} M01")), key());
        let intermediate = params.signed_by(&key, &root_issuer).unwrap().pem();
        Self {
            root,
            intermediate,
            issuer: Issuer::new(params, key),
            keys,
        }
    }

    /// A server of this name or address.
    pub(super) fn leaf(&self, name: &str) -> Leaf {
        let key = KeyPair::generate_for(self.keys).unwrap();
        let leaf = server(name, &[name]).signed_by(&key, &self.issuer).unwrap();
        Leaf {
            chain: pem(leaf.der()) + &self.intermediate,
            key,
        }
    }
}

/// A store with one image.
pub(super) struct Store(Host);

impl Store {
    pub(super) fn start(house: &House, chain: &Chain, image: Vec<u8>) -> Self {
        let config = config(&device_roots(house), &chain.leaf(STORE));
        Self(Host::start(config, move |_, tls| {
            loop {
                let range = read(tls)?.range.ok_or(io::ErrorKind::InvalidData)?;
                bytes(&image, range, tls)?;
            }
        }))
    }

    pub(super) fn url(&self) -> String {
        format!("https://{STORE}:{}/bucket/image.bin", self.0.port)
    }

    /// Of each connection that came about, whether a client's certificate was shown.
    pub(super) fn shown(&self) -> Vec<bool> {
        self.0.shown.lock().unwrap().clone()
    }
}

/// Our server, with its own key: it offers a release, and redirects whoever fetches it to the store.
pub(super) struct Server {
    host: Host,
    redirects: Arc<AtomicBool>,
    devices: Arc<RootCertStore>,
}

impl Server {
    pub(super) fn start(house: &House, manifest: Vec<u8>, image: Vec<u8>, store: String) -> Self {
        let own = |name: &str| fs::read_to_string(house.state().join(name)).unwrap();
        let leaf = Leaf {
            chain: own("server/server.pem"),
            key: KeyPair::from_pem(&own("server/server.key")).unwrap(),
        };
        let devices = device_roots(house);
        let redirects = Arc::new(AtomicBool::new(true));
        let redirecting = Arc::clone(&redirects);
        let host = Host::start(config(&devices, &leaf), move |port, tls| {
            loop {
                let ask = read(tls)?;
                match ask.range {
                    Some(_) if redirecting.load(Ordering::Relaxed) => {
                        let location = format!("Location: {store}\r\n");
                        answer(tls, "302 Found", &location, b"")?;
                    }
                    Some(range) => bytes(&image, range, tls)?,
                    None if ask.target == CHECK_IN => {
                        let url = format!("https://localhost:{port}/image");
                        let reply = reply(now(), Some((1, &manifest, &url)));
                        answer(tls, "200 OK", "", &reply)?;
                    }
                    None => answer(tls, "204 No Content", "", b"")?,
                }
            }
        });
        Self {
            host,
            redirects,
            devices,
        }
    }

    pub(super) fn port(&self) -> u16 {
        self.host.port
    }

    /// Gives the image itself from now on.
    pub(super) fn serve_by_itself(&self) {
        self.redirects.store(false, Ordering::Relaxed);
    }

    /// Shows another chain from now on.
    pub(super) fn shows(&self, leaf: &Leaf) {
        *self.host.config.lock().unwrap() = config(&self.devices, leaf);
    }

    /// Of each connection that came about, whether a client's certificate was shown.
    pub(super) fn shown(&self) -> Vec<bool> {
        self.host.shown.lock().unwrap().clone()
    }
}

/// A port on loopback, and the thread that listens there.
struct Host {
    port: u16,
    config: Arc<Mutex<Arc<ServerConfig>>>,
    shown: Arc<Mutex<Vec<bool>>>,
    over: Arc<AtomicBool>,
    listener: Option<JoinHandle<()>>,
}

impl Host {
    /// `serve` is told the port, and ends by an error when its client hangs up.
    fn start(
        config: Arc<ServerConfig>,
        serve: impl Fn(u16, &mut Tls) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = tcp.local_addr().unwrap().port();
        let config = Arc::new(Mutex::new(config));
        let (shown, over) = (Arc::default(), Arc::new(AtomicBool::new(false)));
        let (configs, log, ends) = (
            Arc::clone(&config),
            Arc::<Mutex<Vec<bool>>>::clone(&shown),
            Arc::clone(&over),
        );
        let one = move |tcp: TcpStream| {
            tcp.set_read_timeout(Some(PATIENCE))?;
            tcp.set_write_timeout(Some(PATIENCE))?;
            let config = Arc::clone(&configs.lock().unwrap());
            let mut tls = shake_hands(config, tcp)?;
            let certificates = tls.conn.peer_certificates();
            log.lock().unwrap().push(certificates.is_some());
            serve(port, &mut tls)
        };
        // A device has one connection at a time.
        let listener = thread::spawn(move || {
            for tcp in tcp.incoming().map_while(Result::ok) {
                if ends.load(Ordering::Relaxed) {
                    break;
                }
                // How it ends is the device's affair.
                let _ = one(tcp);
            }
        });
        Self {
            port,
            config,
            shown,
            over,
            listener: Some(listener),
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let woken = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        let ended = self.listener.take().map(JoinHandle::join);
        if !thread::panicking() {
            woken.unwrap();
            ended.unwrap().unwrap();
        }
    }
}

/// A server that asks for a client's certificate, takes what the house issued, and goes on without one.
fn config(devices: &Arc<RootCertStore>, leaf: &Leaf) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let clients =
        WebPkiClientVerifier::builder_with_provider(Arc::clone(devices), Arc::clone(&provider))
            .allow_unauthenticated()
            .build()
            .unwrap();
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(leaf.chain.as_bytes()).collect();
    let key = PrivateKeyDer::from_pem_slice(leaf.key.serialize_pem().as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(clients)
        .with_single_cert(chain.unwrap(), key);
    Arc::new(config.unwrap())
}

fn device_roots(house: &House) -> Arc<RootCertStore> {
    let root = fs::read(house.state().join("authorities/device-root.pem")).unwrap();
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(&root).unwrap())
        .unwrap();
    Arc::new(roots)
}

/// The bytes of an image that were asked for.
fn bytes(image: &[u8], range: (usize, usize), tls: &mut Tls) -> io::Result<()> {
    let (head, body) = part_of(image, range);
    send(tls, &[head.as_bytes(), &body].concat())
}

/// No connection outlives its device by more than this.
const PATIENCE: Duration = Duration::from_secs(20);
