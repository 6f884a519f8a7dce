//! The audit log.

use countersign_fleet::{AuditEntry, StoreError};
use sqlx::{SqliteConnection, SqlitePool, sqlite::SqliteRow};

use crate::{
    error::{failed, number},
    row::{self, Row},
};

pub(crate) async fn add(
    connection: &mut SqliteConnection,
    entry: &AuditEntry,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO audit (at, actor, action, subject, detail) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(number("the time of an audit line", entry.at.0)?)
    .bind(&entry.actor)
    .bind(&entry.action)
    .bind(&entry.subject)
    .bind(&entry.detail)
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(())
}

pub(crate) async fn newest(
    readers: &SqlitePool,
    limit: u32,
) -> Result<Vec<AuditEntry>, StoreError> {
    let query =
        sqlx::query("SELECT * FROM audit ORDER BY seq DESC LIMIT $1").bind(i64::from(limit));
    row::every(query, readers, read).await
}

fn read(row: &SqliteRow) -> Result<AuditEntry, StoreError> {
    let row = Row::of("audit", row);
    Ok(AuditEntry {
        at: row.time("at")?,
        actor: row.get("actor")?,
        action: row.get("action")?,
        subject: row.get("subject")?,
        detail: row.get("detail")?,
    })
}
