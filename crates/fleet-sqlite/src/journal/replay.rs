//! The journal and the database, brought together.

use std::{
    fs::File,
    io::{self, BufReader},
    path::Path,
};

use countersign_fleet::{AuditEntry, DeviceState, Revoked, StoreError};
use countersign_protocol::{Digest, UnixTime};
use sqlx::{Connection as _, Sqlite, SqliteConnection, Transaction};

use super::{Entry, Fault, Journal, Place, Position, Reader, What, file::NewJournal, snapshot};
use crate::{
    audit, certificates, devices,
    error::{failed, failed_io, number},
    row::{self, Row},
    strangers,
};

/// What the database knows of its journal.
#[derive(Clone, Copy, Debug)]
struct Known {
    id: [u8; 16],
    at: Position,
}

/// Opens a database's journal, and does in the database what the journal has and the database lacks.
///
/// # Errors
/// [`StoreError::Journal`] says what is wrong with it, and what to do; nothing was changed then.
pub(crate) async fn open(
    connection: &mut SqliteConnection,
    place: &Place,
) -> Result<Journal, StoreError> {
    // Under the lock: another process may be at the same.
    let begin = connection.begin_with("BEGIN IMMEDIATE").await;
    let mut transaction = begin.map_err(failed)?;
    let known = known(&mut transaction).await?;
    let journal = match (open_file(&place.path)?, known) {
        (Some(file), known) => match take_up(&mut transaction, file, known, &place.path).await {
            Err(StoreError::Journal(what)) if place.accept => {
                accept(&mut transaction, &place.path, &what).await?
            }
            taken => taken?,
        },
        (None, None) => begin_new(&mut transaction, &place.path).await?,
        (None, Some(_)) => {
            let what = "is not there; put it back, the newest copy that there is".to_owned();
            let what = format!("{} {what}", place.path.display());
            if !place.accept {
                return Err(StoreError::Journal(what));
            }
            accept(&mut transaction, &place.path, &what).await?
        }
    };
    transaction.commit().await.map_err(failed)?;
    Ok(journal)
}

/// Notes that all lines up to here are done in the database.
pub(crate) async fn note_done(
    connection: &mut SqliteConnection,
    at: Position,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE journal SET lines = $1, checksum = $2")
        .bind(number("lines", at.lines)?)
        .bind(at.checksum.0.as_slice())
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// How many lines are done in the database.
pub(crate) async fn done(connection: &mut SqliteConnection) -> Result<u64, StoreError> {
    Ok(known(connection).await?.map_or(0, |known| known.at.lines))
}

/// Does in the database what a line says, as far as it is not done. Doing it again changes nothing.
pub(crate) async fn apply(
    connection: &mut SqliteConnection,
    entry: &Entry,
) -> Result<(), StoreError> {
    let changed = match (entry.what, &entry.device) {
        (What::State(state), Some(id)) => match devices::by_id(&mut *connection, id).await? {
            Some(device) if device.state == state || !device.state.leads_to(state) => false,
            Some(_) => {
                let reason = entry.reason.as_deref();
                devices::set_state(&mut *connection, id, state, reason, entry.at).await?;
                true
            }
            None => strangers::set_state(&mut *connection, id, state, entry).await?,
        },
        _ => false,
    };
    let mut revoked_some = false;
    for certificate in &entry.certificates {
        let revoked = entry.what.revokes_for().map(|reason| Revoked {
            at: entry.at,
            reason,
        });
        let fingerprint = &certificate.fingerprint;
        if certificates::is_known(&mut *connection, fingerprint).await? {
            if let Some(revoked) = revoked {
                let changed = certificates::revoke(&mut *connection, fingerprint, revoked).await?;
                revoked_some |= changed;
            }
        } else if entry.what != What::State(DeviceState::Active) {
            let device = entry.device.as_ref();
            let bar = strangers::bar(&mut *connection, certificate, device, revoked);
            revoked_some |= bar.await?;
        }
    }
    if changed || revoked_some {
        audit::add(connection, &line_of(entry)).await?;
    }
    Ok(())
}

/// The audit line of what was done because the journal says so.
fn line_of(entry: &Entry) -> AuditEntry {
    let action = match entry.what {
        What::State(DeviceState::Active) => "device.resume",
        What::State(DeviceState::Suspended) => "device.suspend",
        What::State(DeviceState::Retired) => "device.retire",
        What::State(DeviceState::Revoked) => "device.revoke",
        What::Certificate(_) => "certificate.revoke",
    };
    let of_certificate = || {
        let first = entry.certificates.first();
        first.map_or_else(String::new, |one| one.fingerprint.to_string())
    };
    let device = entry.device.as_ref().map(ToString::to_string);
    AuditEntry {
        at: entry.at,
        actor: "journal".to_owned(),
        action: action.to_owned(),
        subject: match entry.what {
            What::State(_) => device.unwrap_or_default(),
            What::Certificate(_) => of_certificate(),
        },
        detail: entry.reason.clone().unwrap_or_default(),
    }
}

/// Reads a journal through, and does what is behind the lines that the database knows.
async fn take_up(
    transaction: &mut Transaction<'_, Sqlite>,
    file: File,
    known: Option<Known>,
    path: &Path,
) -> Result<Journal, StoreError> {
    let wrong = |what: String| StoreError::Journal(format!("{}: {what}", path.display()));
    let damaged = |fault: Fault| wrong(format!("{fault}; put a good copy in its place"));
    let mut reader = Reader::new(BufReader::with_capacity(BUFFER, file)).map_err(damaged)?;
    if known.is_some_and(|known| known.id != reader.id()) {
        return Err(wrong(
            "it is the journal of another database; put this one's in its place".to_owned(),
        ));
    }
    // A database that knows of no journal is of a program that had none, and this is what was written since.
    let seen = known.map_or(0, |known| known.at.lines);
    let mut caught_up = 0_u64;
    while reader.advance().map_err(damaged)? {
        let at = reader.position();
        if at.lines > seen {
            let entry = reader.entry().map_err(damaged)?;
            apply(&mut *transaction, &entry).await?;
            note_done(&mut *transaction, at).await?;
            caught_up = caught_up.saturating_add(1);
        } else if known.is_some_and(|known| known.at.lines == at.lines && known.at != at) {
            return Err(wrong(format!(
                "its line {} is not the one that the database knows; put the newest copy in its place",
                at.lines.saturating_add(1),
            )));
        }
    }
    let at = reader.position();
    if at.lines < seen {
        return Err(wrong(format!(
            "it has {} lines of changes, and the database has seen {seen}: it is an old copy, or was cut; put the newest \
             copy in its place",
            at.lines,
        )));
    }
    if known.is_none() {
        remember(transaction, &reader.id(), at).await?;
    }
    if caught_up > 0 {
        tracing::warn!(
            lines = caught_up,
            "what the journal of revocations has and the database lacked was done again"
        );
    }
    if reader.torn() > 0 {
        let bytes = reader.torn();
        tracing::warn!(
            bytes,
            "the last line of the journal of revocations was torn, and is cut off"
        );
    }
    Journal::take_up(path, at, reader.good())
}

/// Begins another journal on an operator's word, and says so in the audit log.
async fn accept(
    transaction: &mut Transaction<'_, Sqlite>,
    path: &Path,
    what: &str,
) -> Result<Journal, StoreError> {
    let journal = begin_new(transaction, path).await?;
    let now: i64 = sqlx::query_scalar("SELECT unixepoch()")
        .fetch_one(&mut **transaction)
        .await
        .map_err(failed)?;
    let audit = AuditEntry {
        at: UnixTime(u64::try_from(now).unwrap_or(0)),
        actor: "operator".to_owned(),
        action: "journal.accept".to_owned(),
        subject: path.display().to_string(),
        detail: what.to_owned(),
    };
    audit::add(transaction, &audit).await?;
    tracing::warn!(
        what,
        "a new journal of revocations was begun from what the database knows"
    );
    Ok(journal)
}

/// Begins a journal from what the database knows.
async fn begin_new(
    transaction: &mut Transaction<'_, Sqlite>,
    path: &Path,
) -> Result<Journal, StoreError> {
    let id: Vec<u8> = sqlx::query_scalar("SELECT randomblob(16)")
        .fetch_one(&mut **transaction)
        .await
        .map_err(failed)?;
    let id = id.first_chunk().copied().unwrap_or_default();
    let mut new = NewJournal::begin(path, &id)?;
    snapshot::write(transaction, &mut new).await?;
    let journal = new.finish()?;
    remember(transaction, &id, journal.position()).await?;
    Ok(journal)
}

async fn remember(
    connection: &mut SqliteConnection,
    id: &[u8; 16],
    at: Position,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM journal")
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    sqlx::query("INSERT INTO journal (id, lines, checksum) VALUES ($1, $2, $3)")
        .bind(id.as_slice())
        .bind(number("lines", at.lines)?)
        .bind(at.checksum.0.as_slice())
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

async fn known(connection: &mut SqliteConnection) -> Result<Option<Known>, StoreError> {
    let query = sqlx::query("SELECT * FROM journal");
    row::one(query, connection, |row| {
        let row = Row::of("journal", row);
        Ok(Known {
            id: row.bytes("id")?,
            at: Position {
                lines: row.number("lines")?,
                checksum: Digest(row.bytes("checksum")?),
            },
        })
    })
    .await
}

fn open_file(path: &Path) -> Result<Option<File>, StoreError> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => match failed_io(error) {
            StoreError::Database(cause) => Err(StoreError::Journal(format!(
                "{} cannot be opened: {cause}",
                path.display()
            ))),
            known => Err(known),
        },
    }
}

/// How much of the file is read at once, in bytes.
const BUFFER: usize = 64 * 1024;
