//! What the database says, as what a store says.

use std::io;

use countersign_fleet::StoreError;
use sqlx::error::DatabaseError;

/// A database's failure by its primary result code (<https://sqlite.org/rescode.html>).
pub(crate) fn failed(error: sqlx::Error) -> StoreError {
    match primary_code(&error) {
        Some(SQLITE_FULL) => StoreError::Full(error.into()),
        Some(SQLITE_READONLY) => StoreError::ReadOnly(error.into()),
        _ => StoreError::Database(error.into()),
    }
}

/// An operating system's failure.
pub(crate) fn failed_io(error: io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full(error.into()),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            StoreError::ReadOnly(error.into())
        }
        _ => StoreError::Database(error.into()),
    }
}

/// Whether a row was refused because another has its key.
pub(crate) fn is_duplicate(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .is_some_and(DatabaseError::is_unique_violation)
}

/// Whether a row was refused because it names another that is not there.
pub(crate) fn is_dangling(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .is_some_and(DatabaseError::is_foreign_key_violation)
}

/// The number as a column holds it.
pub(crate) fn number(what: &'static str, value: u64) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| StoreError::TooLarge { what, value })
}

/// Whether another connection stood in the way.
pub(crate) fn is_busy(error: &sqlx::Error) -> bool {
    primary_code(error) == Some(SQLITE_BUSY)
}

fn primary_code(error: &sqlx::Error) -> Option<u32> {
    let extended: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(extended & 0xFF)
}

const SQLITE_BUSY: u32 = 5;
const SQLITE_READONLY: u32 = 8;
const SQLITE_FULL: u32 = 13;
