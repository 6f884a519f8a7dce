//! What follows where a device may come no more, and where one is turned away.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex},
};

use countersign_fleet::{CertificateProfile, CertificateRecord, DeviceId, StoreError};
use countersign_keys::FileKey;
use countersign_operations::{
    Context, Error, Gate,
    authorities::Nowhere,
    enroll,
    gate::{Bar, Cut},
    refusals::{self, Refused},
    resume, retire, revoke, suspend,
};
use countersign_pki::certificate_request;
use countersign_protocol::{Digest, UnixTime};
use tempfile::TempDir;

use crate::world::{self, NOW, Steady};

/// A plane that notes what it is to cut.
#[derive(Debug, Default)]
struct Plane(Mutex<Vec<Vec<Digest>>>);

impl Cut for Plane {
    fn cut(&self, fingerprints: &[Digest]) {
        self.0.lock().unwrap().push(fingerprints.to_vec());
    }
}

struct House {
    context: Context,
    clock: Arc<Steady>,
    plane: Arc<Plane>,
    _folder: TempDir,
}

impl House {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let clock = Arc::<Steady>::default();
        let context = world::context(folder.path(), &clock, Arc::new(Nowhere), &["demo"]).await;
        let plane = Arc::<Plane>::default();
        context.gate.guard(&(Arc::clone(&plane) as Arc<dyn Cut>));
        Self {
            context,
            clock,
            plane,
            _folder: folder,
        }
    }

    /// Enrolls a device, and gives it a second certificate.
    async fn device(&self, name: &str) -> (DeviceId, Vec<Digest>) {
        let id: DeviceId = name.parse().unwrap();
        let key = FileKey::generate().unwrap();
        let request = enroll::Request {
            id: id.clone(),
            product: None,
            request: certificate_request(&key, name).unwrap().into_bytes(),
        };
        enroll::enroll(&self.context, &request).await.unwrap();
        let store = &self.context.store;
        let first = store.certificates(&id).await.unwrap().remove(0);
        let second = CertificateRecord {
            fingerprint: Digest([name.len().try_into().unwrap(); 32]),
            profile: CertificateProfile::DeviceInService,
            not_after: UnixTime(NOW + 1000),
            ..first.clone()
        };
        let audit = countersign_fleet::conformance::entry("test", name, NOW);
        store.add_certificate(&second, &audit).await.unwrap();
        (id, vec![first.fingerprint, second.fingerprint])
    }

    fn bars(&self, fingerprints: &[Digest]) -> Vec<Option<Bar>> {
        let bars = |fingerprint| self.context.gate.bars(fingerprint);
        fingerprints.iter().map(bars).collect()
    }

    /// What was cut since this was last asked, each in order.
    fn cut(&self) -> Vec<Vec<Digest>> {
        let mut cut = std::mem::take(&mut *self.plane.0.lock().unwrap());
        for one in &mut cut {
            one.sort_unstable();
        }
        cut
    }

    fn turn_away(&self, code: &'static str, claimed: Option<&str>, shown: Option<Digest>) {
        self.context.refusals.push(Refused {
            at: self.context.clock.now(),
            plane: "device",
            from: IpAddr::from([192, 0, 2, 7]),
            claimed: claimed.map(str::to_owned),
            shown,
            code,
            reason: "for a reason".to_owned(),
            times: 1,
        });
    }
}

fn sorted(mut fingerprints: Vec<Digest>) -> Vec<Digest> {
    fingerprints.sort_unstable();
    fingerprints
}

#[tokio::test]
async fn the_gate_follows_a_device_s_state() {
    let house = House::new().await;
    let (context, (id, certificates)) = (&house.context, house.device("d1").await);
    let (_, of_another) = house.device("d2-other").await;
    let both = |bar| vec![bar; 2];
    assert_eq!(house.bars(&certificates), both(None));

    suspend::suspend(context, &id, Some("lent")).await.unwrap();
    assert_eq!(house.bars(&certificates), both(Some(Bar::Suspended)));
    assert_eq!(house.cut(), [sorted(certificates.clone())]);
    resume::resume(context, &id).await.unwrap();
    assert_eq!(house.bars(&certificates), both(None));
    assert!(house.cut().is_empty());

    let retired = retire::retire(context, &id, None).await.unwrap();
    assert_eq!(retired.state, "retired");
    assert_eq!(house.bars(&certificates), both(Some(Bar::Revoked)));
    assert_eq!(house.cut().len(), 1);
    let refused = resume::resume(context, &id).await.unwrap_err();
    assert!(matches!(
        refused,
        Error::Store(StoreError::DeviceRetired(_))
    ));
    assert_eq!(house.bars(&certificates), both(Some(Bar::Revoked)));

    revoke::revoke(context, &id, Some("stolen")).await.unwrap();
    let refused = retire::retire(context, &id, None).await.unwrap_err();
    assert!(matches!(
        refused,
        Error::Store(StoreError::DeviceRevoked(_))
    ));
    assert_eq!(house.bars(&of_another), both(None));

    // A server that starts now knows the same.
    let again = Gate::new(context.server_root.clone());
    again.load(&*context.store).await.unwrap();
    assert_eq!(again.barred(), 2);
}

#[tokio::test]
async fn revoking_again_changes_nothing_and_cuts_again() {
    let house = House::new().await;
    let (context, (id, certificates)) = (&house.context, house.device("d1").await);
    for _ in 0..3 {
        let view = revoke::revoke(context, &id, Some("stolen")).await.unwrap();
        assert_eq!(view.state, "revoked");
        assert_eq!(house.cut(), [sorted(certificates.clone())]);
    }
    let log = context.store.audit_log(99).await.unwrap();
    let revoked = log.iter().filter(|line| line.action == "device.revoke");
    assert_eq!(revoked.count(), 1);
}

#[tokio::test]
async fn why_a_device_was_turned_away_is_with_the_device() {
    let house = House::new().await;
    let (context, (id, certificates)) = (&house.context, house.device("d1").await);
    // By its certificate, whatever name is said with it; twice.
    for _ in 0..2 {
        house.turn_away("certificate-ended", Some("d2"), Some(certificates[1]));
    }
    // By its name alone: one certificate is nobody's, and of the other nothing is known.
    house.turn_away("unknown-issuer", Some("d1"), Some(Digest([0xEE; 32])));
    house.turn_away("no-certificate", Some("d1"), None);
    // Nobody's.
    house.turn_away("unknown-issuer", Some("../d1"), None);
    house.turn_away("unknown-issuer", Some("nobody"), None);
    house.turn_away("no-certificate", None, None);

    house.clock.pass(3000);
    let view = countersign_operations::devices::show(context, &id)
        .await
        .unwrap();
    let kinds = view
        .refusals
        .iter()
        .map(|one| (one.reason.as_str(), one.proved, one.times));
    let mut kinds: Vec<_> = kinds.collect();
    kinds.sort_unstable();
    let wanted = [
        ("certificate-ended", true, 2),
        ("no-certificate", false, 1),
        ("unknown-issuer", false, 1),
    ];
    assert_eq!(kinds, wanted);
    let ended = view.refusals.iter().find(|one| one.proved).unwrap();
    assert!(
        ended.sentence.starts_with("turned away "),
        "{}",
        ended.sentence
    );
    assert!(ended.advice.is_some());

    // Nothing is left to write, and what is written adds up.
    refusals::flush(context).await.unwrap();
    house.turn_away("certificate-ended", None, Some(certificates[1]));
    refusals::flush(context).await.unwrap();
    let kept = context.store.refusals(&id).await.unwrap();
    assert_eq!(kept.len(), 3);
    assert_eq!(kept[0].times, 3);
}

#[tokio::test]
async fn strangers_in_any_number_cost_a_bounded_memory_and_push_out_no_device_s_own() {
    let house = House::new().await;
    let (context, (id, certificates)) = (&house.context, house.device("d1").await);
    house.turn_away("device-suspended", Some("d1"), Some(certificates[0]));
    for n in 0..5000_u32 {
        house.turn_away("unknown-issuer", Some(&format!("stranger-{n}")), None);
    }
    refusals::flush(context).await.unwrap();
    let kept = context.store.refusals(&id).await.unwrap();
    assert_eq!((kept.len(), kept[0].code.as_str()), (1, "device-suspended"));
}
