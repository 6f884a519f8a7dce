//! Offers.

use countersign_fleet::{DeviceId, OfferRecord, OfferState, ReleaseId, StoreError};
use countersign_protocol::{OfferId, Reason, UnixTime};
use sqlx::{SqliteConnection, SqlitePool, sqlite::SqliteRow};

use crate::{
    devices,
    error::{failed, is_dangling, is_duplicate, number},
    row::{self, Row},
};

pub(crate) async fn add(
    connection: &mut SqliteConnection,
    offer: &OfferRecord,
) -> Result<(), StoreError> {
    let inserted = sqlx::query(
        "INSERT INTO offers \
         (id, device_id, release_id, state, reason, offered_at, failures, deliveries) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(offer.id.to_string())
    .bind(offer.device.as_str())
    .bind(offer.release.0)
    .bind(OfferState::Open.as_str())
    .bind(offer.reason.map(Reason::wire))
    .bind(number("offered_at", offer.offered_at.0)?)
    .bind(offer.failures)
    .bind(offer.deliveries)
    .execute(&mut *connection)
    .await;
    match inserted {
        Ok(_) => Ok(()),
        Err(error) if is_duplicate(&error) => {
            let given = by_id(connection, &offer.id).await?.is_some();
            Err(if given {
                StoreError::OfferExists(offer.id)
            } else {
                StoreError::OfferOpen(offer.device.clone())
            })
        }
        Err(error) if is_dangling(&error) => {
            let known = devices::by_id(connection, &offer.device).await?.is_some();
            Err(if known {
                StoreError::UnknownRelease(offer.release)
            } else {
                StoreError::UnknownDevice(offer.device.clone())
            })
        }
        Err(error) => Err(failed(error)),
    }
}

/// Made for each request of a device: one statement, one look-up in an index that holds open offers only.
pub(crate) async fn open_of(
    readers: &SqlitePool,
    device: &DeviceId,
) -> Result<Option<OfferRecord>, StoreError> {
    let query = sqlx::query("SELECT * FROM offers WHERE device_id = $1 AND state = 'open'")
        .bind(device.as_str());
    row::one(query, readers, read).await
}

pub(crate) async fn by_id(
    connection: impl sqlx::SqliteExecutor<'_>,
    id: &OfferId,
) -> Result<Option<OfferRecord>, StoreError> {
    let query = sqlx::query("SELECT * FROM offers WHERE id = $1").bind(id.to_string());
    row::one(query, connection, read).await
}

pub(crate) async fn all_of(
    readers: &SqlitePool,
    device: &DeviceId,
) -> Result<Vec<OfferRecord>, StoreError> {
    let query = sqlx::query("SELECT * FROM offers WHERE device_id = $1 ORDER BY seq DESC")
        .bind(device.as_str());
    row::every(query, readers, read).await
}

/// Ends the offer where it is open; tells whether it was.
pub(crate) async fn end(
    connection: &mut SqliteConnection,
    id: &OfferId,
    state: OfferState,
    reason: Option<Reason>,
    at: UnixTime,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE offers SET state = $2, reason = $3, ended_at = $4 WHERE id = $1 AND state = 'open'",
    )
    .bind(id.to_string())
    .bind(state.as_str())
    .bind(reason.map(Reason::wire))
    .bind(number("ended_at", at.0)?)
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

/// Counts a delivery where the offer is open; tells whether it was.
pub(crate) async fn count_delivery(
    connection: &mut SqliteConnection,
    id: &OfferId,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE offers SET deliveries = deliveries + 1 \
         WHERE id = $1 AND state = 'open' AND deliveries < 4294967295",
    )
    .bind(id.to_string())
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

/// Counts a failure where the offer is open; tells whether it was.
pub(crate) async fn count_failure(
    connection: &mut SqliteConnection,
    id: &OfferId,
    reason: Option<Reason>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE offers SET failures = failures + 1, reason = $2 \
         WHERE id = $1 AND state = 'open' AND failures < 4294967295",
    )
    .bind(id.to_string())
    .bind(reason.map(Reason::wire))
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(done.rows_affected() == 1)
}

fn read(row: &SqliteRow) -> Result<OfferRecord, StoreError> {
    cells(Row::of("offers", row))
}

/// Reads the row, or its part of a joined one.
pub(crate) fn cells(row: Row<'_>) -> Result<OfferRecord, StoreError> {
    let reason = row.optional_number("reason")?.map(|wire: u8| {
        let unknown = || row.damaged("reason", format_args!("{wire} is no reason"));
        Reason::from_wire(wire).ok_or_else(unknown)
    });
    Ok(OfferRecord {
        id: row.parsed("id")?,
        device: row.parsed("device_id")?,
        release: ReleaseId(row.get("release_id")?),
        state: row.parsed("state")?,
        reason: reason.transpose()?,
        offered_at: row.time("offered_at")?,
        ended_at: row.optional_time("ended_at")?,
        failures: row.number("failures")?,
        deliveries: row.number("deliveries")?,
    })
}
