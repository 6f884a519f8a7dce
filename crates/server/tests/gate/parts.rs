//! What a world is put together of.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use aws_lc_rs::rand;
use countersign_fleet::AuditEntry;
use countersign_keys::FileKey;
use countersign_operations::{
    Clock, Entropy, Product, Settings, crl::CrlSettings, found, policy::Policy,
};
use countersign_pki::{Authority, Profiles, Signer};
use countersign_protocol::UnixTime;
use countersign_server::Identity;

use crate::world::{PRODUCT, START};

/// A certificate and key for the server, valid for 127.0.0.1.
pub(crate) fn server_identity(servers: &Authority) -> Identity {
    let key = FileKey::generate().unwrap();
    let names = ["127.0.0.1".to_owned()];
    let clock = SetClock::at(START);
    let rules = Profiles::default().server;
    let key_info = key.public_key();
    let leaf = found::server_certificate(servers, &names, &rules, key_info, &clock, &Random);
    Identity {
        chain: servers.chain_of(leaf.unwrap()),
        key: key.to_pkcs8_der().unwrap(),
    }
}

/// A root and its issuing authority.
pub(crate) fn hierarchy(what: &str) -> (found::Hierarchy, Authority) {
    let key = || -> Arc<dyn Signer> { Arc::new(FileKey::generate().unwrap()) };
    let (root, issuing) = (key(), key());
    let clock = SetClock::at(START);
    let made = found::hierarchy("Gate", what, &root, &issuing, &clock, &Random).unwrap();
    let above = vec![made.root.clone()];
    let authority = Authority::new(made.issuing.clone(), above, issuing).unwrap();
    (made, authority)
}

/// One product, with its author.
pub(crate) fn settings(author: &FileKey) -> Settings {
    let product = Product {
        authors: vec![author.public_key().to_vec()],
        policy: Policy {
            unsigned_images: true,
            ..Policy::default()
        },
    };
    Settings {
        products: [(PRODUCT.parse().unwrap(), product)].into_iter().collect(),
        device_url: "https://127.0.0.1:8443".to_owned(),
        download_url: "https://127.0.0.1:8445".to_owned(),
        check_in_s: 3600,
        slowest_rate: 4096,
        patience_s: 300,
        attempts: 3,
        profiles: Profiles::default(),
        crl: CrlSettings::default(),
    }
}

/// A line that nobody reads.
pub(crate) fn audit() -> AuditEntry {
    AuditEntry {
        at: UnixTime(START),
        actor: "test".to_owned(),
        action: "test".to_owned(),
        subject: String::new(),
        detail: String::new(),
    }
}

pub(crate) fn random_id() -> [u8; 16] {
    let mut id = [0; 16];
    Random.fill(&mut id);
    id
}

/// A clock that stands still, unless it is set.
#[derive(Debug)]
pub(crate) struct SetClock(AtomicU64);

impl SetClock {
    pub(crate) const fn at(now: u64) -> Self {
        Self(AtomicU64::new(now))
    }

    pub(crate) fn set(&self, now: u64) {
        self.0.store(now, Ordering::Relaxed);
    }
}

impl Clock for SetClock {
    fn now(&self) -> UnixTime {
        UnixTime(self.0.load(Ordering::Relaxed))
    }
}

/// The system's randomness.
#[derive(Debug)]
pub(crate) struct Random;

impl Entropy for Random {
    fn fill(&self, buffer: &mut [u8]) {
        rand::fill(buffer).unwrap();
    }
}
