use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use countersign_fleet::conformance::{self, certificate, device, entry, offer, release, running};
use countersign_protocol::UnixTime;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

use super::*;

mod journal;
mod schema;
mod search;
mod standings;

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("fleet.sqlite")
    }

    async fn store(&self) -> SqliteStore {
        SqliteStore::open(&self.file()).await.unwrap()
    }

    /// Runs SQL on the file as another program would.
    async fn edit(&self, sql: &str) {
        let options = SqliteConnectOptions::new().filename(self.file());
        let options = options.create_if_missing(true).foreign_keys(false);
        let mut connection = options.connect().await.unwrap();
        let sql = AssertSqlSafe(sql.to_owned());
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}

/// Adds device `d1` with an open offer of release 1.
async fn fill(store: &SqliteStore) {
    let device = device("d1");
    let audit = entry("test", "fill", 1);
    let certificate = certificate(&device.id, 1);
    let created = store.create_device(&device, &certificate, &audit).await;
    created.unwrap();
    let release = store.add_release(&release(1), &audit).await.unwrap();
    store
        .add_offer(&offer(&device.id, release, 1))
        .await
        .unwrap();
    let seen = Seen {
        device: device.id,
        at: UnixTime(5),
        running: running(1),
    };
    store.note_seen(&[seen]).await.unwrap();
}

/// All that a store holds after [`fill`], as text.
async fn contents(store: &SqliteStore) -> String {
    let id = "d1".parse().unwrap();
    format!(
        "{:?} {:?} {:?} {:?} {:?}",
        store.devices().await.unwrap(),
        store.certificates(&id).await.unwrap(),
        store.releases().await.unwrap(),
        store.offers(&id).await.unwrap(),
        store.audit_log(99).await.unwrap(),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conforms() {
    let folders = TempDir::new().unwrap();
    let count = std::cell::Cell::new(0);
    let open = async || {
        count.set(count.get() + 1);
        let file = folders.path().join(format!("{}.sqlite", count.get()));
        SqliteStore::open(&file).await.unwrap()
    };
    conformance::run(open).await;
    conformance::run(async || open().await.keeping_standings()).await;
}

#[tokio::test]
async fn what_was_written_outlasts_a_restart() {
    let folder = Folder::new();
    let store = folder.store().await;
    fill(&store).await;
    let before = contents(&store).await;
    store.close().await;
    assert!(!folder.0.path().join("fleet.sqlite-wal").exists());
    let store = folder.store().await;
    assert_eq!(contents(&store).await, before);
}

#[tokio::test]
async fn what_was_written_outlasts_a_kill() {
    let folder = Folder::new();
    let store = folder.store().await;
    fill(&store).await;
    let before = contents(&store).await;
    // In the midst of a transaction that is never committed.
    let mut transaction = store.begin(Lasting::Synced).await.unwrap();
    let audit = entry("test", "lost", 1);
    audit::add(&mut transaction, &audit).await.unwrap();
    // What a killed process leaves: the file and its log, nothing closed.
    let left = Folder::new();
    for suffix in ["sqlite", "sqlite-wal", "journal"] {
        let name = format!("fleet.{suffix}");
        fs::copy(folder.0.path().join(&name), left.0.path().join(&name)).unwrap();
    }
    let reopened = left.store().await;
    assert_eq!(contents(&reopened).await, before);
    drop(transaction);
    assert_eq!(contents(&store).await, before);
}

#[tokio::test]
async fn a_call_given_up_on_leaves_nothing_half_done() {
    let folder = Folder::new();
    let store = folder.store().await;
    let mut done = 0;
    for patience in 0..60_u8 {
        let device = device(&format!("d{patience}"));
        let certificate = certificate(&device.id, 1);
        let audit = entry("device.enroll", device.id.as_str(), 1);
        let call = store.create_device(&device, &certificate, &audit);
        let wait = async {
            for _ in 0..patience {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            created = call => { created.unwrap(); done += 1; }
            () = wait => {}
        }
    }
    // The next call finds a connection that works, and each device has its certificate and audit line, or neither.
    store.audit(&entry("test", "last", 1)).await.unwrap();
    let devices = store.devices().await.unwrap();
    assert!(devices.len() >= done);
    for device in &devices {
        assert_eq!(store.certificates(&device.id).await.unwrap().len(), 1);
    }
    assert_eq!(store.audit_log(99).await.unwrap().len(), devices.len() + 1);
}

#[tokio::test]
async fn only_the_owner_may_read_the_files() {
    let folder = Folder::new();
    let store = folder.store().await;
    fill(&store).await;
    for suffix in ["sqlite", "sqlite-wal", "sqlite-shm", "journal"] {
        let file = folder.0.path().join(format!("fleet.{suffix}"));
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{suffix}");
    }
}

#[tokio::test]
async fn only_what_was_last_said_may_wait_for_the_disk() {
    let folder = Folder::new();
    let store = folder.store().await;
    let synchronous = async || {
        let level: i64 = sqlx::query_scalar("PRAGMA synchronous")
            .fetch_one(&store.writer)
            .await
            .unwrap();
        level
    };
    for _ in 0..2 {
        store.audit(&entry("test", "synced", 1)).await.unwrap();
        assert_eq!(synchronous().await, 2, "FULL");
        let seen = Seen {
            device: "d1".parse().unwrap(),
            at: UnixTime(1),
            running: running(1),
        };
        store.note_seen(&[seen]).await.unwrap();
        assert_eq!(synchronous().await, 1, "NORMAL");
    }
}

#[tokio::test]
async fn two_that_open_a_new_file_at_once_both_get_it() {
    let folder = Folder::new();
    let file = folder.file();
    let (one, other) = tokio::join!(SqliteStore::open(&file), SqliteStore::open(&file));
    fill(&one.unwrap()).await;
    assert_eq!(other.unwrap().devices().await.unwrap().len(), 1);
}

#[tokio::test]
async fn refuses_what_is_no_database() {
    let folder = Folder::new();
    let text = "PRAGMA of a different kind, and long enough for a header".repeat(50);
    fs::write(folder.file(), &text).unwrap();
    let opened = SqliteStore::open(&folder.file()).await;
    assert!(matches!(opened, Err(StoreError::Database(_))), "{opened:?}");
    assert_eq!(fs::read_to_string(folder.file()).unwrap(), text);
    let none = SqliteStore::open(Path::new("/nonexistent/fleet.sqlite")).await;
    assert!(matches!(none, Err(StoreError::Database(_))), "{none:?}");
}

#[tokio::test]
async fn opened_for_reading_it_writes_nothing() {
    let folder = Folder::new();
    let missing = SqliteStore::open_read_only(&folder.file()).await;
    assert!(matches!(missing, Err(StoreError::Database(_))));
    assert!(!folder.file().exists());

    folder.edit("PRAGMA user_version = 0").await;
    let older = SqliteStore::open_read_only(&folder.file()).await;
    assert!(matches!(older, Err(StoreError::ReadOnly(_))), "{older:?}");

    let writing = folder.store().await;
    fill(&writing).await;
    let before = contents(&writing).await;
    let reading = SqliteStore::open_read_only(&folder.file()).await.unwrap();
    let refused = reading.audit(&entry("test", "refused", 1)).await;
    assert!(
        matches!(refused, Err(StoreError::ReadOnly(_))),
        "{refused:?}"
    );
    assert_eq!(contents(&reading).await, before);
}

#[tokio::test]
async fn what_may_not_be_written_is_read_only() {
    for (of_folder, of_file) in [(0o500, 0o600), (0o500, 0o400), (0o700, 0o400)] {
        let folder = Folder::new();
        let store = folder.store().await;
        fill(&store).await;
        store.close().await;
        let set = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        set(&folder.file(), of_file);
        set(folder.0.path(), of_folder);
        let may_write = fs::write(folder.0.path().join("probe"), "").is_ok();
        let opened = SqliteStore::open(&folder.file()).await;
        let beside = SqliteStore::open(&folder.0.path().join("new.sqlite")).await;
        set(folder.0.path(), 0o700);
        if may_write && of_folder == 0o500 {
            // This user may write whatever the modes say, so that the test has nothing to stand on.
            return;
        }
        assert!(
            matches!(opened, Err(StoreError::ReadOnly(_))),
            "{of_folder:o} {of_file:o} {opened:?}"
        );
        assert_eq!(
            matches!(beside, Err(StoreError::ReadOnly(_))),
            of_folder == 0o500
        );
    }
}

#[tokio::test]
async fn a_full_disk_is_told_and_outlived() {
    let folder = Folder::new();
    let store = folder.store().await;
    fill(&store).await;
    let before = contents(&store).await;
    let fill_disk = "PRAGMA max_page_count = 1";
    sqlx::query(fill_disk).execute(&store.writer).await.unwrap();
    let large = AuditEntry {
        detail: "x".repeat(100_000),
        ..entry("test", "large", 1)
    };
    let device = device("d2");
    let certificate = certificate(&device.id, 1);
    let full = store.create_device(&device, &certificate, &large).await;
    assert!(matches!(full, Err(StoreError::Full(_))), "{full:?}");
    assert_eq!(contents(&store).await, before);
    // With room again, here by a new connection, the same call is whole.
    let created = store.create_device(&device, &certificate, &large).await;
    created.unwrap();
    assert_eq!(store.devices().await.unwrap().len(), 2);
}

#[tokio::test]
async fn damaged_rows_are_named() {
    let id: DeviceId = "d1".parse().unwrap();
    for (table, set) in [
        ("devices", "id = '../d1'"),
        ("devices", "state = 'happy'"),
        ("devices", "product = ''"),
        ("devices", "urn = x'ff'"),
        ("devices", "enrolled_at = -1"),
        ("devices", "enrolled_at = 'then'"),
        ("devices", "last_seen = 1.5"),
        ("devices", "running_chip = 65536"),
        ("devices", "running_image = x'00'"),
        ("devices", "running_slot = -1"),
        ("devices", "running_pending = 2"),
        ("devices", "running_pending = NULL"),
        ("certificates", "fingerprint = x''"),
        ("certificates", "not_after = -1"),
        ("releases", "counter = -1"),
        ("releases", "size = 4294967296"),
        ("releases", "author = x'0000'"),
        ("releases", "image = 'text'"),
        ("offers", "id = 'zz'"),
        ("offers", "reason = 99"),
        ("offers", "reason = 256"),
        ("offers", "state = 'shut'"),
        ("offers", "failures = -1"),
        ("audit", "at = -1"),
    ] {
        let folder = Folder::new();
        let store = folder.store().await;
        fill(&store).await;
        folder.edit(&format!("UPDATE {table} SET {set}")).await;
        let read = match table {
            "devices" => store.devices().await.map(drop),
            "certificates" => store.certificates(&id).await.map(drop),
            "releases" => store.releases().await.map(drop),
            "offers" => store.offers(&id).await.map(drop),
            _ => store.audit_log(9).await.map(drop),
        };
        let named =
            matches!(&read, Err(StoreError::Damaged { table: named, .. }) if *named == table);
        assert!(named, "{set}: {read:?}");
    }
}
