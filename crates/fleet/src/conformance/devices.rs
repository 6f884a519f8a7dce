//! Devices and certificates.

use countersign_protocol::{Digest, UnixTime};
use futures_util::future::join_all;

use super::{audited, certificate, device, entry, offer, release, running};
use crate::{
    Device, DeviceId, DeviceState, OfferState, Release, RevocationReason, Revoked, Running, Seen,
    Standing, Store, StoreError,
};

pub(super) async fn creates_once(store: &impl Store) {
    let first = device("d1");
    assert_eq!(store.device(&first.id).await.unwrap(), None);
    create(store, &first, 1).await.unwrap();
    assert_eq!(store.device(&first.id).await.unwrap().unwrap(), first);

    let again = Device {
        urn: "urn:dev:ops:32473-other".to_owned(),
        ..first.clone()
    };
    let refused = create(store, &again, 2).await.unwrap_err();
    assert!(
        matches!(refused, StoreError::DeviceExists(ref id) if *id == first.id),
        "{refused:?}"
    );
    assert_eq!(store.device(&first.id).await.unwrap().unwrap(), first);
    let certificates = store.certificates(&first.id).await.unwrap();
    assert_eq!(certificates, [certificate(&first.id, 1)]);
    assert_eq!(audited(store, "device.enroll").await, ["d1"]);

    // Another id with the same URN is the same device, spelled otherwise.
    let spelled = Device {
        id: "D1".parse().unwrap(),
        ..first.clone()
    };
    let refused = create(store, &spelled, 2).await.unwrap_err();
    assert!(
        matches!(refused, StoreError::DeviceExists(_)),
        "{refused:?}"
    );

    // A certificate that is known already cannot bring in a second device.
    let second = device("d2");
    let known = certificate(&first.id, 1);
    let audit = entry("device.enroll", "d2", 100);
    let refused = store.create_device(&second, &known, &audit).await;
    let refused = refused.unwrap_err();
    assert!(
        matches!(refused, StoreError::CertificateExists(print) if print == known.fingerprint),
        "{refused:?}"
    );
    assert_eq!(store.device(&second.id).await.unwrap(), None);
    assert_eq!(audited(store, "device.enroll").await, ["d1"]);

    // Whatever else its record says, a certificate is the device's that it comes with.
    let strange = certificate(&"nobody".parse().unwrap(), 3);
    store
        .create_device(&second, &strange, &audit)
        .await
        .unwrap();
    let certificates = store.certificates(&second.id).await.unwrap();
    assert_eq!(certificates[0].device.as_ref(), Some(&second.id));
}

pub(super) async fn creates_once_under_concurrency(store: &impl Store) {
    let same = device("d1");
    let outcomes = join_all((0..8).map(|n| create(store, &same, n))).await;
    let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(won, 1, "{outcomes:?}");
    for outcome in outcomes {
        assert!(
            matches!(outcome, Ok(()) | Err(StoreError::DeviceExists(_))),
            "{outcome:?}"
        );
    }
    assert_eq!(store.certificates(&same.id).await.unwrap().len(), 1);

    let several: Vec<_> = (0..8).map(|n| device(&format!("e{n}"))).collect();
    let outcomes = join_all(several.iter().map(|one| create(store, one, 9))).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(store.devices().await.unwrap().len(), 9);
}

pub(super) async fn finds_by_certificate(store: &impl Store) {
    for id in ["d1", "d2"] {
        create(store, &device(id), 1).await.unwrap();
    }
    let wanted = device("d2");
    let record = certificate(&wanted.id, 1);
    let bare = Standing {
        device: wanted.clone(),
        certificate: record.clone(),
        open: None,
        newest: None,
    };
    let standing = async || store.standing(&record.fingerprint).await.unwrap();
    assert_eq!(standing().await.unwrap(), bare);
    let found = store.standing(&Digest([0xEE; 32])).await;
    assert_eq!(found.unwrap(), None);

    // Of its own product, whatever the order of publishing, and nothing of another's.
    let audit = entry("release.publish", "demo", 100);
    let foreign = Release {
        product: "other".parse().unwrap(),
        ..release(9)
    };
    store.add_release(&foreign, &audit).await.unwrap();
    assert_eq!(standing().await.unwrap(), bare);
    let mut newest = release(2);
    newest.id = store.add_release(&newest, &audit).await.unwrap();
    let older = store.add_release(&release(1), &audit).await.unwrap();
    let with_release = Standing {
        newest: Some(newest.clone()),
        ..bare
    };
    assert_eq!(standing().await.unwrap(), with_release);

    // The open offer, not one that ended, and not another device's.
    let foreign = offer(&"d1".parse().unwrap(), newest.id, 1);
    store.add_offer(&foreign).await.unwrap();
    let first = offer(&wanted.id, newest.id, 2);
    store.add_offer(&first).await.unwrap();
    let ended = store.end_offer(&first.id, OfferState::Superseded, None, &audit);
    assert!(ended.await.unwrap());
    assert_eq!(standing().await.unwrap(), with_release);
    let open = offer(&wanted.id, older, 3);
    store.add_offer(&open).await.unwrap();
    let with_offer = Standing {
        open: Some(open),
        ..with_release
    };
    assert_eq!(standing().await.unwrap(), with_offer);
    let nobody = "nobody".parse().unwrap();
    assert_eq!(store.certificates(&nobody).await.unwrap(), []);
}

pub(super) async fn lists_in_order(store: &impl Store) {
    assert_eq!(store.devices().await.unwrap(), []);
    for id in ["b", "A", "a", "0:1", "a-1"] {
        create(store, &device(id), 1).await.unwrap();
    }
    let listed = store.devices().await.unwrap();
    // By bytes, not by a language's rules.
    assert_eq!(listed, ["0:1", "A", "a", "a-1", "b"].map(device));
}

pub(super) async fn sets_state(store: &impl Store) {
    let (one, other) = (device("d1"), device("d2"));
    create(store, &one, 1).await.unwrap();
    create(store, &other, 1).await.unwrap();

    let set = async |id: &DeviceId, state, reason, at| {
        let audit = entry("device.state", id.as_str(), at);
        store.set_device_state(id, state, reason, &audit).await
    };
    let suspended = Device {
        state: DeviceState::Suspended,
        state_reason: Some("lent".to_owned()),
        ..one.clone()
    };
    let given = set(&one.id, DeviceState::Suspended, Some("lent"), 50).await;
    assert_eq!(given.unwrap(), suspended);
    assert_eq!(store.device(&one.id).await.unwrap().unwrap(), suspended);
    let certificates = store.certificates(&one.id).await.unwrap();
    assert_eq!(certificates[0].revoked, None);

    let given = set(&one.id, DeviceState::Active, None, 60).await;
    assert_eq!(given.unwrap(), one);

    // Revoked again, the certificates keep the time of the first.
    let stolen = Revoked {
        at: UnixTime(70),
        reason: RevocationReason::KeyCompromise,
    };
    for at in [70, 80] {
        let revoked = set(&one.id, DeviceState::Revoked, Some("stolen"), at).await;
        assert_eq!(revoked.unwrap().state, DeviceState::Revoked);
        let certificates = store.certificates(&one.id).await.unwrap();
        assert_eq!(certificates[0].revoked, Some(stolen));
        let found = store.standing(&certificates[0].fingerprint).await;
        let found = found.unwrap().unwrap();
        assert_eq!(found.device.state, DeviceState::Revoked);
        assert_eq!(found.certificate.revoked, Some(stolen));
    }
    // And nothing takes it back.
    let revoked = store.device(&one.id).await.unwrap();
    for state in [DeviceState::Active, DeviceState::Suspended] {
        let refused = set(&one.id, state, Some("found"), 85).await;
        assert!(matches!(refused, Err(StoreError::DeviceRevoked(id)) if id == one.id));
        assert_eq!(store.device(&one.id).await.unwrap(), revoked);
    }
    assert_eq!(store.device(&other.id).await.unwrap().unwrap(), other);
    let untouched = store.certificates(&other.id).await.unwrap();
    assert_eq!(untouched[0].revoked, None);

    let nobody = "nobody".parse().unwrap();
    let refused = set(&nobody, DeviceState::Revoked, None, 90).await;
    assert!(matches!(refused, Err(StoreError::UnknownDevice(id)) if id == nobody));
    let lines = audited(store, "device.state").await;
    assert_eq!(lines, ["d1", "d1", "d1", "d1"]);
}

pub(super) async fn notes_what_was_seen(store: &impl Store) {
    let (one, other) = (device("d1"), device("d2"));
    create(store, &one, 1).await.unwrap();
    create(store, &other, 1).await.unwrap();
    store.note_seen(&[]).await.unwrap();

    let seen = |id: &str, at, running| Seen {
        device: id.parse().unwrap(),
        at: UnixTime(at),
        running,
    };
    let stock = Running {
        chip: None,
        version: String::new(),
        image: None,
        slot: None,
        pending_verify: false,
        authors: None,
    };
    let batch = [
        seen("d1", 100, running(1)),
        seen("nobody", 100, running(1)),
        seen("d2", 101, stock.clone()),
        seen("d1", 102, running(2)),
    ];
    store.note_seen(&batch).await.unwrap();
    let expect = async |id: &DeviceId, at, running: &Running| {
        let device = store.device(id).await.unwrap().unwrap();
        assert_eq!(device.last_seen, Some(UnixTime(at)));
        assert_eq!(device.running.as_ref(), Some(running));
    };
    expect(&one.id, 102, &running(2)).await;
    expect(&other.id, 101, &stock).await;
    assert_eq!(store.devices().await.unwrap().len(), 2);

    // What was said before, and comes late, is passed over; what was said in the same second is not.
    let late = [seen("d1", 99, stock.clone()), seen("d2", 101, running(3))];
    store.note_seen(&late).await.unwrap();
    expect(&one.id, 102, &running(2)).await;
    expect(&other.id, 101, &running(3)).await;
}

async fn create(store: &impl Store, device: &Device, n: u8) -> Result<(), StoreError> {
    let audit = entry("device.enroll", device.id.as_str(), 100);
    store
        .create_device(device, &certificate(&device.id, n), &audit)
        .await
}
