//! The tables, and how a file comes to have them.

use countersign_fleet::StoreError;
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

use crate::error::failed;

/// What a file lacks, if anything.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Age {
    Current,
    Older,
}

/// Reads which schema the file has, and changes nothing.
pub(crate) async fn age(connection: &mut SqliteConnection) -> Result<Age, StoreError> {
    if version(connection).await? < KNOWN {
        Ok(Age::Older)
    } else {
        Ok(Age::Current)
    }
}

/// Brings the file to the newest schema, each step in a transaction of its own.
pub(crate) async fn migrate(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    loop {
        // The version is read under the lock: another process may be at the same.
        let mut transaction = connection
            .begin_with("BEGIN IMMEDIATE")
            .await
            .map_err(failed)?;
        let at = version(&mut transaction).await?;
        let step = usize::try_from(at).ok().and_then(|at| MIGRATIONS.get(at));
        let Some(step) = step else {
            // Nothing is missing. What is written here and rolled back tells whether the file may be written at all:
            // on one that may not, SQLite begins a reading transaction without a word.
            return stamp(&mut transaction, at).await;
        };
        sqlx::raw_sql(*step)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        stamp(&mut transaction, at.saturating_add(1)).await?;
        transaction.commit().await.map_err(failed)?;
    }
}

async fn stamp(connection: &mut SqliteConnection, version: u32) -> Result<(), StoreError> {
    // A pragma takes no parameters.
    sqlx::raw_sql(AssertSqlSafe(format!("PRAGMA user_version = {version}")))
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

async fn version(connection: &mut SqliteConnection) -> Result<u32, StoreError> {
    let found: i64 = sqlx::query_scalar("PRAGMA user_version")
        .fetch_one(connection)
        .await
        .map_err(failed)?;
    match u32::try_from(found) {
        Ok(found) if found <= KNOWN => Ok(found),
        Ok(found) => Err(StoreError::NewerSchema {
            found,
            known: KNOWN,
        }),
        Err(_) => Err(StoreError::Damaged {
            table: "user_version",
            what: format!("{found} is no schema's number"),
        }),
    }
}

/// The step at index n brings a file from schema n to n + 1. A step is never changed, only followed by another.
const MIGRATIONS: [&str; 7] = [
    include_str!("../migrations/0001_fleet.sql"),
    include_str!("../migrations/0002_deliveries.sql"),
    include_str!("../migrations/0003_gate.sql"),
    include_str!("../migrations/0004_issuers.sql"),
    include_str!("../migrations/0005_author_sets.sql"),
    include_str!("../migrations/0006_fallbacks.sql"),
    include_str!("../migrations/0007_device_authors.sql"),
];
const KNOWN: u32 = 7;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_schema_is_the_last_step() {
        assert_eq!(usize::try_from(KNOWN).unwrap(), MIGRATIONS.len());
    }
}
