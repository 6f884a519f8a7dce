//! Devices of registered authorities: brought in many at a time, known by their keys.

use countersign_protocol::{Digest, UnixTime};

use super::{audited, certificate, device, entry};
use crate::{
    Arrival, Arrived, CertificateProfile, CertificateRecord, Device, DeviceState, Importing,
    RevocationReason, Revoked, Store, StoreError,
};

pub(super) async fn imports_all_or_what_is_not_refused(store: &impl Store) {
    let nothing = store.import(&[], Importing::AllOrNothing).await.unwrap();
    assert!(nothing.outcomes.is_empty());
    let good = [
        arrival("a/d1", Some(1), &[whole("a/d1", 1), awaited("a/d1", 2)]),
        arrival("a/d2", Some(2), &[]),
        arrival("a/d3", None, &[awaited("a/d3", 1)]),
    ];
    let new = |certificates| Arrived {
        is_new: true,
        certificates,
    };
    // Tried, nothing is written, though all would be.
    let tried = store.import(&good, Importing::Try).await.unwrap();
    assert!(!tried.written);
    let arrived = |outcomes: Vec<Result<Arrived, StoreError>>| -> Vec<Option<Arrived>> {
        outcomes.into_iter().map(Result::ok).collect()
    };
    let wanted = [Some(new(2)), Some(new(0)), Some(new(1))];
    assert_eq!(arrived(tried.outcomes), wanted);
    assert_eq!(store.devices().await.unwrap(), []);
    assert_eq!(audited(store, "device.import").await, [""; 0]);

    let imported = store.import(&good, Importing::AllOrNothing).await.unwrap();
    assert!(imported.written);
    assert_eq!(arrived(imported.outcomes), wanted);
    let devices = store.devices().await.unwrap();
    assert_eq!(devices, good.clone().map(|arrival| arrival.device));
    let lines = audited(store, "device.import").await;
    assert_eq!(lines, ["a/d1", "a/d2", "a/d3"]);
    let kept = store.certificates(&devices[0].id).await.unwrap();
    assert_eq!(kept.len(), 2);
    assert!(kept.contains(&whole("a/d1", 1)) && kept.contains(&awaited("a/d1", 2)));

    // Again, it changes nothing; and what was lacking is filled in, with the pin.
    let again = store.import(&good, Importing::AllOrNothing).await.unwrap();
    let known = |certificates| Arrived {
        is_new: false,
        certificates,
    };
    assert_eq!(arrived(again.outcomes), [Some(known(0)); 3]);
    assert_eq!(audited(store, "device.import").await.len(), 3);
    let lacking = [arrival("a/d3", Some(3), &[whole("a/d3", 1)])];
    store
        .import(&lacking, Importing::SkipRefused)
        .await
        .unwrap();
    let third = &lacking[0].device;
    assert_eq!(store.device(&third.id).await.unwrap().as_ref(), Some(third));
    let kept = store.certificates(&third.id).await.unwrap();
    assert_eq!(kept, [whole("a/d3", 1)]);
    assert_eq!(audited(store, "device.import").await.len(), 4);

    // One that is refused keeps the others out, unless it is passed over.
    let mixed = [
        arrival("a/d4", Some(4), &[]),
        arrival("a/d1", Some(9), &[whole("a/d1", 7)]),
        arrival("a/d5", Some(5), &[whole("a/d5", 1)]),
    ];
    let refused = store.import(&mixed, Importing::AllOrNothing).await.unwrap();
    assert!(!refused.written);
    assert!(matches!(&refused.outcomes[1], Err(StoreError::OtherKey(id)) if id.as_str() == "a/d1"));
    assert_eq!(store.devices().await.unwrap().len(), 3);
    let passed_over = store.import(&mixed, Importing::SkipRefused).await.unwrap();
    assert!(passed_over.written);
    let wanted = [Some(new(0)), None, Some(new(1))];
    assert_eq!(arrived(passed_over.outcomes), wanted);
    let kept = store.certificates(&mixed[1].device.id).await.unwrap();
    assert_eq!(kept.len(), 2);
    // Where all are refused, nothing is written.
    let only = store.import(&mixed[1..2], Importing::SkipRefused).await;
    assert!(!only.unwrap().written);

    // Twice in one batch it is one device.
    let twice = [
        arrival("a/d6", Some(6), &[whole("a/d6", 1)]),
        arrival("a/d6", Some(6), &[whole("a/d6", 2)]),
        arrival("a/d6", Some(7), &[whole("a/d6", 3)]),
    ];
    let outcomes = store.import(&twice, Importing::SkipRefused).await.unwrap();
    let wanted = [Some(new(1)), Some(known(1)), None];
    assert_eq!(arrived(outcomes.outcomes), wanted);
}

pub(super) async fn imports_nobody_who_may_not_come(store: &impl Store) {
    let all = [
        arrival("a/lost", Some(1), &[whole("a/lost", 1)]),
        arrival("a/gone", Some(2), &[whole("a/gone", 1)]),
        arrival("a/lent", Some(3), &[whole("a/lent", 1)]),
    ];
    store.import(&all, Importing::AllOrNothing).await.unwrap();
    for (arrival, state) in all.iter().zip([
        DeviceState::Revoked,
        DeviceState::Retired,
        DeviceState::Suspended,
    ]) {
        let id = &arrival.device.id;
        let audit = entry("device.state", id.as_str(), 300);
        let set = store.set_device_state(id, state, None, &audit).await;
        set.unwrap();
    }
    let again = [
        arrival("a/lost", Some(1), &[whole("a/lost", 2)]),
        arrival("a/gone", Some(2), &[whole("a/gone", 2)]),
        // The key of one that was revoked, in another name.
        arrival("a/found", Some(1), &[]),
        // A certificate of another.
        arrival("a/other", Some(4), &[whole("a/lent", 1)]),
        arrival("a/lent", Some(3), &[whole("a/lent", 2)]),
    ];
    let outcomes = store.import(&again, Importing::SkipRefused).await.unwrap();
    assert!(matches!(
        &outcomes.outcomes[..],
        [
            Err(StoreError::DeviceRevoked(_)),
            Err(StoreError::DeviceRetired(_)),
            Err(StoreError::DeviceRevoked(_)),
            Err(StoreError::CertificateExists(_)),
            Ok(Arrived {
                is_new: false,
                certificates: 1
            }),
        ]
    ));
    assert_eq!(store.devices().await.unwrap().len(), 3);
}

pub(super) async fn completes_what_is_awaited(store: &impl Store) {
    let all = [
        arrival("a/d1", None, &[awaited("a/d1", 1), awaited("a/d1", 2)]),
        arrival("a/d2", Some(8), &[awaited("a/d2", 1)]),
        arrival("a/lost", None, &[awaited("a/lost", 1)]),
    ];
    store.import(&all, Importing::AllOrNothing).await.unwrap();
    let complete = async |name: &str, n, pin| {
        let audit = entry("certificate.record", name, 200);
        let pin = Digest([pin; 32]);
        store
            .complete_certificate(&whole(name, n), &pin, &audit)
            .await
    };
    for _ in 0..2 {
        complete("a/d1", 1, 5).await.unwrap();
    }
    assert_eq!(audited(store, "certificate.record").await, ["a/d1"]);
    let first = &all[0].device;
    let pinned = store.device(&first.id).await.unwrap().unwrap();
    assert_eq!(pinned.pin, Some(Digest([5; 32])));
    let standing = store.standing(&whole("a/d1", 1).fingerprint).await;
    let standing = standing.unwrap().unwrap();
    assert_eq!(standing.certificate, whole("a/d1", 1));
    let kept = store.certificates(&first.id).await.unwrap();
    assert!(kept.contains(&awaited("a/d1", 2)));
    // By another key than the one that is known it is nobody's.
    for (name, n, pin) in [("a/d1", 2, 6), ("a/d2", 1, 6)] {
        let refused = complete(name, n, pin).await;
        assert!(matches!(refused, Err(StoreError::OtherKey(_))));
    }
    let lost = &all[2].device.id;
    let audit = entry("device.state", "a/lost", 300);
    let revoked = store.set_device_state(lost, DeviceState::Revoked, None, &audit);
    revoked.await.unwrap();
    let refused = complete("a/lost", 1, 7).await;
    assert!(matches!(refused, Err(StoreError::DeviceRevoked(_))));
    // What is awaited of it is barred all the same.
    let barred = store.barred().await.unwrap();
    let fingerprint = awaited("a/lost", 1).fingerprint;
    assert!(
        barred
            .iter()
            .any(|one| one.fingerprint == fingerprint && one.for_good)
    );
}

pub(super) async fn replaces_a_pin(store: &impl Store) {
    let old = whole("a/d1", 1);
    let all = [
        arrival("a/d1", Some(1), std::slice::from_ref(&old)),
        arrival("a/lost", Some(9), &[]),
    ];
    store.import(&all, Importing::AllOrNothing).await.unwrap();
    let lost = &all[1].device.id;
    let audit = entry("device.state", "a/lost", 150);
    let revoked = store.set_device_state(lost, DeviceState::Revoked, None, &audit);
    revoked.await.unwrap();

    let id = &all[0].device.id;
    let audit = entry("device.repin", "a/d1", 200);
    let new = whole("a/d1", 2);
    let pin = Digest([2; 32]);
    let given = store
        .repin(id, &pin, Some(&new), &[old.fingerprint], &audit)
        .await;
    assert_eq!(given.unwrap().pin, Some(pin));
    let device = store.device(id).await.unwrap().unwrap();
    assert_eq!((device.pin, device.state), (Some(pin), DeviceState::Active));
    let standing = async |certificate: &CertificateRecord| {
        let found = store.standing(&certificate.fingerprint).await.unwrap();
        found.unwrap().certificate
    };
    let superseded = Revoked {
        at: UnixTime(200),
        reason: RevocationReason::Superseded,
    };
    assert_eq!(standing(&old).await.revoked, Some(superseded));
    assert_eq!(standing(&new).await, new);
    let barred = store.barred().await.unwrap();
    let is_barred =
        |one: &CertificateRecord| barred.iter().any(|b| b.fingerprint == one.fingerprint);
    assert!(is_barred(&old) && !is_barred(&new));

    // Without a certificate, and with one that is there.
    let pin = Digest([3; 32]);
    let given = store.repin(id, &pin, None, &[], &audit).await;
    assert_eq!(given.unwrap().pin, Some(pin));
    store
        .repin(id, &pin, Some(&new), &[], &audit)
        .await
        .unwrap();
    assert_eq!(store.certificates(id).await.unwrap().len(), 2);

    let nobody = "a/nobody".parse().unwrap();
    let refused = store.repin(&nobody, &pin, None, &[], &audit).await;
    assert!(matches!(refused, Err(StoreError::UnknownDevice(_))));
    for (id, pin) in [(lost, 3), (id, 9)] {
        let pin = Digest([pin; 32]);
        let refused = store.repin(id, &pin, None, &[], &audit).await;
        assert!(matches!(refused, Err(StoreError::DeviceRevoked(_))));
    }
    let device = store.device(id).await.unwrap().unwrap();
    assert_eq!(device.pin, Some(Digest([3; 32])));
    assert_eq!(audited(store, "device.repin").await.len(), 3);
}

fn arrival(name: &str, pin: Option<u8>, certificates: &[CertificateRecord]) -> Arrival {
    Arrival {
        device: Device {
            pin: pin.map(|n| Digest([n; 32])),
            ..device(name)
        },
        certificates: certificates.to_vec(),
        audit: entry("device.import", name, 100),
    }
}

/// A certificate of a registered authority's device.
fn whole(name: &str, n: u8) -> CertificateRecord {
    CertificateRecord {
        profile: CertificateProfile::Registered,
        ..certificate(&name.parse().unwrap(), n)
    }
}

/// The same, of which nothing but the fingerprint is known.
fn awaited(name: &str, n: u8) -> CertificateRecord {
    CertificateRecord {
        serial: String::new(),
        subject: String::new(),
        not_before: UnixTime(0),
        not_after: UnixTime(253_402_300_799),
        der: Vec::new(),
        ..whole(name, n)
    }
}
