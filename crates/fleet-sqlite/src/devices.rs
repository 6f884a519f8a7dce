//! Devices and their certificates.

use countersign_fleet::{
    CertificateRecord, Device, DeviceId, DeviceState, Running, Seen, StoreError,
};
use countersign_protocol::{Digest, UnixTime};
use sqlx::{SqliteConnection, SqlitePool, sqlite::SqliteRow};

use crate::{
    error::{failed, is_duplicate, number},
    row::Row,
};

pub(crate) async fn create(
    connection: &mut SqliteConnection,
    device: &Device,
    certificate: &CertificateRecord,
) -> Result<(), StoreError> {
    let last_seen = device.last_seen.map(|at| number("last_seen", at.0));
    let running = device.running.as_ref();
    sqlx::query(
        "INSERT INTO devices (id, product, urn, state, state_reason, enrolled_at, last_seen, running_version, \
         running_chip, running_image, running_slot, running_pending) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(device.id.as_str())
    .bind(device.product.as_str())
    .bind(&device.urn)
    .bind(device.state.as_str())
    .bind(&device.state_reason)
    .bind(number("enrolled_at", device.enrolled_at.0)?)
    .bind(last_seen.transpose()?)
    .bind(running.map(|running| running.version.as_str()))
    .bind(running.and_then(|running| running.chip))
    .bind(running.and_then(|running| running.image.as_ref().map(|image| image.0.as_slice())))
    .bind(running.and_then(|running| running.slot))
    .bind(running.map(|running| i64::from(running.pending_verify)))
    .execute(&mut *connection)
    .await
    .map_err(|error| {
        if is_duplicate(&error) {
            StoreError::DeviceExists(device.id.clone())
        } else {
            failed(error)
        }
    })?;
    add_certificate(connection, &device.id, certificate).await
}

async fn add_certificate(
    connection: &mut SqliteConnection,
    device: &DeviceId,
    certificate: &CertificateRecord,
) -> Result<(), StoreError> {
    let revoked_at = certificate.revoked_at.map(|at| number("revoked_at", at.0));
    sqlx::query(
        "INSERT INTO certificates (fingerprint, serial, device_id, not_before, not_after, revoked_at, der) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(certificate.fingerprint.0.as_slice())
    .bind(&certificate.serial)
    .bind(device.as_str())
    .bind(number("not_before", certificate.not_before.0)?)
    .bind(number("not_after", certificate.not_after.0)?)
    .bind(revoked_at.transpose()?)
    .bind(&certificate.der)
    .execute(connection)
    .await
    .map_err(|error| {
        if is_duplicate(&error) {
            StoreError::CertificateExists(certificate.fingerprint)
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
    sqlx::query("SELECT * FROM devices WHERE id = $1")
        .bind(id.as_str())
        .fetch_optional(connection)
        .await
        .map_err(failed)?
        .as_ref()
        .map(read)
        .transpose()
}

/// Made for each connection of a device: one statement, two look-ups by unique key.
pub(crate) async fn by_certificate(
    readers: &SqlitePool,
    fingerprint: &Digest,
) -> Result<Option<(Device, CertificateRecord)>, StoreError> {
    // No column name is in both tables.
    sqlx::query(
        "SELECT * FROM certificates JOIN devices ON devices.id = certificates.device_id \
         WHERE certificates.fingerprint = $1",
    )
    .bind(fingerprint.0.as_slice())
    .fetch_optional(readers)
    .await
    .map_err(failed)?
    .map(|row| Ok((read(&row)?, read_certificate(&row)?)))
    .transpose()
}

pub(crate) async fn all(readers: &SqlitePool) -> Result<Vec<Device>, StoreError> {
    sqlx::query("SELECT * FROM devices ORDER BY id")
        .fetch_all(readers)
        .await
        .map_err(failed)?
        .iter()
        .map(read)
        .collect()
}

pub(crate) async fn certificates(
    readers: &SqlitePool,
    id: &DeviceId,
) -> Result<Vec<CertificateRecord>, StoreError> {
    sqlx::query(
        "SELECT * FROM certificates WHERE device_id = $1 ORDER BY not_before DESC, seq DESC",
    )
    .bind(id.as_str())
    .fetch_all(readers)
    .await
    .map_err(failed)?
    .iter()
    .map(read_certificate)
    .collect()
}

pub(crate) async fn set_state(
    connection: &mut SqliteConnection,
    id: &DeviceId,
    state: DeviceState,
    reason: Option<&str>,
    at: UnixTime,
) -> Result<Device, StoreError> {
    sqlx::query("UPDATE devices SET state = $2, state_reason = $3 WHERE id = $1")
        .bind(id.as_str())
        .bind(state.as_str())
        .bind(reason)
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    if state == DeviceState::Revoked {
        sqlx::query(
            "UPDATE certificates SET revoked_at = $2 WHERE device_id = $1 AND revoked_at IS NULL",
        )
        .bind(id.as_str())
        .bind(number("revoked_at", at.0)?)
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    }
    let device = by_id(connection, id).await?;
    device.ok_or_else(|| StoreError::UnknownDevice(id.clone()))
}

pub(crate) async fn note_seen(
    connection: &mut SqliteConnection,
    seen: &Seen,
) -> Result<(), StoreError> {
    let running = &seen.running;
    sqlx::query(
        "UPDATE devices SET last_seen = $2, running_version = $3, running_chip = $4, running_image = $5, \
         running_slot = $6, running_pending = $7 WHERE id = $1 AND (last_seen IS NULL OR last_seen <= $2)",
    )
    .bind(seen.device.as_str())
    .bind(number("last_seen", seen.at.0)?)
    .bind(&running.version)
    .bind(running.chip)
    .bind(running.image.as_ref().map(|image| image.0.as_slice()))
    .bind(running.slot)
    .bind(i64::from(running.pending_verify))
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(())
}

fn read(row: &SqliteRow) -> Result<Device, StoreError> {
    let row = Row {
        table: "devices",
        row,
    };
    let running = match row.optional("running_version")? {
        None => None,
        Some(version) => Some(Running {
            chip: row.optional_number("running_chip")?,
            version,
            image: row.optional_digest("running_image")?,
            slot: row.optional_number("running_slot")?,
            pending_verify: row.flag("running_pending")?,
        }),
    };
    Ok(Device {
        id: row.parsed("id")?,
        product: row.parsed("product")?,
        urn: row.get("urn")?,
        state: row.parsed("state")?,
        state_reason: row.optional("state_reason")?,
        enrolled_at: row.time("enrolled_at")?,
        last_seen: row.optional_time("last_seen")?,
        running,
    })
}

fn read_certificate(row: &SqliteRow) -> Result<CertificateRecord, StoreError> {
    let row = Row {
        table: "certificates",
        row,
    };
    Ok(CertificateRecord {
        fingerprint: Digest(row.bytes("fingerprint")?),
        serial: row.get("serial")?,
        device: row.parsed("device_id")?,
        not_before: row.time("not_before")?,
        not_after: row.time("not_after")?,
        revoked_at: row.optional_time("revoked_at")?,
        der: row.get("der")?,
    })
}
