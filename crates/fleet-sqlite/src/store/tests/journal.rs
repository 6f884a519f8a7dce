//! The journal beside the database, and the database beside the journal.

use std::io::BufReader;

use countersign_fleet::{Barred, Device};
use countersign_protocol::Digest;

use super::*;
use crate::journal::{Position, Reader, What};

mod import;
mod wrong;

impl Folder {
    fn journal(&self) -> PathBuf {
        self.0.path().join("fleet.journal")
    }

    /// Keeps a copy of the database, or brings it back.
    fn copy(&self, from: &str, to: &str) {
        let path = |name: &str| self.0.path().join(name);
        fs::copy(path(from), path(to)).unwrap();
    }

    async fn accept(&self) -> SqliteStore {
        let store = SqliteStore::open_accepting_journal(&self.file(), &self.journal()).await;
        store.unwrap()
    }

    /// The journal's lines and where it stands, read as whoever opens it does.
    fn lines(&self) -> (Vec<Entry>, Position, u64) {
        let file = fs::File::open(self.journal()).unwrap();
        let mut reader = Reader::new(BufReader::new(file)).unwrap();
        let mut entries = Vec::new();
        while reader.advance().unwrap() {
            entries.push(reader.entry().unwrap());
        }
        (entries, reader.position(), reader.good())
    }
}

async fn create(store: &SqliteStore, device: &Device) -> Result<(), StoreError> {
    let audit = entry("device.enroll", device.id.as_str(), 1);
    let certificate = certificate(&device.id, 1);
    store.create_device(device, &certificate, &audit).await
}

async fn set(store: &SqliteStore, name: &str, state: DeviceState) -> Result<Device, StoreError> {
    let audit = entry("device.state", name, 500);
    let id = name.parse().unwrap();
    let reason = Some(REASON);
    store.set_device_state(&id, state, reason, &audit).await
}

async fn state(store: &SqliteStore, name: &str) -> DeviceState {
    let device = store.device(&name.parse().unwrap()).await.unwrap();
    device.unwrap().state
}

async fn bars(store: &SqliteStore, name: &str) -> Option<bool> {
    let fingerprint = print(name);
    let all = store.barred().await.unwrap();
    let found = |one: &&Barred| one.fingerprint == fingerprint;
    all.iter().find(found).map(|one| one.for_good)
}

fn print(name: &str) -> Digest {
    certificate(&name.parse().unwrap(), 1).fingerprint
}

fn pinned(name: &str, n: u8) -> Device {
    Device {
        pin: Some(Digest([n; 32])),
        ..device(name)
    }
}

/// Two devices, of which `d2` is revoked, and `d1` is not.
async fn two(folder: &Folder) {
    let store = folder.store().await;
    for name in ["d1", "d2"] {
        create(&store, &device(name)).await.unwrap();
    }
    set(&store, "d2", DeviceState::Revoked).await.unwrap();
    store.close().await;
}

/// What was done because the journal says so, and to what, oldest first.
async fn by_journal(store: &SqliteStore) -> Vec<(String, String)> {
    let log = store.audit_log(99).await.unwrap();
    let lines = log.into_iter().rev().filter(|line| line.actor == "journal");
    lines.map(|line| (line.action, line.subject)).collect()
}

async fn published(store: &SqliteStore) -> Vec<RevokedSerial> {
    let issuer = Digest([7; 32]);
    let serials = store.revoked_serials(&issuer, false, UnixTime(1_700_000_000));
    let mut serials = serials.await.unwrap();
    // Of one number here only: no authority gives one twice.
    serials.sort_by_key(|one| {
        (
            one.serial.clone(),
            one.revoked.at,
            one.revoked.reason.as_str(),
        )
    });
    serials
}

#[tokio::test]
async fn what_was_barred_since_a_backup_stays_barred_when_it_is_restored() {
    let folder = Folder::new();
    let store = folder.store().await;
    for name in ["revoked", "lent", "back", "renewed"] {
        create(&store, &device(name)).await.unwrap();
    }
    set(&store, "back", DeviceState::Suspended).await.unwrap();
    store.close().await;
    folder.copy("fleet.sqlite", "yesterday");

    let store = folder.store().await;
    set(&store, "revoked", DeviceState::Revoked).await.unwrap();
    set(&store, "lent", DeviceState::Suspended).await.unwrap();
    set(&store, "back", DeviceState::Active).await.unwrap();
    let renewed: DeviceId = "renewed".parse().unwrap();
    let second = certificate(&renewed, 2);
    let audit = entry("certificate.revoke", "2", 300);
    store.add_certificate(&second, &audit).await.unwrap();
    for one in [print("renewed"), second.fingerprint] {
        let reason = RevocationReason::Superseded;
        let revoked = store.revoke_certificate(&one, reason, &audit);
        assert!(revoked.await.unwrap());
    }
    // Those that yesterday's database does not know at all.
    for device in [pinned("acme/new", 9), device("retired"), device("away")] {
        create(&store, &device).await.unwrap();
    }
    set(&store, "acme/new", DeviceState::Revoked).await.unwrap();
    set(&store, "retired", DeviceState::Retired).await.unwrap();
    set(&store, "away", DeviceState::Suspended).await.unwrap();
    let before = published(&store).await;
    assert_eq!(before.len(), 5);
    store.close().await;

    folder.copy("yesterday", "fleet.sqlite");
    for opened in 1..3 {
        let store = folder.store().await;
        assert_eq!(state(&store, "revoked").await, DeviceState::Revoked);
        assert_eq!(state(&store, "lent").await, DeviceState::Suspended);
        assert_eq!(state(&store, "back").await, DeviceState::Active);
        for (name, barred) in [
            ("revoked", Some(true)),
            ("lent", Some(false)),
            ("back", None),
            ("renewed", Some(true)),
            ("acme/new", Some(true)),
            ("retired", Some(true)),
            ("away", Some(false)),
        ] {
            let found = bars(&store, name).await;
            assert_eq!(found, barred, "{name}, opened {opened}");
        }
        // The CRL is as long as it was.
        assert_eq!(published(&store).await, before);
        let revoked = store.device(&"revoked".parse().unwrap()).await.unwrap();
        assert_eq!(revoked.unwrap().state_reason.unwrap(), REASON);
        // Once, however often it is opened.
        let done = by_journal(&store).await;
        let actions: Vec<&str> = done.iter().map(|(action, _)| action.as_str()).collect();
        let wanted = [
            "device.revoke",
            "device.suspend",
            "device.resume",
            "certificate.revoke",
            "certificate.revoke",
            "device.revoke",
            "device.retire",
            "device.suspend",
        ];
        assert_eq!(actions, wanted);
        // Neither comes again under its name, nor under its key.
        let again = create(&store, &pinned("acme/new", 3)).await;
        assert!(matches!(again, Err(StoreError::DeviceRevoked(_))));
        let other_name = create(&store, &pinned("acme/newer", 9)).await;
        assert!(matches!(other_name, Err(StoreError::DeviceRevoked(_))));
        let retired = create(&store, &device("retired")).await;
        assert!(matches!(retired, Err(StoreError::DeviceRetired(_))));
        store.close().await;
    }

    // A certificate that becomes known again is revoked as it comes; a suspended device comes suspended.
    let store = folder.store().await;
    store.add_certificate(&second, &audit).await.unwrap();
    let certificates = store.certificates(&renewed).await.unwrap();
    assert!(certificates.iter().all(|one| one.revoked.is_some()));
    assert_eq!(published(&store).await, before);
    create(&store, &device("away")).await.unwrap();
    assert_eq!(state(&store, "away").await, DeviceState::Suspended);
    assert_eq!(bars(&store, "away").await, Some(false));
    set(&store, "away", DeviceState::Active).await.unwrap();
    assert_eq!(bars(&store, "away").await, None);
}

#[tokio::test]
async fn what_only_the_journal_has_is_done_when_the_store_is_opened() {
    let folder = Folder::new();
    two(&folder).await;
    // Killed between the journal and the commit.
    let (_, at, length) = folder.lines();
    let mut journal = Journal::take_up(&folder.journal(), at, length).unwrap();
    let lost = Device {
        state: DeviceState::Revoked,
        ..device("d1")
    };
    let listed = Listed::of(&certificate(&lost.id, 1));
    let lines = Entry::of_device(UnixTime(700), &lost, &[listed]);
    journal.append(lines).unwrap();
    for _ in 0..2 {
        let store = folder.store().await;
        assert_eq!(state(&store, "d1").await, DeviceState::Revoked);
        let certificates = store.certificates(&lost.id).await.unwrap();
        assert_eq!(certificates[0].revoked.unwrap().at, UnixTime(700));
        let wanted = ("device.revoke".to_owned(), "d1".to_owned());
        assert_eq!(by_journal(&store).await, [wanted]);
        store.close().await;
    }
}

#[tokio::test]
async fn a_line_whose_transaction_failed_is_done_with_the_next() {
    let folder = Folder::new();
    two(&folder).await;
    let store = folder.store().await;
    create(&store, &device("d3")).await.unwrap();
    let lost = Device {
        state: DeviceState::Revoked,
        ..device("d1")
    };
    let lines = Entry::of_device(UnixTime(700), &lost, &[]);
    store.journal().unwrap().append(lines).unwrap();
    assert_eq!(state(&store, "d1").await, DeviceState::Active);
    set(&store, "d3", DeviceState::Suspended).await.unwrap();
    assert_eq!(state(&store, "d1").await, DeviceState::Revoked);
    assert!(!store.journal().unwrap().has_waiting());
    store.close().await;
    let store = folder.store().await;
    assert_eq!(by_journal(&store).await.len(), 1);
    assert_eq!(folder.lines().0.len(), 3);
}

#[tokio::test]
async fn what_is_refused_leaves_no_line() {
    let folder = Folder::new();
    two(&folder).await;
    let store = folder.store().await;
    set(&store, "d2", DeviceState::Active).await.unwrap_err();
    let nobody = set(&store, "nobody", DeviceState::Revoked).await;
    assert!(matches!(nobody, Err(StoreError::UnknownDevice(_))));
    let audit = entry("certificate.revoke", "d2", 1);
    let (of_d2, reason) = (print("d2"), RevocationReason::Superseded);
    let again = store.revoke_certificate(&of_d2, reason, &audit);
    assert!(!again.await.unwrap());
    assert_eq!(folder.lines().0.len(), 1);
}

#[tokio::test]
async fn many_certificates_take_several_lines() {
    let folder = Folder::new();
    let store = folder.store().await;
    let many = device("many");
    create(&store, &many).await.unwrap();
    for n in 2..80 {
        let audit = entry("certificate.issue", "many", 1);
        let further = certificate(&many.id, n);
        store.add_certificate(&further, &audit).await.unwrap();
    }
    set(&store, "many", DeviceState::Revoked).await.unwrap();
    let (lines, ..) = folder.lines();
    let listed = lines.iter().map(|line| line.certificates.len());
    assert_eq!(listed.collect::<Vec<_>>(), [32, 32, 15]);
    let revoked = What::State(DeviceState::Revoked);
    assert!(lines.iter().all(|line| line.what == revoked));
}

#[tokio::test]
async fn a_database_from_before_the_journal_takes_up_the_one_that_is_there() {
    let folder = Folder::new();
    two(&folder).await;
    let store = folder.store().await;
    set(&store, "d1", DeviceState::Revoked).await.unwrap();
    store.close().await;
    // As a backup that an older program wrote comes out of its upgrade.
    folder
        .edit(
            "DELETE FROM journal; UPDATE devices SET state = 'active'; \
             UPDATE certificates SET revoked_at = NULL, revoked_for = NULL",
        )
        .await;
    let store = folder.store().await;
    for name in ["d1", "d2"] {
        assert_eq!(state(&store, name).await, DeviceState::Revoked);
    }
    set(&store, "d1", DeviceState::Active).await.unwrap_err();
}

#[tokio::test]
async fn the_journal_may_lie_elsewhere() {
    let (folder, elsewhere) = (Folder::new(), Folder::new());
    let open = async || SqliteStore::open_with_journal(&folder.file(), &elsewhere.journal()).await;
    let store = open().await.unwrap();
    create(&store, &device("d1")).await.unwrap();
    set(&store, "d1", DeviceState::Revoked).await.unwrap();
    store.close().await;
    assert!(!folder.journal().exists());
    // A setting that was lost is noticed.
    let beside = SqliteStore::open(&folder.file()).await;
    assert!(matches!(beside, Err(StoreError::Journal(_))), "{beside:?}");
    open().await.unwrap();
}

/// What an operator may say.
const REASON: &str = "lost on a train; 100 %\nor so";
