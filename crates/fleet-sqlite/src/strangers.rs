//! Devices and certificates that the journal knows to be barred, and this file does not know otherwise: it was restored
//! from before they came.

use countersign_fleet::{Device, DeviceId, DeviceState, RevocationReason, Revoked, StoreError};
use countersign_protocol::{Digest, UnixTime};
use sqlx::{SqliteConnection, sqlite::SqliteRow};

use crate::{
    error::{failed, number},
    journal::{Entry, Listed, What},
    row::{self, Row},
};

/// Notes the state of a device that is not known; gives whether that changed anything.
pub(crate) async fn set_state(
    connection: &mut SqliteConnection,
    id: &DeviceId,
    state: DeviceState,
    entry: &Entry,
) -> Result<bool, StoreError> {
    let before = state_of(&mut *connection, id).await?;
    if !before.unwrap_or(DeviceState::Active).leads_to(state) {
        return Ok(false);
    }
    if state == DeviceState::Active {
        follow(&mut *connection, id, state, entry.at).await?;
        sqlx::query("DELETE FROM journal_devices WHERE id = $1")
            .bind(id.as_str())
            .execute(connection)
            .await
            .map_err(failed)?;
        return Ok(before.is_some());
    }
    sqlx::query(
        "INSERT INTO journal_devices (id, state, reason, pin, at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (id) DO UPDATE SET state = $2, reason = $3, pin = COALESCE($4, pin), at = $5",
    )
    .bind(id.as_str())
    .bind(state.as_str())
    .bind(&entry.reason)
    .bind(entry.pin.as_ref().map(|pin| pin.0.as_slice()))
    .bind(number("at", entry.at.0)?)
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(before != Some(state))
}

/// Notes a certificate that is not known and whose holder may not come; gives whether that changed anything.
pub(crate) async fn bar(
    connection: &mut SqliteConnection,
    certificate: &Listed,
    device: Option<&DeviceId>,
    revoked: Option<Revoked>,
) -> Result<bool, StoreError> {
    let at = revoked.map(|revoked| number("revoked_at", revoked.at.0));
    let changed = sqlx::query(
        "INSERT INTO journal_certificates (fingerprint, device_id, serial, issuer, not_after, revoked_at, revoked_for) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (fingerprint) DO UPDATE \
         SET revoked_at = $6, revoked_for = $7 WHERE revoked_at IS NULL AND $6 IS NOT NULL",
    )
    .bind(certificate.fingerprint.0.as_slice())
    .bind(device.map(DeviceId::as_str))
    .bind(&certificate.serial)
    .bind(certificate.issuer.as_ref().map(|issuer| issuer.0.as_slice()))
    .bind(number("not_after", certificate.not_after.0)?)
    .bind(at.transpose()?)
    .bind(revoked.map(|revoked| revoked.reason.as_str()))
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(changed.rows_affected() > 0)
}

/// Has the certificates that are not known of a device follow its state.
pub(crate) async fn follow(
    connection: &mut SqliteConnection,
    device: &DeviceId,
    state: DeviceState,
    at: UnixTime,
) -> Result<(), StoreError> {
    let reason = What::State(state).revokes_for();
    let statement = match (state, reason) {
        (_, Some(_)) => {
            "UPDATE journal_certificates SET revoked_at = $2, revoked_for = $3 \
             WHERE device_id = $1 AND revoked_at IS NULL"
        }
        (DeviceState::Active, None) => {
            "DELETE FROM journal_certificates WHERE device_id = $1 AND revoked_at IS NULL"
        }
        (_, None) => return Ok(()),
    };
    let mut query = sqlx::query(statement).bind(device.as_str());
    if let Some(reason) = reason {
        query = query
            .bind(number("revoked_at", at.0)?)
            .bind(reason.as_str());
    }
    query.execute(connection).await.map_err(failed)?;
    Ok(())
}

/// Refuses a device whose id, or whose key, is barred for good. One that was suspended comes in as that, and is no
/// stranger any more.
pub(crate) async fn admit(
    connection: &mut SqliteConnection,
    device: &Device,
) -> Result<Option<(DeviceState, Option<String>)>, StoreError> {
    refuse_key(&mut *connection, &device.id, device.pin.as_ref()).await?;
    let query = sqlx::query("SELECT state, reason FROM journal_devices WHERE id = $1");
    let found = row::one(query.bind(device.id.as_str()), &mut *connection, |row| {
        let row = Row::of("journal_devices", row);
        let state: DeviceState = row.parsed("state")?;
        Ok((state, row.optional("reason")?))
    });
    let found: Option<(DeviceState, Option<String>)> = found.await?;
    match found {
        Some((DeviceState::Revoked, _)) => Err(StoreError::DeviceRevoked(device.id.clone())),
        Some((DeviceState::Retired, _)) => Err(StoreError::DeviceRetired(device.id.clone())),
        Some(suspended) => {
            let id = device.id.as_str();
            sqlx::query("DELETE FROM journal_devices WHERE id = $1")
                .bind(id)
                .execute(connection)
                .await
                .map_err(failed)?;
            Ok(Some(suspended))
        }
        None => Ok(None),
    }
}

/// Refuses a key by which a device is, or was, known that is revoked.
pub(crate) async fn refuse_key(
    connection: &mut SqliteConnection,
    id: &DeviceId,
    pin: Option<&Digest>,
) -> Result<(), StoreError> {
    let Some(pin) = pin else {
        return Ok(());
    };
    let found = sqlx::query(
        "SELECT 1 FROM devices WHERE pin = $1 AND state = 'revoked' \
         UNION ALL SELECT 1 FROM journal_devices WHERE pin = $1 AND state = 'revoked' LIMIT 1",
    )
    .bind(pin.0.as_slice())
    .fetch_optional(connection)
    .await
    .map_err(failed)?;
    match found {
        Some(_) => Err(StoreError::DeviceRevoked(id.clone())),
        None => Ok(()),
    }
}

/// What the journal says of a certificate that becomes known now: whether it is revoked. It is no stranger any more.
pub(crate) async fn recognize(
    connection: &mut SqliteConnection,
    fingerprint: &Digest,
) -> Result<Option<Revoked>, StoreError> {
    let query = sqlx::query(
        "DELETE FROM journal_certificates WHERE fingerprint = $1 RETURNING revoked_at, revoked_for",
    )
    .bind(fingerprint.0.as_slice());
    Ok(row::one(query, connection, revoked).await?.flatten())
}

/// All of them, as lines of a journal.
pub(crate) async fn entries(connection: &mut SqliteConnection) -> Result<Vec<Entry>, StoreError> {
    let query = sqlx::query("SELECT * FROM journal_devices ORDER BY id");
    let mut entries = row::every(query, &mut *connection, |row| {
        let row = Row::of("journal_devices", row);
        Ok(Entry {
            at: row.time("at")?,
            what: What::State(row.parsed("state")?),
            device: Some(row.parsed("id")?),
            pin: row.optional_digest("pin")?,
            certificates: Vec::new(),
            reason: row.optional("reason")?,
        })
    })
    .await?;
    let query = sqlx::query(
        "SELECT journal_certificates.*, journal_devices.at, journal_devices.reason \
         FROM journal_certificates LEFT JOIN journal_devices ON journal_devices.id = device_id ORDER BY fingerprint",
    );
    let certificates = row::every(query, connection, |row| {
        let revoked = revoked(row)?;
        let row = Row::of("journal_certificates", row);
        let device: Option<&str> = row.optional("device_id")?;
        let device = device.map(str::parse).transpose();
        let device: Option<DeviceId> = device.map_err(|error| row.damaged("device_id", error))?;
        let serial: &str = row.get("serial")?;
        let listed = Listed::new(
            Digest(row.bytes("fingerprint")?),
            serial,
            row.optional_digest("issuer")?,
            row.time("not_after")?,
        );
        let Some(revoked) = revoked else {
            return Ok(Entry {
                at: row.optional_time("at")?.unwrap_or_default(),
                what: What::State(DeviceState::Suspended),
                device,
                pin: None,
                certificates: vec![listed],
                reason: row.optional("reason")?,
            });
        };
        Ok(Entry::of_certificate(revoked, device.as_ref(), listed))
    });
    entries.extend(certificates.await?);
    Ok(entries)
}

async fn state_of(
    connection: &mut SqliteConnection,
    id: &DeviceId,
) -> Result<Option<DeviceState>, StoreError> {
    let query = sqlx::query("SELECT state FROM journal_devices WHERE id = $1").bind(id.as_str());
    row::one(query, connection, |row| {
        Row::of("journal_devices", row).parsed("state")
    })
    .await
}

fn revoked(row: &SqliteRow) -> Result<Option<Revoked>, StoreError> {
    let row = Row::of("journal_certificates", row);
    let Some(at) = row.optional_time("revoked_at")? else {
        return Ok(None);
    };
    let reason: RevocationReason = row.parsed("revoked_for")?;
    Ok(Some(Revoked { at, reason }))
}
