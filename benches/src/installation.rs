//! A whole installation in a temporary folder, as `countersign init` and `serve` make it.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result};
use countersign_fleet::ProductName;
use countersign_fleet_sqlite::SqliteStore;
use countersign_images::{LocalStore, url::UrlKey};
use countersign_keys::FileKey;
use countersign_operations::{
    Authorities, Clock, Context, Entropy, Gate, Product, Settings,
    crl::CrlSettings,
    enroll, found, publish,
    refusals::Refusals,
    seen::{self, SeenBuffer},
    sign,
};
use countersign_pki::{Authority, Profiles, Signer, certificate_request};
use countersign_protocol::{CheckIn, Digest, MAX_CHECK_IN, SlotState, UnixTime};
use countersign_server::{Config, Identity as ServerIdentity, IdentityHandle, Limits, bind};
use countersign_x509::{Certificate, pem, sha256};
use esp_formats::app_image::{ChipId, Composition, compose, composed_len};
use tempfile::TempDir;
use tokio::{
    runtime::{Builder, Runtime},
    sync::watch,
    task::JoinHandle,
};
use zeroize::Zeroizing;

use crate::client;

/// An installation with its devices, one release published, nothing served yet.
pub(crate) struct Installation {
    pub(crate) devices: Vec<client::Identity>,
    pub(crate) server_root: Certificate,
    /// What every device says: that it runs the newest release.
    pub(crate) check_in: Vec<u8>,
    server: IdentityHandle,
    context: Arc<Context>,
    /// The server's threads: not those of the client.
    runtime: Runtime,
    folder: TempDir,
    /// How many servers there were.
    servers: AtomicUsize,
}

impl Installation {
    /// Founds both hierarchies, publishes a release and enrolls so many devices.
    pub(crate) fn found(devices: usize) -> Result<Self> {
        let runtime = Builder::new_multi_thread().enable_all().build()?;
        let folder = tempfile::Builder::new()
            .prefix("countersign-bench-")
            .tempdir()?;
        let keys = folder.path().join("keys");
        std::fs::create_dir(&keys)?;
        let (device, device_issuing) = hierarchy(&keys, "device")?;
        let (server, server_issuing) = hierarchy(&keys, "server")?;
        let key = FileKey::create_new(&keys.join("server.key"))?;
        let leaf = found::server_certificate(
            &server_issuing,
            &["127.0.0.1".to_owned()],
            &Profiles::default().server,
            key.public_key(),
            &System,
            &System,
        )?;
        let identity = IdentityHandle::new(&ServerIdentity {
            chain: server_issuing.chain_of(leaf),
            key: key.to_pkcs8_der()?,
        })?;
        let author = FileKey::generate()?;
        let store = runtime.block_on(SqliteStore::open(&folder.path().join("fleet.sqlite")))?;
        let mut secret = Zeroizing::new([0; 32]);
        System.fill(&mut *secret);
        let context = Context {
            gate: Gate::new(device.root),
            store: Arc::new(store),
            images: Arc::new(LocalStore::open(folder.path().join("images"))?),
            authorities: Authorities::fixed(device_issuing, server_issuing)?,
            server_root: server.root.clone(),
            url_keys: vec![UrlKey::new("1", secret)?],
            settings: settings(&author)?,
            clock: Arc::new(System),
            entropy: Arc::new(System),
            seen: SeenBuffer::default(),
            refusals: Refusals::default(),
            publishing: tokio::sync::Mutex::default(),
        };
        let check_in = runtime.block_on(release(&context, &author))?;
        let devices = (0..devices).map(|n| runtime.block_on(device_of(&context, n)));
        Ok(Self {
            devices: devices.collect::<Result<_>>()?,
            server_root: server.root,
            check_in,
            server: identity,
            context: Arc::new(context),
            runtime,
            folder,
            servers: AtomicUsize::new(0),
        })
    }

    /// Begins to serve, on threads of its own. Every server begins without sessions, and knows no device's chain.
    pub(crate) async fn serve(&self) -> Result<Server<'_>> {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let nth = self.servers.fetch_add(1, Ordering::Relaxed);
        let config = Config {
            device: any,
            download: any,
            operator: None,
            socket: self.folder.path().join(format!("operator-{nth}.sock")),
            name_authorities: true,
        };
        // Its sockets belong to the server's threads too.
        let bound = self
            .runtime
            .spawn(async move { bind(&config, &unlimited()) })
            .await??;
        let at = bound.addresses().device;
        let (stop, stopped) = watch::channel(false);
        let (context, identity) = (Arc::clone(&self.context), self.server.clone());
        let serving = self.runtime.spawn(async move {
            bound
                .serve(context, &identity, "unused".into(), unlimited(), stopped)
                .await
        });
        Ok(Server {
            at,
            installation: self,
            stop,
            serving,
        })
    }
}

/// A server that serves.
pub(crate) struct Server<'a> {
    /// Its device plane.
    pub(crate) at: SocketAddr,
    installation: &'a Installation,
    stop: watch::Sender<bool>,
    serving: JoinHandle<Result<(), countersign_server::Error>>,
}

impl Server<'_> {
    /// Writes what devices said and the server would write within the second, so that it is part of what was measured.
    pub(crate) async fn write_seen(&self) -> Result<()> {
        let context = Arc::clone(&self.installation.context);
        let written = self
            .installation
            .runtime
            .spawn(async move { seen::flush(&context).await });
        Ok(written.await??)
    }

    /// Ends it.
    pub(crate) async fn stop(self) -> Result<()> {
        self.stop.send_replace(true);
        Ok(self.serving.await??)
    }
}

fn hierarchy(keys: &Path, what: &str) -> Result<(found::Hierarchy, Authority)> {
    let key = |level: &str| -> Result<Arc<dyn Signer>> {
        let path = keys.join(format!("{what}-{level}.key"));
        Ok(Arc::new(FileKey::create_new(&path)?))
    };
    let (root_key, issuing_key) = (key("root")?, key("issuing")?);
    let made = found::hierarchy("Bench", what, &root_key, &issuing_key, &System, &System)?;
    let issuing = Authority::new(made.issuing.clone(), vec![made.root.clone()], issuing_key)?;
    Ok((made, issuing))
}

/// All clients are one address here, and one that comes as often as it can.
fn unlimited() -> Limits {
    Limits {
        per_address: usize::MAX,
        per_address_per_second: usize::MAX,
        ..Limits::default()
    }
}

fn settings(author: &FileKey) -> Result<Settings> {
    let product = Product {
        authors: vec![author.public_key().to_vec()],
        unsigned_images: true,
        chip: None,
    };
    Ok(Settings {
        products: [(PRODUCT.parse::<ProductName>()?, product)].into(),
        device_url: "https://127.0.0.1:8443".to_owned(),
        download_url: "https://127.0.0.1:8445".to_owned(),
        check_in_s: 3600,
        slowest_rate: 4096,
        patience_s: 300,
        attempts: 3,
        profiles: Profiles::default(),
        crl: CrlSettings::default(),
    })
}

/// Publishes a release, and says what a device that runs it says.
async fn release(context: &Context, author: &FileKey) -> Result<Vec<u8>> {
    let composition = Composition {
        chip: ChipId(ESP32_C3),
        secure_version: 0,
        version: VERSION,
        project_name: "bench",
        time: "00:00:00",
        date: "Jan  1 2026",
        idf_version: "v5.5.1",
        payload: b"",
        filler_len: 64 * 1024,
    };
    let mut image = vec![0; composed_len(&composition)?];
    let length = compose(&composition, &mut image, sha256)?;
    image.truncate(length);
    let terms = sign::Terms {
        product: PRODUCT,
        counter: 1,
        created: System.now(),
        not_after: None,
    };
    publish::publish(context, &sign::sign(&image, &terms, author)?, &image).await?;
    let said = CheckIn {
        product: PRODUCT,
        chip: ESP32_C3,
        version: VERSION,
        image: Some(Digest(sha256(&image))),
        counter: 1,
        secure_version: 0,
        slot: 0,
        state: SlotState::Confirmed,
    };
    let mut message = vec![0; MAX_CHECK_IN];
    let length = said.encode(&mut message)?;
    message.truncate(length);
    Ok(message)
}

async fn device_of(context: &Context, n: usize) -> Result<client::Identity> {
    let key = FileKey::generate()?;
    let id = format!("bench-{n:06}");
    let request = enroll::Request {
        request: certificate_request(&key, &id)?.into_bytes(),
        id: id.parse()?,
        product: None,
    };
    let enrolled = enroll::enroll(context, &request).await?;
    let chain = pem::certificates(enrolled.chain.as_bytes()).context("the device's chain")?;
    Ok(client::Identity {
        chain: chain.iter().map(|one| one.der().to_vec()).collect(),
        key: key.to_pkcs8_der()?,
    })
}

/// The system's clock and its randomness.
#[derive(Clone, Copy, Debug)]
struct System;

impl Clock for System {
    #[expect(clippy::disallowed_methods, reason = "this is the program's clock")]
    fn now(&self) -> UnixTime {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        UnixTime(since.unwrap_or_default().as_secs())
    }
}

impl Entropy for System {
    fn fill(&self, buffer: &mut [u8]) {
        if aws_lc_rs::rand::fill(buffer).is_err() {
            std::process::abort();
        }
    }
}

const PRODUCT: &str = "bench";
const VERSION: &str = "1.0.0";
/// `esp_chip_id_t` of the ESP32-C3.
const ESP32_C3: u16 = 5;
