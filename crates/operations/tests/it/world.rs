//! What an installation without a server is made of.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use countersign_fleet_sqlite::SqliteStore;
use countersign_images::{LocalStore, url::UrlKey};
use countersign_keys::FileKey;
use countersign_operations::{
    Authorities, Clock, Context, Entropy, Gate, Product, Settings,
    authorities::{Custody, Line},
    crl::CrlSettings,
    found,
    policy::Policy,
    refusals,
    seen::SeenBuffer,
};
use countersign_pki::{Authority, Profiles, Signer};
use countersign_protocol::UnixTime;
use zeroize::Zeroizing;

/// 2026-11-23T00:00:00Z: when each test begins.
pub(crate) const NOW: u64 = 1_795_392_000;

/// A clock that is set, and bytes that never repeat.
#[derive(Debug)]
pub(crate) struct Steady {
    now: AtomicU64,
    filled: AtomicU64,
}

impl Default for Steady {
    fn default() -> Self {
        Self {
            now: AtomicU64::new(NOW),
            filled: AtomicU64::new(0),
        }
    }
}

impl Steady {
    pub(crate) fn set(&self, now: u64) {
        self.now.store(now, Ordering::Relaxed);
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.now.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for Steady {
    fn now(&self) -> UnixTime {
        UnixTime(self.now.load(Ordering::Relaxed))
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

/// An installation with these products, without images that must be signed.
pub(crate) async fn context(
    folder: &Path,
    clock: &Arc<Steady>,
    custody: Arc<dyn Custody>,
    products: &[&str],
) -> Context {
    let (device, server) = (line("device", clock), line("server", clock));
    let store = SqliteStore::open(&folder.join("fleet.sqlite")).await;
    let product = |name: &&str| {
        let product = Product {
            authors: Vec::new(),
            policy: Policy {
                unsigned_images: true,
                ..Policy::default()
            },
        };
        (name.parse().unwrap(), product)
    };
    Context {
        gate: Gate::new(device.root.clone()),
        server_root: server.root.clone(),
        store: Arc::new(store.unwrap()),
        images: Arc::new(LocalStore::open(folder.join("images")).unwrap()),
        authorities: Authorities::new(device, server, custody),
        url_keys: vec![UrlKey::new("1", Zeroizing::new([7; 32])).unwrap()],
        settings: Settings {
            products: products.iter().map(product).collect(),
            device_url: "https://localhost:8443".to_owned(),
            download_url: "https://localhost:8445".to_owned(),
            check_in_s: 60,
            attempts: 3,
            slowest_rate: 4096,
            patience_s: 60,
            profiles: Profiles::default(),
            crl: CrlSettings::default(),
        },
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        entropy: Arc::clone(clock) as Arc<dyn Entropy>,
        seen: SeenBuffer::default(),
        refusals: refusals::Refusals::default(),
        publishing: tokio::sync::Mutex::default(),
    }
}

fn line(what: &str, clock: &Arc<Steady>) -> Line {
    let key = || Arc::new(FileKey::generate().unwrap()) as Arc<dyn Signer>;
    let (root, issuing) = (key(), key());
    let made = found::hierarchy("Test", what, &root, &issuing, &**clock, &**clock).unwrap();
    let issuing = Authority::new(made.issuing, vec![made.root.clone()], issuing);
    Line {
        root: made.root,
        issuing: issuing.unwrap(),
        superseded: Vec::new(),
    }
}
