//! Why devices were turned away.

use countersign_fleet::{DeviceId, RefusalRecord, StoreError};
use sqlx::{SqliteConnection, SqlitePool, sqlite::SqliteRow};

use crate::{
    error::{failed, number},
    row::{self, Row},
};

pub(crate) async fn note(
    connection: &mut SqliteConnection,
    refusal: &RefusalRecord,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO refusals (device_id, plane, code, reason, address, proved, first_at, last_at, times) \
         SELECT id, $2, $3, $4, $5, $6, $7, $8, $9 FROM devices WHERE id = $1 \
         ON CONFLICT (device_id, plane, code, proved) DO UPDATE SET \
         reason = CASE WHEN last_at <= $8 THEN $4 ELSE reason END, \
         address = CASE WHEN last_at <= $8 THEN $5 ELSE address END, \
         first_at = min(first_at, $7), last_at = max(last_at, $8), times = times + $9",
    )
    .bind(refusal.device.as_str())
    .bind(&refusal.plane)
    .bind(&refusal.code)
    .bind(&refusal.reason)
    .bind(&refusal.from)
    .bind(refusal.proved)
    .bind(number("first_at", refusal.first_at.0)?)
    .bind(number("last_at", refusal.last_at.0)?)
    .bind(number("times", refusal.times)?)
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(())
}

pub(crate) async fn of_device(
    readers: &SqlitePool,
    device: &DeviceId,
) -> Result<Vec<RefusalRecord>, StoreError> {
    let query =
        sqlx::query("SELECT * FROM refusals WHERE device_id = $1 ORDER BY last_at DESC, proved DESC, plane, code")
            .bind(device.as_str());
    row::every(query, readers, read).await
}

fn read(row: &SqliteRow) -> Result<RefusalRecord, StoreError> {
    let row = Row::of("refusals", row);
    Ok(RefusalRecord {
        device: row.parsed("device_id")?,
        plane: row.get("plane")?,
        code: row.get("code")?,
        reason: row.get("reason")?,
        from: row.get("address")?,
        proved: row.flag("proved")?,
        first_at: row.time("first_at")?,
        last_at: row.time("last_at")?,
        times: row.number("times")?,
    })
}
