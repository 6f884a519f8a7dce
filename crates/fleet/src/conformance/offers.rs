//! Offers.

use countersign_protocol::{OfferId, Reason, UnixTime};
use futures_util::future::join_all;

use super::{audited, certificate, device, entry, offer, release};
use crate::{DeviceId, OfferRecord, OfferState, ReleaseId, Store, StoreError};

pub(super) async fn opens_one_at_a_time(store: &impl Store) {
    let (id, release) = prepare(store).await;
    assert_eq!(store.open_offer(&id).await.unwrap(), None);
    assert_eq!(store.offers(&id).await.unwrap(), []);

    let first = offer(&id, release, 1);
    assert_eq!(store.offer(&first.id).await.unwrap(), None);
    // An offer is open when it is added, whatever its record says.
    let ended = OfferRecord {
        state: OfferState::Refused,
        ended_at: Some(UnixTime(1)),
        ..first.clone()
    };
    store.add_offer(&ended).await.unwrap();
    assert_eq!(store.open_offer(&id).await.unwrap().as_ref(), Some(&first));
    assert_eq!(store.offer(&first.id).await.unwrap().as_ref(), Some(&first));

    let second = offer(&id, release, 2);
    let refused = store.add_offer(&second).await.unwrap_err();
    assert!(
        matches!(refused, StoreError::OfferOpen(ref of) if *of == id),
        "{refused:?}"
    );
    assert_eq!(
        store.offers(&id).await.unwrap(),
        std::slice::from_ref(&first)
    );

    assert!(end(store, &first.id, OfferState::Superseded, None).await);
    let refused = store.add_offer(&first).await.unwrap_err();
    assert!(
        matches!(refused, StoreError::OfferExists(ref of) if *of == first.id),
        "{refused:?}"
    );

    let attempts: Vec<_> = (2..8).map(|n| offer(&id, release, n)).collect();
    let outcomes = join_all(attempts.iter().map(|offer| store.add_offer(offer))).await;
    let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(won, 1, "{outcomes:?}");
    let offers = store.offers(&id).await.unwrap();
    let states: Vec<_> = offers.iter().map(|offer| offer.state).collect();
    assert_eq!(states, [OfferState::Open, OfferState::Superseded]);
}

pub(super) async fn ends_once(store: &impl Store) {
    let (id, release) = prepare(store).await;
    let ends = [
        (OfferState::Confirmed, None),
        (OfferState::RolledBack, Some(Reason::NotConfirmed)),
        (OfferState::Refused, Some(Reason::MalformedManifest)),
        (OfferState::Superseded, None),
    ];
    for (n, (state, reason)) in (1..).zip(ends) {
        let open = offer(&id, release, n);
        store.add_offer(&open).await.unwrap();
        assert!(!end(store, &open.id, OfferState::Open, None).await);
        assert!(end(store, &open.id, state, reason).await);
        let ended = OfferRecord {
            state,
            reason,
            ended_at: Some(UnixTime(500)),
            ..open
        };
        assert!(!end(store, &ended.id, OfferState::Refused, Some(Reason::Flash)).await);
        assert!(!store.count_failure(&ended.id, None).await.unwrap());
        assert!(!store.count_delivery(&ended.id).await.unwrap());
        let kept = store.offer(&ended.id).await.unwrap();
        assert_eq!(kept.as_ref(), Some(&ended));
        assert_eq!(store.open_offer(&id).await.unwrap(), None);
    }
    let offers = store.offers(&id).await.unwrap();
    let states: Vec<_> = offers.iter().map(|offer| offer.state).collect();
    let newest_first = ends.map(|(state, _)| state).into_iter().rev();
    assert!(states.into_iter().eq(newest_first));
    assert!(!end(store, &OfferId([0xEE; 16]), OfferState::Refused, None).await);
    assert_eq!(audited(store, "offer.end").await.len(), ends.len());
}

pub(super) async fn ends_once_under_concurrency(store: &impl Store) {
    let (id, release) = prepare(store).await;
    let open = offer(&id, release, 1);
    store.add_offer(&open).await.unwrap();
    let attempts = (0..8).map(|_| end(store, &open.id, OfferState::Confirmed, None));
    let won = join_all(attempts).await;
    assert_eq!(won.into_iter().filter(|won| *won).count(), 1);
    assert_eq!(audited(store, "offer.end").await.len(), 1);
}

pub(super) async fn counts_failures(store: &impl Store) {
    let (id, release) = prepare(store).await;
    let open = offer(&id, release, 1);
    store.add_offer(&open).await.unwrap();
    for (failures, reason) in [(1, Some(Reason::Connection)), (2, None)] {
        assert!(store.count_failure(&open.id, reason).await.unwrap());
        let counted = store.open_offer(&id).await.unwrap().unwrap();
        let expected = OfferRecord {
            reason,
            failures,
            ..open.clone()
        };
        assert_eq!(counted, expected);
    }
    let nobodys = OfferId([0xEE; 16]);
    assert!(!store.count_failure(&nobodys, None).await.unwrap());
}

pub(super) async fn counts_deliveries(store: &impl Store) {
    let (id, release) = prepare(store).await;
    let open = offer(&id, release, 1);
    store.add_offer(&open).await.unwrap();
    for deliveries in 1..=3 {
        assert!(store.count_delivery(&open.id).await.unwrap());
        let counted = store.open_offer(&id).await.unwrap().unwrap();
        let expected = OfferRecord {
            deliveries,
            ..open.clone()
        };
        assert_eq!(counted, expected);
    }
    let nobodys = OfferId([0xEE; 16]);
    assert!(!store.count_delivery(&nobodys).await.unwrap());
}

pub(super) async fn needs_its_device_and_release(store: &impl Store) {
    let (id, release) = prepare(store).await;
    let nobody: DeviceId = "nobody".parse().unwrap();
    let refused = store.add_offer(&offer(&nobody, release, 1)).await;
    assert!(matches!(refused, Err(StoreError::UnknownDevice(of)) if of == nobody));
    let missing = ReleaseId(99);
    let refused = store.add_offer(&offer(&id, missing, 1)).await;
    assert!(matches!(refused, Err(StoreError::UnknownRelease(of)) if of == missing));
    assert_eq!(store.offers(&id).await.unwrap(), []);
    // Another device's offers are not this one's.
    let second = device("d2");
    let audit = entry("device.enroll", "d2", 100);
    store
        .create_device(&second, &certificate(&second.id, 1), &audit)
        .await
        .unwrap();
    store.add_offer(&offer(&id, release, 1)).await.unwrap();
    assert_eq!(store.open_offer(&second.id).await.unwrap(), None);
    let seconds = offer(&second.id, release, 1);
    store.add_offer(&seconds).await.unwrap();
    assert_eq!(store.offers(&second.id).await.unwrap(), [seconds]);
}

/// Adds a device and a release.
async fn prepare(store: &impl Store) -> (DeviceId, ReleaseId) {
    let device = device("d1");
    let audit = entry("device.enroll", "d1", 100);
    store
        .create_device(&device, &certificate(&device.id, 1), &audit)
        .await
        .unwrap();
    let audit = entry("release.publish", "1.1.0", 100);
    let release = store.add_release(&release(1), &audit).await.unwrap();
    (device.id, release)
}

async fn end(store: &impl Store, id: &OfferId, state: OfferState, reason: Option<Reason>) -> bool {
    let audit = entry("offer.end", state.as_str(), 500);
    store.end_offer(id, state, reason, &audit).await.unwrap()
}
