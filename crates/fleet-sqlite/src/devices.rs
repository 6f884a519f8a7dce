//! Devices.

use std::collections::BTreeMap;

use countersign_fleet::{
    CertificateRecord, Device, DeviceId, DeviceState, Revoked, Running, Seen, StoreError,
};
use countersign_protocol::{Digest, UnixTime};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, SqlitePool, sqlite::SqliteRow};

use crate::{
    certificates,
    error::{failed, is_duplicate, number},
    journal::What,
    row::{self, Row},
    strangers,
};

pub(crate) async fn create(
    connection: &mut SqliteConnection,
    device: &Device,
    certificate: &CertificateRecord,
) -> Result<(), StoreError> {
    add(&mut *connection, device).await?;
    // Whatever else its record says, a certificate is the device's that it comes with.
    let certificate = CertificateRecord {
        device: Some(device.id.clone()),
        ..certificate.clone()
    };
    certificates::add(connection, &certificate).await
}

/// Adds a device that is not there, without a certificate.
pub(crate) async fn add(
    connection: &mut SqliteConnection,
    device: &Device,
) -> Result<(), StoreError> {
    let barred = strangers::admit(&mut *connection, device).await?;
    let (state, state_reason) = match &barred {
        Some((state, reason)) => (*state, reason),
        None => (device.state, &device.state_reason),
    };
    let last_seen = device.last_seen.map(|at| number("last_seen", at.0));
    let running = device.running.as_ref();
    sqlx::query(
        "INSERT INTO devices (id, product, urn, state, state_reason, enrolled_at, last_seen, running_version, \
         running_chip, running_image, running_slot, running_pending, running_authors, pin) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(device.id.as_str())
    .bind(device.product.as_str())
    .bind(&device.urn)
    .bind(state.as_str())
    .bind(state_reason)
    .bind(number("enrolled_at", device.enrolled_at.0)?)
    .bind(last_seen.transpose()?)
    .bind(running.map(|running| running.version.as_str()))
    .bind(running.and_then(|running| running.chip))
    .bind(running.and_then(|running| running.image.as_ref().map(|image| image.0.as_slice())))
    .bind(running.and_then(|running| running.slot))
    .bind(running.map(|running| i64::from(running.pending_verify)))
    .bind(running.and_then(|running| running.authors))
    .bind(device.pin.as_ref().map(|pin| pin.0.as_slice()))
    .execute(connection)
    .await
    .map_err(|error| {
        if is_duplicate(&error) {
            StoreError::DeviceExists(device.id.clone())
        } else {
            failed(error)
        }
    })?;
    Ok(())
}

pub(crate) async fn by_id(
    connection: impl sqlx::SqliteExecutor<'_>,
    id: &DeviceId,
) -> Result<Option<Device>, StoreError> {
    let query = sqlx::query("SELECT * FROM devices WHERE id = $1").bind(id.as_str());
    row::one(query, connection, read).await
}

pub(crate) async fn all(readers: &SqlitePool) -> Result<Vec<Device>, StoreError> {
    let query = sqlx::query("SELECT * FROM devices ORDER BY id");
    row::every(query, readers, read).await
}

pub(crate) async fn set_state(
    connection: &mut SqliteConnection,
    id: &DeviceId,
    state: DeviceState,
    reason: Option<&str>,
    at: UnixTime,
) -> Result<Device, StoreError> {
    // In the statement itself, so that of a revocation and a resumption at once the first one wins.
    let changed = sqlx::query(
        "UPDATE devices SET state = $2, state_reason = $3 WHERE id = $1 \
         AND (state NOT IN ($4, $5) OR state = $2 OR $2 = $4)",
    )
    .bind(id.as_str())
    .bind(state.as_str())
    .bind(reason)
    .bind(DeviceState::Revoked.as_str())
    .bind(DeviceState::Retired.as_str())
    .execute(&mut *connection)
    .await
    .map_err(failed)?;
    let device = by_id(&mut *connection, id).await?;
    let device = device.ok_or_else(|| StoreError::UnknownDevice(id.clone()))?;
    if changed.rows_affected() == 0 {
        return Err(match device.state {
            DeviceState::Retired => StoreError::DeviceRetired(id.clone()),
            _ => StoreError::DeviceRevoked(id.clone()),
        });
    }
    if let Some(reason) = What::State(state).revokes_for() {
        let revoked = Revoked { at, reason };
        certificates::revoke_all_of(&mut *connection, id, revoked).await?;
    }
    strangers::follow(connection, id, state, at).await?;
    Ok(device)
}

/// Replaces the key by which a device is known.
pub(crate) async fn set_pin(
    connection: &mut SqliteConnection,
    id: &DeviceId,
    pin: &Digest,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE devices SET pin = $2 WHERE id = $1")
        .bind(id.as_str())
        .bind(pin.0.as_slice())
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Refuses another certificate for a device that will never come again, or whose key will not.
pub(crate) async fn may_get_certificates(
    connection: &mut SqliteConnection,
    id: &DeviceId,
) -> Result<(), StoreError> {
    let device = by_id(&mut *connection, id).await?;
    let device = device.ok_or_else(|| StoreError::UnknownDevice(id.clone()))?;
    refuse_final(&device)?;
    strangers::refuse_key(connection, id, device.pin.as_ref()).await
}

/// Refuses a device that will never come again.
pub(crate) fn refuse_final(device: &Device) -> Result<(), StoreError> {
    match device.state {
        DeviceState::Retired => Err(StoreError::DeviceRetired(device.id.clone())),
        DeviceState::Revoked => Err(StoreError::DeviceRevoked(device.id.clone())),
        DeviceState::Active | DeviceState::Suspended => Ok(()),
    }
}

/// Writes a batch in a few statements: what a statement costs is its way to the connection's thread and back, not the
/// row that it changes.
pub(crate) async fn note_seen(
    connection: &mut SqliteConnection,
    batch: &[Seen],
) -> Result<(), StoreError> {
    // One statement changes a row once: the last of what a device said is what counts.
    let mut last = BTreeMap::<&str, &Seen>::new();
    for seen in batch {
        let kept = last.entry(seen.device.as_str()).or_insert(seen);
        if kept.at <= seen.at {
            *kept = seen;
        }
    }
    let last: Vec<&Seen> = last.into_values().collect();
    for some in last.chunks(AT_ONCE) {
        note_some_seen(connection, some).await?;
    }
    Ok(())
}

async fn note_some_seen(
    connection: &mut SqliteConnection,
    some: &[&Seen],
) -> Result<(), StoreError> {
    let mut times = Vec::with_capacity(some.len());
    for seen in some {
        times.push(number("last_seen", seen.at.0)?);
    }
    let mut update = QueryBuilder::<Sqlite>::new(
        "WITH said (device, at, version, chip, image, slot, pending, authors) AS (",
    );
    update.push_values(some.iter().zip(times), |mut row, (seen, at)| {
        let running = &seen.running;
        row.push_bind(seen.device.as_str())
            .push_bind(at)
            .push_bind(running.version.as_str())
            .push_bind(running.chip)
            .push_bind(running.image.as_ref().map(|image| image.0.as_slice()))
            .push_bind(running.slot)
            .push_bind(i64::from(running.pending_verify))
            .push_bind(running.authors);
    });
    update.push(
        ") UPDATE devices SET last_seen = at, running_version = version, running_chip = chip, \
         running_image = image, running_slot = slot, running_pending = pending, running_authors = authors \
         FROM said WHERE id = device AND (last_seen IS NULL OR last_seen <= at)",
    );
    // Of full batches there is one statement, which is worth keeping; of the last ones, as many as there are lengths.
    let full = some.len() == AT_ONCE;
    update
        .build()
        .persistent(full)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

pub(crate) fn read(row: &SqliteRow) -> Result<Device, StoreError> {
    let row = Row::of("devices", row);
    let running = match row.optional("running_version")? {
        None => None,
        Some(version) => Some(Running {
            chip: row.optional_number("running_chip")?,
            version,
            image: row.optional_digest("running_image")?,
            slot: row.optional_number("running_slot")?,
            pending_verify: row.flag("running_pending")?,
            authors: row.optional_number("running_authors")?,
        }),
    };
    Ok(Device {
        id: row.parsed("id")?,
        product: row.parsed("product")?,
        urn: row.get("urn")?,
        pin: row.optional_digest("pin")?,
        state: row.parsed("state")?,
        state_reason: row.optional("state_reason")?,
        enrolled_at: row.time("enrolled_at")?,
        last_seen: row.optional_time("last_seen")?,
        running,
    })
}

/// How many devices one statement writes. Eight parameters each: `SQLite` takes 32766.
const AT_ONCE: usize = 100;
