//! How a store is opened and closed.

use std::{
    fs::OpenOptions,
    io,
    path::{Path, PathBuf},
    sync::Mutex,
    time::Duration,
};

use countersign_fleet::StoreError;
use sqlx::{
    ConnectOptions as _, Connection as _, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

use super::SqliteStore;
use crate::{
    error::{failed, failed_io, is_busy},
    journal::{self, Journal, Place},
    schema::{self, Age},
    standings::Standings,
};

impl SqliteStore {
    /// Opens the fleet in the file at `path`, which is made where there is none, readable by its owner alone. Its
    /// [journal](crate::journal) of revocations is beside it, with the ending `.journal`.
    ///
    /// # Errors
    /// [`StoreError::Journal`] where what was revoked is not known for sure, with what to do;
    /// [`StoreError::NewerSchema`] where a newer program wrote the file, which then stays as it is;
    /// [`StoreError::ReadOnly`] where the file or its folder may not be written; [`StoreError::Full`];
    /// [`StoreError::Database`] where it is no database.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_with_journal(path, &journal_beside(path)).await
    }

    /// Opens the fleet in the file at `path` as [`Self::open`] does, with its journal of revocations in another place: on
    /// another disk, so that no restored backup brings both back.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_with_journal(path: &Path, journal: &Path) -> Result<Self, StoreError> {
        let journal = Place {
            path: journal.to_owned(),
            accept: false,
        };
        Self::open_at(path, &journal).await
    }

    /// Opens the fleet as [`Self::open_with_journal`] does, and where the journal is missing, damaged, older than the
    /// database or another's, begins a new one from what the database knows, on the operator's word. What could be read
    /// of this database's own journal is done first, and the file is kept under another name.
    ///
    /// # Errors
    /// As [`Self::open`], but for what is wrong with the journal.
    pub async fn open_accepting_journal(path: &Path, journal: &Path) -> Result<Self, StoreError> {
        let journal = Place {
            path: journal.to_owned(),
            accept: true,
        };
        Self::open_at(path, &journal).await
    }

    async fn open_at(path: &Path, place: &Place) -> Result<Self, StoreError> {
        create_private(path)?;
        let options = options(path);
        let mut connection = options.connect().await.map_err(failed)?;
        let prepared = prepare(&mut connection, place).await;
        connection.close().await.map_err(failed)?;
        Self::connect(options, Some(prepared?)).await
    }

    /// Opens the fleet in the file at `path` for reading; whatever would write is [`StoreError::ReadOnly`].
    ///
    /// Beside a store that is open for writing, or where the folder may be written: `SQLite`'s readers share an index
    /// of the write-ahead log in a file of its own.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`] where a newer program wrote the file, [`StoreError::ReadOnly`] where an older one
    /// did and the file must be written first; [`StoreError::Database`] where there is none.
    pub async fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        let options = options(path).read_only(true);
        let mut connection = options.connect().await.map_err(failed)?;
        let age = schema::age(&mut connection).await;
        connection.close().await.map_err(failed)?;
        match age? {
            Age::Current => Self::connect(options, None).await,
            Age::Older => Err(StoreError::ReadOnly(
                "the file has an older schema, and bringing it up to date needs to write".into(),
            )),
        }
    }

    /// Has what is asked with each request of a device kept in memory. Only for who holds the database alone, as `countersign
    /// serve` does by its lock: what another writes is not seen.
    #[must_use]
    pub fn keeping_standings(mut self) -> Self {
        self.standings = Some(Standings::default());
        self
    }

    /// Waits for calls under way, moves the write-ahead log into the file, and closes it.
    ///
    /// Dropping the store instead loses nothing: the log stays beside the file until the next [`Self::open`].
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    async fn connect(
        options: SqliteConnectOptions,
        journal: Option<Journal>,
    ) -> Result<Self, StoreError> {
        let writer = pool(1)
            // Where SQLite rolls back by itself, as on a full disk, sqlx goes on to count a transaction as open and
            // refuses to begin another. Such a connection is replaced. The test before makes a rollback that is
            // still queued count.
            .test_before_acquire(true)
            .before_acquire(|connection, _| {
                let usable = !connection.is_in_transaction();
                Box::pin(async move { Ok(usable) })
            })
            .connect_with(options.clone())
            .await
            .map_err(failed)?;
        let readers: SqlitePool = pool(READERS)
            .test_before_acquire(false)
            .connect_with(options.pragma("query_only", "ON"))
            .await
            .map_err(failed)?;
        Ok(Self {
            writer,
            readers,
            journal: journal.map(Mutex::new),
            standings: None,
        })
    }
}

/// Checks the schema, brings it up to date, turns the write-ahead log on, which the file remembers, and opens the journal.
async fn prepare(connection: &mut SqliteConnection, place: &Place) -> Result<Journal, StoreError> {
    schema::age(connection).await?;
    schema::migrate(connection).await?;
    let mode = turn_log_on(connection).await?;
    if mode != "wal" {
        return Err(StoreError::Database(
            format!("the file system has no write-ahead log for SQLite, only `{mode}`").into(),
        ));
    }
    journal::open(connection, place).await
}

fn journal_beside(path: &Path) -> PathBuf {
    path.with_extension("journal")
}

/// Turns the write-ahead log on, and gives the mode that the file has then.
///
/// For this `SQLite` does not wait for another connection, whatever `busy_timeout` says. To begin a transaction it
/// does, and once it has begun the other is done.
async fn turn_log_on(connection: &mut SqliteConnection) -> Result<String, StoreError> {
    let mut tries = 0;
    loop {
        let mode = sqlx::query_scalar("PRAGMA journal_mode = WAL").fetch_one(&mut *connection);
        match mode.await {
            Err(error) if is_busy(&error) && tries < TRIES => tries += 1,
            mode => return mode.map_err(failed),
        }
        let transaction = connection.begin_with("BEGIN IMMEDIATE").await;
        transaction
            .map_err(failed)?
            .rollback()
            .await
            .map_err(failed)?;
    }
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .busy_timeout(BUSY)
}

fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(QUEUE)
        .idle_timeout(None)
        .max_lifetime(None)
}

/// Makes an empty file that only its owner may read, where there is none. `SQLite` gives the files beside it the same
/// mode. A file that is there is not opened: closing it would drop the locks that this process has on it elsewhere.
fn create_private(path: &Path) -> Result<(), StoreError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(failed_io(error)),
    }
}

/// How long to wait for another process that writes.
const BUSY: Duration = Duration::from_secs(5);
/// How long a call waits for its connection.
const QUEUE: Duration = Duration::from_secs(10);
const READERS: u32 = 4;
/// How often the write-ahead log is asked for beside others that open the file.
const TRIES: u32 = 100;
