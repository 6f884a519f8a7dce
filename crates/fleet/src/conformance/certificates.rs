//! Certificates by themselves: looked for, revoked, barred, published.

use countersign_protocol::{Digest, UnixTime};

use super::{audited, certificate, device, entry};
use crate::{
    Barred, CertificateProfile, CertificateRecord, CertificateSearch, CrlRecord, DeviceId,
    DeviceState, Issued, RevocationReason, Revoked, RevokedSerial, Store, StoreError,
};

pub(super) async fn adds_and_finds(store: &impl Store) {
    create(store, "d1").await;
    create(store, "d2").await;
    let nobody = CertificateSearch::default();
    assert_eq!(find(store, &nobody, 0).await, []);

    let ours = CertificateRecord {
        profile: CertificateProfile::Authority,
        not_after: UnixTime(1_900_000_000),
        ..of_nobody(0xA0, "00c0ffee")
    };
    let server = CertificateRecord {
        profile: CertificateProfile::Server,
        not_after: UnixTime(1_750_000_000),
        ..of_nobody(0xA1, "00c0f0")
    };
    let further = CertificateRecord {
        profile: CertificateProfile::DeviceInService,
        serial: "c0ffee".to_owned(),
        ..certificate(&id("d1"), 7)
    };
    for one in [&ours, &server, &further] {
        let audit = entry("certificate.issue", &one.serial, 100);
        store.add_certificate(one, &audit).await.unwrap();
    }
    let issued = audited(store, "certificate.issue").await;
    assert_eq!(issued, ["00c0ffee", "00c0f0", "c0ffee"]);

    // What ends first, first; at the same time, in the order of writing.
    let (first, second) = (certificate(&id("d1"), 1), certificate(&id("d2"), 1));
    let all = [&server, &first, &second, &further, &ours].map(Clone::clone);
    assert_eq!(find(store, &nobody, 99).await, all);
    assert_eq!(find(store, &nobody, 2).await, all[..2]);

    let by_serial = |serial: &str| CertificateSearch {
        serial: Some(serial.to_owned()),
        ..CertificateSearch::default()
    };
    for (prefix, found) in [
        ("00c0ffee", vec![&ours]),
        ("00c0f", vec![&server, &ours]),
        ("00c0ffeef", vec![]),
        ("c0ff", vec![&further]),
        ("5a01", vec![&first, &second]),
        ("%", vec![]),
        ("", vec![&server, &first, &second, &further, &ours]),
    ] {
        let search = by_serial(prefix);
        let found: Vec<_> = found.into_iter().cloned().collect();
        assert_eq!(find(store, &search, 99).await, found, "{prefix}");
    }
    let by_fingerprint = |prefix: &str| CertificateSearch {
        fingerprint: Some(prefix.to_owned()),
        ..CertificateSearch::default()
    };
    let whole = ours.fingerprint.to_string();
    for prefix in ["a0", "a0a", &whole] {
        let found = find(store, &by_fingerprint(prefix), 99).await;
        assert_eq!(found, std::slice::from_ref(&ours), "{prefix}");
    }
    assert_eq!(
        find(store, &by_fingerprint("a"), 99).await,
        [server.clone(), ours.clone()]
    );
    for prefix in ["A0", "a0 ", "%", &format!("{whole}0")] {
        assert_eq!(
            find(store, &by_fingerprint(prefix), 99).await,
            [],
            "{prefix}"
        );
    }

    // What else is said applies too.
    let of_device = CertificateSearch {
        device: Some(id("d1")),
        ..CertificateSearch::default()
    };
    let found = find(store, &of_device, 99).await;
    assert_eq!(found, [first.clone(), further.clone()]);
    let in_service = CertificateSearch {
        profile: Some(CertificateProfile::DeviceInService),
        ..of_device.clone()
    };
    assert_eq!(
        find(store, &in_service, 99).await,
        std::slice::from_ref(&further)
    );
    let of_servers = CertificateSearch {
        profile: Some(CertificateProfile::Server),
        ..CertificateSearch::default()
    };
    assert_eq!(
        find(store, &of_servers, 99).await,
        std::slice::from_ref(&server)
    );
    let ending = CertificateSearch {
        ends_before: Some(UnixTime(1_800_000_000)),
        ..CertificateSearch::default()
    };
    assert_eq!(
        find(store, &ending, 99).await,
        std::slice::from_ref(&server)
    );
    let good = CertificateSearch {
        not_ended_at: Some(UnixTime(1_800_000_000)),
        ends_before: Some(UnixTime(1_800_000_001)),
        device: Some(id("d2")),
        ..CertificateSearch::default()
    };
    assert_eq!(find(store, &good, 99).await, [second]);
    let nothing = CertificateSearch {
        serial: Some("00".to_owned()),
        ..good
    };
    assert_eq!(find(store, &nothing, 99).await, []);

    let audit = entry("certificate.issue", "again", 100);
    let again = store.add_certificate(&ours, &audit).await;
    assert!(
        matches!(again, Err(StoreError::CertificateExists(print)) if print == ours.fingerprint)
    );
    let of_none = certificate(&id("nobody"), 9);
    let of_none = store.add_certificate(&of_none, &audit).await;
    assert!(matches!(of_none, Err(StoreError::UnknownDevice(of)) if of == id("nobody")));
    assert_eq!(audited(store, "certificate.issue").await.len(), 3);
}

pub(super) async fn revokes_one(store: &impl Store) {
    create(store, "d1").await;
    let (kept, lost) = (certificate(&id("d1"), 1), certificate(&id("d1"), 2));
    let audit = entry("certificate.issue", "2", 100);
    store.add_certificate(&lost, &audit).await.unwrap();
    let revoke = async |reason, at| {
        let audit = entry("certificate.revoke", &lost.serial, at);
        let revoked = store.revoke_certificate(&lost.fingerprint, reason, &audit);
        revoked.await.unwrap()
    };
    assert!(revoke(RevocationReason::Superseded, 50).await);
    // The first time counts.
    assert!(!revoke(RevocationReason::KeyCompromise, 60).await);
    let certificates = store.certificates(&id("d1")).await.unwrap();
    let superseded = Revoked {
        at: UnixTime(50),
        reason: RevocationReason::Superseded,
    };
    for one in certificates {
        let wanted = (one.fingerprint == lost.fingerprint).then_some(superseded);
        assert_eq!(one.revoked, wanted);
    }
    assert_eq!(audited(store, "certificate.revoke").await, [lost.serial]);
    assert_eq!(barred(store).await, [(lost.fingerprint, true)]);
    // Its device comes with the other one.
    let standing = store.standing(&kept.fingerprint).await.unwrap().unwrap();
    assert_eq!(standing.device.state, DeviceState::Active);

    let unknown = Digest([0xEE; 32]);
    let audit = entry("certificate.revoke", "?", 70);
    let reason = RevocationReason::Unspecified;
    let refused = store.revoke_certificate(&unknown, reason, &audit).await;
    assert!(matches!(refused, Err(StoreError::UnknownCertificate(of)) if of == unknown));
}

pub(super) async fn bars(store: &impl Store) {
    for name in ["gone", "here", "lent", "old"] {
        create(store, name).await;
    }
    let audit = entry("certificate.issue", "lent", 100);
    let second = certificate(&id("lent"), 2);
    store.add_certificate(&second, &audit).await.unwrap();
    assert_eq!(barred(store).await, []);
    set(store, "gone", DeviceState::Revoked).await.unwrap();
    set(store, "lent", DeviceState::Suspended).await.unwrap();
    set(store, "old", DeviceState::Retired).await.unwrap();
    let print = |name, n| certificate(&id(name), n).fingerprint;
    let (gone, old) = (print("gone", 1), print("old", 1));
    let lent = [print("lent", 1), print("lent", 2)];
    let mut wanted = vec![
        (gone, true),
        (lent[0], false),
        (lent[1], false),
        (old, true),
    ];
    wanted.sort_unstable();
    assert_eq!(barred(store).await, wanted);

    // Of a suspended device's certificates, one may be revoked for good.
    let reason = RevocationReason::KeyCompromise;
    let audit = entry("certificate.revoke", "lent", 100);
    let revoked = store.revoke_certificate(&lent[1], reason, &audit).await;
    assert!(revoked.unwrap());
    set(store, "lent", DeviceState::Active).await.unwrap();
    let mut wanted = vec![(gone, true), (lent[1], true), (old, true)];
    wanted.sort_unstable();
    assert_eq!(barred(store).await, wanted);
}

pub(super) async fn keeps_what_is_final(store: &impl Store) {
    for name in ["old", "stolen"] {
        create(store, name).await;
    }
    set(store, "old", DeviceState::Retired).await.unwrap();
    set(store, "stolen", DeviceState::Revoked).await.unwrap();
    let retired = Revoked {
        at: UnixTime(500),
        reason: RevocationReason::CessationOfOperation,
    };
    let of_old = async || store.certificates(&id("old")).await.unwrap()[0].revoked;
    assert_eq!(of_old().await, Some(retired));
    for state in [DeviceState::Active, DeviceState::Suspended] {
        let refused = set(store, "old", state).await;
        assert!(matches!(refused, Err(StoreError::DeviceRetired(of)) if of == id("old")));
    }
    for state in [
        DeviceState::Active,
        DeviceState::Suspended,
        DeviceState::Retired,
    ] {
        let refused = set(store, "stolen", state).await;
        assert!(matches!(refused, Err(StoreError::DeviceRevoked(of)) if of == id("stolen")));
    }
    // Nothing brings either another certificate.
    for (name, n) in [("old", 8), ("stolen", 9)] {
        let audit = entry("certificate.issue", name, 600);
        let further = certificate(&id(name), n);
        let refused = store.add_certificate(&further, &audit).await;
        assert!(matches!(
            refused,
            Err(StoreError::DeviceRetired(_) | StoreError::DeviceRevoked(_))
        ));
    }
    // What was retired may turn out to be in wrong hands; the certificates were revoked before.
    let revoked = set(store, "old", DeviceState::Revoked).await.unwrap();
    assert_eq!(revoked.state, DeviceState::Revoked);
    assert_eq!(of_old().await, Some(retired));
    let back = set(store, "old", DeviceState::Retired).await;
    assert!(matches!(back, Err(StoreError::DeviceRevoked(_))));
    let lines = audited(store, "device.state").await;
    assert_eq!(lines, ["old", "stolen", "old"]);
}

pub(super) async fn refuses_a_revoked_key(store: &impl Store) {
    let key = Digest([5; 32]);
    let of_key = |name: &str| crate::Device {
        pin: Some(key),
        ..device(name)
    };
    let create = async |device: &crate::Device| {
        let audit = entry("device.enroll", device.id.as_str(), 100);
        let certificate = certificate(&device.id, 1);
        store.create_device(device, &certificate, &audit).await
    };
    let (one, beside) = (of_key("acme/one"), of_key("acme/two"));
    create(&one).await.unwrap();
    create(&beside).await.unwrap();
    assert_eq!(store.device(&one.id).await.unwrap(), Some(one.clone()));
    set(store, "acme/one", DeviceState::Revoked).await.unwrap();
    // A key in wrong hands is so under any name.
    let refused = create(&of_key("acme/three")).await;
    assert!(matches!(refused, Err(StoreError::DeviceRevoked(of)) if of == id("acme/three")));
    let audit = entry("certificate.issue", "two", 100);
    let further = certificate(&beside.id, 2);
    let refused = store.add_certificate(&further, &audit).await;
    assert!(matches!(refused, Err(StoreError::DeviceRevoked(of)) if of == beside.id));
}

pub(super) async fn publishes_serials(store: &impl Store) {
    create(store, "d1").await;
    let (issuer, other) = (Digest([7; 32]), Digest([8; 32]));
    let now = UnixTime(1_700_000_000);
    let of = |n, serial: &str, issuer, not_after| CertificateRecord {
        issuer,
        not_after: UnixTime(not_after),
        ..of_nobody(n, serial)
    };
    for one in [
        of(0xA0, "0b", Some(issuer), now.0),
        of(0xA1, "0a", Some(issuer), now.0 + 9),
        of(0xA2, "0c", Some(issuer), now.0 - 1),
        of(0xA3, "0d", Some(other), now.0 + 9),
        of(0xA4, "00", None, now.0 + 9),
        of(0xA5, "0f", Some(issuer), now.0 + 9),
    ] {
        let audit = entry("certificate.issue", &one.serial, 1);
        store.add_certificate(&one, &audit).await.unwrap();
        // One that is not revoked is not published.
        if one.serial != "0f" {
            let audit = entry("certificate.revoke", &one.serial, 40);
            let reason = RevocationReason::Superseded;
            let revoked = store.revoke_certificate(&one.fingerprint, reason, &audit);
            assert!(revoked.await.unwrap());
        }
    }
    set(store, "d1", DeviceState::Revoked).await.unwrap();
    let superseded = |serial: &str| listed(serial, 40, RevocationReason::Superseded);
    let stolen = listed("5a01", 500, RevocationReason::KeyCompromise);
    let published = async |issuer, and_unnoted| {
        let found = store.revoked_serials(&issuer, and_unnoted, now).await;
        found.unwrap()
    };
    let own = [superseded("0a"), superseded("0b"), stolen];
    assert_eq!(published(issuer, false).await, own);
    let [a, b, c] = own;
    assert_eq!(published(issuer, true).await, [superseded("00"), a, b, c]);
    assert_eq!(published(other, false).await, [superseded("0d")]);
    assert_eq!(published(Digest([9; 32]), false).await, []);

    let counted = async |issuer, and_unnoted| {
        let Issued { all, revoked } = store.count_issued(&issuer, and_unnoted).await.unwrap();
        (all, revoked)
    };
    assert_eq!(counted(issuer, false).await, (5, 4));
    assert_eq!(counted(issuer, true).await, (6, 5));
    assert_eq!(counted(other, false).await, (1, 1));
    assert_eq!(counted(Digest([9; 32]), false).await, (0, 0));
}

pub(super) async fn keeps_the_newest_crl(store: &impl Store) {
    let issuer = Digest([7; 32]);
    let crl = |number: u64| CrlRecord {
        issuer,
        number,
        this_update: UnixTime(100 + number),
        next_update: UnixTime(200 + number),
        der: vec![0x30, 0x00],
    };
    assert_eq!(store.newest_crl(&issuer).await.unwrap(), None);
    for (number, kept, newest) in [(5, true, 5), (5, false, 5), (4, false, 5), (9, true, 9)] {
        assert_eq!(
            store.keep_crl(&crl(number)).await.unwrap(),
            kept,
            "{number}"
        );
        assert_eq!(store.newest_crl(&issuer).await.unwrap(), Some(crl(newest)));
    }
    let other = CrlRecord {
        issuer: Digest([8; 32]),
        ..crl(1)
    };
    assert!(store.keep_crl(&other).await.unwrap());
    assert_eq!(store.newest_crl(&issuer).await.unwrap(), Some(crl(9)));
    assert_eq!(store.newest_crl(&other.issuer).await.unwrap(), Some(other));
}

async fn create(store: &impl Store, name: &str) {
    let device = device(name);
    let audit = entry("device.enroll", name, 100);
    let certificate = certificate(&device.id, 1);
    let created = store.create_device(&device, &certificate, &audit).await;
    created.unwrap();
}

async fn set(
    store: &impl Store,
    name: &str,
    state: DeviceState,
) -> Result<crate::Device, StoreError> {
    let audit = entry("device.state", name, 500);
    store.set_device_state(&id(name), state, None, &audit).await
}

async fn find(
    store: &impl Store,
    search: &CertificateSearch,
    limit: u32,
) -> Vec<CertificateRecord> {
    store.find_certificates(search, limit).await.unwrap()
}

/// The barred, in order.
async fn barred(store: &impl Store) -> Vec<(Digest, bool)> {
    let barred = store.barred().await.unwrap();
    let pair = |one: Barred| (one.fingerprint, one.for_good);
    let mut barred: Vec<_> = barred.into_iter().map(pair).collect();
    barred.sort_unstable();
    barred
}

fn id(name: &str) -> DeviceId {
    name.parse().unwrap()
}

/// A certificate that is no device's.
fn of_nobody(n: u8, serial: &str) -> CertificateRecord {
    CertificateRecord {
        fingerprint: Digest([n; 32]),
        serial: serial.to_owned(),
        device: None,
        ..certificate(&id("x"), n)
    }
}

fn listed(serial: &str, at: u64, reason: RevocationReason) -> RevokedSerial {
    RevokedSerial {
        serial: serial.to_owned(),
        revoked: Revoked {
            at: UnixTime(at),
            reason,
        },
    }
}
