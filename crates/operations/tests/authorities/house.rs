//! An installation without a server, and a clock that is set by hand.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use countersign_fleet::{AuditEntry, DeviceId, RegisteredAuthority, conformance};
use countersign_fleet_sqlite::SqliteStore;
use countersign_images::{LocalStore, url::UrlKey};
use countersign_keys::FileKey;
use countersign_operations::{
    Clock, Context, Entropy, Error, Gate, Product, Refusal, Settings,
    admit::{Shown, admit},
    enroll, found, refusals,
};
use countersign_pki::{Authority, Signer, certificate_request};
use countersign_protocol::UnixTime;
use countersign_x509::{Certificate, pem};
use tempfile::TempDir;
use zeroize::Zeroizing;

/// A clock that is set, and bytes that never repeat.
#[derive(Debug, Default)]
pub(crate) struct Steady {
    /// Seconds since the test began.
    passed: AtomicU64,
    filled: AtomicU64,
}

impl Clock for Steady {
    fn now(&self) -> UnixTime {
        UnixTime(NOW + self.passed.load(Ordering::Relaxed))
    }
}

impl Entropy for Steady {
    fn fill(&self, buffer: &mut [u8]) {
        let n = self.filled.fetch_add(1, Ordering::Relaxed) + 1;
        let bytes = n.to_be_bytes();
        for (to, from) in buffer.iter_mut().rev().zip(bytes.iter().rev().cycle()) {
            *to = *from;
        }
    }
}

pub(crate) struct House {
    pub(crate) context: Arc<Context>,
    pub(crate) clock: Arc<Steady>,
    pub(crate) device_root: Certificate,
    pub(crate) server_issuing: Certificate,
    _folder: TempDir,
}

impl House {
    /// One with the products `ours` and `theirs`.
    pub(crate) async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let clock = Arc::<Steady>::default();
        let hierarchy = |what| {
            let key = || Arc::new(FileKey::generate().unwrap()) as Arc<dyn Signer>;
            let (root, issuing) = (key(), key());
            let made = found::hierarchy("Test", what, &root, &issuing, &*clock, &*clock);
            let made = made.unwrap();
            let above = vec![made.root.clone()];
            let authority = Authority::new(made.issuing.clone(), above, issuing);
            (made, authority.unwrap())
        };
        let (device, device_authority) = hierarchy("device");
        let (server, _) = hierarchy("server");
        let store = SqliteStore::open(&folder.path().join("fleet.sqlite")).await;
        let product = |name: &str| {
            let product = Product {
                authors: Vec::new(),
                unsigned_images: true,
                chip: None,
            };
            (name.parse().unwrap(), product)
        };
        let context = Context {
            gate: Gate::new(device.root.clone()),
            store: Arc::new(store.unwrap()),
            images: Arc::new(LocalStore::open(folder.path().join("images")).unwrap()),
            device_authority,
            server_root: server.root,
            url_keys: vec![UrlKey::new("1", Zeroizing::new([7; 32])).unwrap()],
            settings: Settings {
                products: [product("ours"), product("theirs")].into(),
                device_url: "https://localhost:8443".to_owned(),
                download_url: "https://localhost:8445".to_owned(),
                check_in_s: 60,
                attempts: 3,
                slowest_rate: 4096,
                patience_s: 60,
            },
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            entropy: Arc::clone(&clock) as Arc<dyn Entropy>,
            seen: countersign_operations::seen::SeenBuffer::default(),
            refusals: refusals::Refusals::default(),
            publishing: tokio::sync::Mutex::default(),
        };
        Self {
            context: Arc::new(context),
            clock,
            device_root: device.root,
            server_issuing: server.issuing,
            _folder: folder,
        }
    }

    /// Enrolls a device of ours; gives its certificate.
    pub(crate) async fn enroll(&self, name: &str) -> Certificate {
        let key = FileKey::generate().unwrap();
        let request = enroll::Request {
            id: id(name),
            product: Some("ours".parse().unwrap()),
            request: certificate_request(&key, name).unwrap().into_bytes(),
        };
        let view = enroll::enroll(&self.context, &request).await.unwrap();
        pem::certificates(view.chain.as_bytes()).unwrap().remove(0)
    }

    /// Registers an authority, or changes what is registered of it.
    pub(crate) async fn register(&self, authority: &RegisteredAuthority) {
        let (store, audit) = (&self.context.store, audit());
        if store.set_authority(authority, &audit).await.is_err() {
            store.add_authority(authority, &audit).await.unwrap();
        }
        let gate = &self.context.gate;
        gate.load_anchors(&**store).await.unwrap();
    }

    pub(crate) fn wait_until(&self, at: u64) {
        self.clock.passed.store(at - NOW, Ordering::Relaxed);
    }

    /// The device that comes in, or why it does not.
    pub(crate) async fn admit(&self, shown: &Shown) -> Result<DeviceId, Refusal> {
        match admit(&self.context, shown).await {
            Ok(admitted) => Ok(admitted.device().id.clone()),
            Err(Error::NotAdmitted(refusal)) => Err(refusal),
            Err(error) => panic!("{error}"),
        }
    }

    /// How many devices there are, and how many certificates of this one.
    pub(crate) async fn counts(&self, name: &str) -> (usize, usize) {
        let store = &self.context.store;
        let devices = store.devices().await.unwrap().len();
        (devices, store.certificates(&id(name)).await.unwrap().len())
    }
}

pub(crate) fn id(name: &str) -> DeviceId {
    name.parse().unwrap()
}

pub(crate) fn audit() -> AuditEntry {
    conformance::entry("test", "test", NOW)
}

/// 2026-11-23T00:00:00Z.
pub(crate) const NOW: u64 = 1_795_392_000;
