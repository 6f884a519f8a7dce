//! When CRLs are made, and what is in them.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use countersign_fleet::{DeviceId, RevocationReason};
use countersign_fleet_sqlite::SqliteStore;
use countersign_images::{LocalStore, url::UrlKey};
use countersign_keys::FileKey;
use countersign_operations::{
    Authorities, Clock, Context, Entropy, Gate, Product, Settings,
    authorities::{Custody, CustodyError, KeyPlace, Kind, Line},
    certify::{self, Certify, Subject},
    crl::{self, CrlSettings, When},
    found, refusals, revoke, revoke_certificate,
};
use countersign_pki::{Authority, Signer, certificate_request};
use countersign_protocol::UnixTime;
use countersign_x509::{Certificate, Crl, ReasonCode};
use tempfile::TempDir;
use zeroize::Zeroizing;

/// A clock that is set, and bytes that never repeat.
#[derive(Debug)]
struct Steady {
    now: AtomicU64,
    filled: AtomicU64,
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

/// Where others read CRLs: in memory. It may be full.
#[derive(Debug, Default)]
struct Shelf {
    crls: Mutex<BTreeMap<String, Crl>>,
    full: AtomicBool,
}

impl Custody for Shelf {
    fn place(&self, _: &str) -> Result<KeyPlace, CustodyError> {
        Ok(KeyPlace::Elsewhere)
    }

    fn prepare(&self, _: Kind, _: Option<&str>) -> Result<Arc<dyn Signer>, CustodyError> {
        Err(CustodyError("no".to_owned()))
    }

    fn prepared(&self, _: Kind) -> Result<Option<Arc<dyn Signer>>, CustodyError> {
        Ok(None)
    }

    fn install(&self, _: Kind, _: &Certificate) -> Result<u32, CustodyError> {
        Err(CustodyError("no".to_owned()))
    }

    fn remove_root_key(&self, _: Kind) -> Result<(), CustodyError> {
        Err(CustodyError("no".to_owned()))
    }

    fn published(&self, name: &str) -> Result<Option<Crl>, CustodyError> {
        Ok(self.crls.lock().unwrap().get(name).cloned())
    }

    fn publish(&self, name: &str, crl: &Crl) -> Result<(), CustodyError> {
        if self.full.load(Ordering::Relaxed) {
            return Err(CustodyError("the disk is full".to_owned()));
        }
        let mut crls = self.crls.lock().unwrap();
        crls.insert(name.to_owned(), crl.clone());
        Ok(())
    }
}

struct House {
    context: Context,
    clock: Arc<Steady>,
    shelf: Arc<Shelf>,
    _folder: TempDir,
}

impl House {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let clock = Arc::new(Steady {
            now: AtomicU64::new(NOW),
            filled: AtomicU64::new(0),
        });
        let line = |what| {
            let key = || Arc::new(FileKey::generate().unwrap()) as Arc<dyn Signer>;
            let (root, issuing) = (key(), key());
            let made = found::hierarchy("Test", what, &root, &issuing, &*clock, &*clock);
            let made = made.unwrap();
            let issuing = Authority::new(made.issuing, vec![made.root.clone()], issuing);
            Line {
                root: made.root,
                issuing: issuing.unwrap(),
                superseded: Vec::new(),
            }
        };
        let (device, server) = (line("device"), line("server"));
        let shelf = Arc::<Shelf>::default();
        let store = SqliteStore::open(&folder.path().join("fleet.sqlite")).await;
        let product = Product {
            authors: Vec::new(),
            unsigned_images: true,
            chip: None,
        };
        let context = Context {
            gate: Gate::new(device.root.clone()),
            server_root: server.root.clone(),
            store: Arc::new(store.unwrap()),
            images: Arc::new(LocalStore::open(folder.path().join("images")).unwrap()),
            authorities: Authorities::new(device, server, Arc::clone(&shelf) as Arc<dyn Custody>),
            url_keys: vec![UrlKey::new("1", Zeroizing::new([7; 32])).unwrap()],
            settings: Settings {
                products: [("demo".parse().unwrap(), product)].into(),
                device_url: "https://localhost:8443".to_owned(),
                download_url: "https://localhost:8445".to_owned(),
                check_in_s: 60,
                attempts: 3,
                slowest_rate: 4096,
                patience_s: 60,
                profiles: countersign_pki::Profiles::default(),
                crl: CrlSettings::default(),
            },
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            entropy: Arc::clone(&clock) as Arc<dyn Entropy>,
            seen: countersign_operations::seen::SeenBuffer::default(),
            refusals: refusals::Refusals::default(),
            publishing: tokio::sync::Mutex::default(),
        };
        Self {
            context,
            clock,
            shelf,
            _folder: folder,
        }
    }

    fn pass(&self, seconds: u64) {
        self.clock.now.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Issues a certificate; gives its serial number.
    async fn issue(&self, id: &str, in_service: bool) -> String {
        let key = FileKey::generate().unwrap();
        let asked = Certify {
            subject: Subject::Device {
                id: id.parse().unwrap(),
                product: None,
                in_service,
            },
            request: certificate_request(&key, "x").unwrap().into_bytes(),
        };
        certify::certify(&self.context, &asked)
            .await
            .unwrap()
            .serial
    }

    async fn revoke(&self, id: &str) {
        let id: DeviceId = id.parse().unwrap();
        revoke::revoke(&self.context, &id, None).await.unwrap();
    }

    /// What others read of the authority for devices: its number, and whom it names.
    fn published(&self) -> Option<(Vec<u8>, Vec<ReasonCode>)> {
        let crls = self.shelf.crls.lock().unwrap();
        let crl = crls.get("device-issuing")?;
        assert!(crl.is_issued_by(self.context.authorities.issuing(Kind::Device).certificate()));
        Some((
            crl.number().to_vec(),
            crl.revoked().map(|one| one.reason).collect(),
        ))
    }

    fn named(&self) -> usize {
        self.published().map_or(0, |(_, named)| named.len())
    }

    fn number(&self) -> Vec<u8> {
        self.published().unwrap().0
    }
}

#[tokio::test]
async fn a_revocation_is_out_at_once_and_the_next_one_a_minute_later() {
    let house = House::new().await;
    for id in ["d1", "d2", "d3"] {
        house.issue(id, false).await;
    }
    crl::look(&house.context).await;
    let first = house.number();
    house.pass(60);
    crl::look(&house.context).await;
    assert_eq!(house.number(), first, "nothing changed");
    house.revoke("d1").await;
    crl::look(&house.context).await;
    assert_eq!(house.named(), 1);
    let second = house.number();
    assert!(second > first);
    house.revoke("d2").await;
    for _ in 0..6 {
        house.pass(9);
        crl::look(&house.context).await;
        assert_eq!(house.number(), second);
    }
    house.revoke("d3").await;
    house.pass(6);
    crl::look(&house.context).await;
    assert_eq!(house.named(), 3);
    // Who asks does not wait.
    house.issue("d4", false).await;
    house.revoke("d4").await;
    crl::make(&house.context, When::Asked).await.unwrap();
    assert_eq!(house.named(), 4);
}

#[tokio::test]
async fn one_is_renewed_at_half_its_life_though_nothing_changed() {
    let house = House::new().await;
    crl::look(&house.context).await;
    let first = house.number();
    house.pass(7 * DAY / 2 - 1);
    crl::look(&house.context).await;
    assert_eq!(house.number(), first);
    house.pass(1);
    crl::look(&house.context).await;
    assert!(house.number() > first);
}

#[tokio::test]
async fn a_certificate_that_has_ended_stands_in_one_more_and_then_in_none() {
    let house = House::new().await;
    let ends = house.issue("d1", true).await;
    house.issue("d2", false).await;
    let reason = RevocationReason::Superseded;
    let context = &house.context;
    // A further one, so that the first is not its newest.
    house.issue("d1", false).await;
    revoke_certificate::revoke_certificate(context, &ends, reason)
        .await
        .unwrap();
    house.revoke("d2").await;
    crl::look(context).await;
    let both = [ReasonCode::Superseded, ReasonCode::KeyCompromise];
    assert_eq!(house.published().unwrap().1, both);
    house.pass(3 * 365 * DAY + 1);
    crl::look(context).await;
    assert_eq!(house.named(), 2, "seen once after its end");
    house.pass(7 * DAY);
    crl::look(context).await;
    assert_eq!(house.published().unwrap().1, [ReasonCode::KeyCompromise]);
}

#[tokio::test]
async fn numbers_grow_when_the_clock_goes_back() {
    let house = House::new().await;
    crl::look(&house.context).await;
    let first = house.number();
    house.clock.now.store(NOW - DAY, Ordering::Relaxed);
    crl::look(&house.context).await;
    let second = house.number();
    assert!(second > first, "one that is not good yet is made anew");
    house.issue("d1", false).await;
    house.revoke("d1").await;
    crl::make(&house.context, When::Asked).await.unwrap();
    assert!(house.number() > second);
    assert_eq!(house.named(), 1);
}

#[tokio::test]
async fn what_could_not_be_written_is_written_when_there_is_room_again() {
    let house = House::new().await;
    house.issue("d1", false).await;
    crl::look(&house.context).await;
    house.pass(60);
    house.shelf.full.store(true, Ordering::Relaxed);
    house.revoke("d1").await;
    crl::look(&house.context).await;
    assert_eq!(house.named(), 0);
    let told = crl::make(&house.context, When::Asked).await.unwrap();
    let of_devices = told.iter().find(|one| one.authority == "device-issuing");
    let fault = of_devices.unwrap().fault.clone().unwrap();
    assert!(fault.contains("the disk is full"), "{fault}");
    house.shelf.full.store(false, Ordering::Relaxed);
    crl::look(&house.context).await;
    assert_eq!(house.named(), 0, "it is not tried each second");
    house.pass(60);
    crl::look(&house.context).await;
    assert_eq!(house.named(), 1);
}

/// 2026-11-23.
const NOW: u64 = 1_795_400_000;
const DAY: u64 = 24 * 3600;
