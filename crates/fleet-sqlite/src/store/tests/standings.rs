//! Standings that are kept in memory.

use countersign_fleet::Standing;
use futures_util::FutureExt as _;

use super::*;

/// A store that keeps standings, with device `d1` and its certificate.
async fn kept(folder: &Folder) -> (SqliteStore, Digest) {
    let store = folder.store().await.keeping_standings();
    let (device, audit) = (device("d1"), entry("test", "kept", 1));
    let record = certificate(&device.id, 1);
    let created = store.create_device(&device, &record, &audit).await;
    created.unwrap();
    store.add_release(&release(1), &audit).await.unwrap();
    (store, record.fingerprint)
}

async fn ask(store: &SqliteStore, fingerprint: &Digest) -> Standing {
    store.standing(fingerprint).await.unwrap().unwrap()
}

fn count(store: &SqliteStore) -> usize {
    store.standings.as_ref().unwrap().count()
}

#[tokio::test]
async fn what_is_kept_is_what_the_file_says_after_each_write() {
    let folder = Folder::new();
    let (store, fingerprint) = kept(&folder).await;
    let plain = SqliteStore::open_read_only(&folder.file()).await.unwrap();
    let id: DeviceId = "d1".parse().unwrap();
    let audit = entry("test", "write", 2);
    let seen = Seen {
        device: id.clone(),
        at: UnixTime(77),
        running: running(1),
    };
    let same = async |keeps: usize| {
        for _ in 0..2 {
            let found = ask(&store, &fingerprint).await;
            assert_eq!(found, ask(&plain, &fingerprint).await);
        }
        assert_eq!(count(&store), keeps);
    };
    same(1).await;
    store.note_seen(&[seen]).await.unwrap();
    assert_eq!(count(&store), 1, "what devices say changes it in its place");
    same(1).await;
    store.audit(&audit).await.unwrap();
    assert_eq!(count(&store), 1, "an audit line changes nothing of it");
    let other = device("d2");
    let record = certificate(&other.id, 2);
    let created = store.create_device(&other, &record, &audit).await;
    created.unwrap();
    assert_eq!(count(&store), 1);
    let state = DeviceState::Revoked;
    let set = store.set_device_state(&other.id, state, None, &audit).await;
    set.unwrap();
    assert_eq!(
        count(&store),
        1,
        "another's revocation changes nothing of it"
    );
    let newest = store.add_release(&release(2), &audit).await.unwrap();
    same(1).await;
    let open = offer(&id, newest, 1);
    store.add_offer(&open).await.unwrap();
    assert_eq!(count(&store), 0);
    // Not while an offer is open.
    same(0).await;
    store.count_delivery(&open.id).await.unwrap();
    same(0).await;
    let ended = store
        .end_offer(&open.id, OfferState::Confirmed, None, &audit)
        .await;
    assert!(ended.unwrap());
    same(1).await;
    for state in [
        DeviceState::Suspended,
        DeviceState::Active,
        DeviceState::Revoked,
    ] {
        let set = store.set_device_state(&id, state, None, &audit).await;
        set.unwrap();
        assert_eq!(count(&store), 0);
        assert_eq!(ask(&store, &fingerprint).await.device.state, state);
        same(1).await;
    }
}

#[tokio::test]
async fn a_commit_that_was_given_up_on_is_seen() {
    let folder = Folder::new();
    let (store, fingerprint) = kept(&folder).await;
    let id: DeviceId = "d1".parse().unwrap();
    let audit = entry("test", "gone", 4);
    for polls in 0..40 {
        let state = [DeviceState::Suspended, DeviceState::Active][polls % 2];
        ask(&store, &fingerprint).await;
        let mut change = Box::pin(store.set_device_state(&id, state, None, &audit));
        for _ in 0..polls {
            if change.as_mut().now_or_never().is_some() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_micros(200)).await;
        }
        drop(change);
        // Whatever became of it, once the next write is through it is settled.
        store.audit(&audit).await.unwrap();
        let said = store.device(&id).await.unwrap().unwrap();
        let standing = ask(&store, &fingerprint).await;
        assert_eq!(standing.device, said, "{polls}");
    }
}

#[tokio::test]
async fn what_a_transaction_does_beside_its_own_is_seen() {
    let folder = Folder::new();
    let (store, fingerprint) = kept(&folder).await;
    let audit = entry("test", "beside", 5);
    let other = device("d2");
    let record = certificate(&other.id, 2);
    let created = store.create_device(&other, &record, &audit).await;
    created.unwrap();
    ask(&store, &fingerprint).await;
    // As if the transaction had failed once the journal had its line: the next one does it.
    let lost = Device {
        state: DeviceState::Revoked,
        ..device("d1")
    };
    let lines = Entry::of_device(UnixTime(700), &lost, &[]);
    store.journal().unwrap().append(lines).unwrap();
    let set = store.set_device_state(&other.id, DeviceState::Suspended, None, &audit);
    set.await.unwrap();
    assert_eq!(count(&store), 0);
    let standing = ask(&store, &fingerprint).await;
    assert_eq!(standing.device.state, DeviceState::Revoked);
}

#[tokio::test]
async fn what_was_read_before_a_commit_is_not_kept_after_it() {
    let folder = Folder::new();
    let (store, fingerprint) = kept(&folder).await;
    let standing = ask(&store, &fingerprint).await;
    let (standings, nobody) = (Standings::default(), Digest([0xEE; 32]));
    let kept_since = |since| {
        standings.keep(since, &standing);
        let found = standings.find(&fingerprint).is_ok();
        standings.committing(Changed::All).done();
        found
    };
    let now = || standings.find(&nobody).unwrap_err();
    assert!(kept_since(now()));
    let before = now();
    standings.committing(Changed::Nothing).done();
    assert!(!kept_since(before));
    // Nor while nobody knows how one ended.
    drop(standings.committing(Changed::Nothing));
    let before = now();
    assert!(!kept_since(before));
    standings.begun();
    assert!(!kept_since(before));
    assert!(kept_since(now()));
}
