//! When CRLs are made, and what is in them.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use countersign_fleet::{DeviceId, RevocationReason};
use countersign_keys::FileKey;
use countersign_operations::{
    Context,
    authorities::{Custody, CustodyError, KeyPlace, Kind},
    certify::{self, Certify, Subject},
    crl::{self, When},
    revoke, revoke_certificate,
};
use countersign_pki::{Signer, certificate_request};
use countersign_x509::{Certificate, Crl, ReasonCode};
use tempfile::TempDir;

use crate::world::{self, NOW, Steady};

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
        let (clock, shelf) = (Arc::<Steady>::default(), Arc::<Shelf>::default());
        let custody = Arc::clone(&shelf) as Arc<dyn Custody>;
        let context = world::context(folder.path(), &clock, custody, &["demo"]).await;
        Self {
            context,
            clock,
            shelf,
            _folder: folder,
        }
    }

    fn pass(&self, seconds: u64) {
        self.clock.pass(seconds);
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
    house.clock.set(NOW - DAY);
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

const DAY: u64 = 24 * 3600;
