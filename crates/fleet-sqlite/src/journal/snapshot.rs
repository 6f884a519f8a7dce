//! What the database knows to be barred, as a new journal's lines.

use countersign_fleet::{Device, StoreError};
use countersign_protocol::{Digest, UnixTime};
use futures_util::TryStreamExt as _;
use sqlx::SqliteConnection;

use super::{Entry, Listed, file::NewJournal};
use crate::{certificates, devices, error::failed, row::Row, strangers};

/// Writes all that is barred.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    new: &mut NewJournal,
) -> Result<(), StoreError> {
    write_devices(connection, new).await?;
    write_certificates(connection, new).await?;
    for entry in strangers::entries(connection).await? {
        new.push(&entry)?;
    }
    Ok(())
}

/// A device that may not come, and its certificates so far.
struct Gathered {
    device: Device,
    at: UnixTime,
    certificates: Vec<Listed>,
}

async fn write_devices(
    connection: &mut SqliteConnection,
    new: &mut NewJournal,
) -> Result<(), StoreError> {
    let mut rows = sqlx::query(
        "SELECT devices.*, 0 AS of_certificate, certificates.seq AS id, fingerprint, serial, issuer, not_after, revoked_at \
         FROM devices LEFT JOIN certificates ON device_id = devices.id WHERE state <> 'active' \
         ORDER BY devices.id, certificates.seq",
    )
    .fetch(connection);
    let mut gathered: Option<Gathered> = None;
    while let Some(row) = rows.try_next().await.map_err(failed)? {
        let device = devices::read(&row)?;
        if gathered
            .as_ref()
            .is_none_or(|before| before.device.id != device.id)
        {
            push(new, gathered.take())?;
        }
        let gathered = gathered.get_or_insert_with(|| Gathered {
            at: device.enrolled_at,
            device,
            certificates: Vec::new(),
        });
        let cells = Row::behind("of_certificate", "certificates", &row);
        if cells.is_there()? {
            gathered.certificates.push(listed(cells)?);
            // When it came into its state no row says; when its certificates were revoked, one does.
            gathered.at = cells.optional_time("revoked_at")?.unwrap_or(gathered.at);
        }
    }
    push(new, gathered)
}

fn push(new: &mut NewJournal, gathered: Option<Gathered>) -> Result<(), StoreError> {
    let Some(gathered) = gathered else {
        return Ok(());
    };
    for entry in Entry::of_device(gathered.at, &gathered.device, &gathered.certificates) {
        new.push(&entry)?;
    }
    Ok(())
}

/// Those that were revoked by themselves, or for another reason than their device's state says.
async fn write_certificates(
    connection: &mut SqliteConnection,
    new: &mut NewJournal,
) -> Result<(), StoreError> {
    let mut rows = sqlx::query(
        "SELECT certificates.* FROM certificates LEFT JOIN devices ON devices.id = device_id \
         WHERE revoked_at IS NOT NULL AND (state IS NULL OR state NOT IN ('retired', 'revoked')) \
         ORDER BY certificates.seq",
    )
    .fetch(connection);
    while let Some(row) = rows.try_next().await.map_err(failed)? {
        let record = certificates::read(&row)?;
        if let Some(revoked) = record.revoked {
            let device = record.device.as_ref();
            new.push(&Entry::of_certificate(revoked, device, Listed::of(&record)))?;
        }
    }
    Ok(())
}

fn listed(cells: Row<'_>) -> Result<Listed, StoreError> {
    let serial: &str = cells.get("serial")?;
    Ok(Listed::new(
        Digest(cells.bytes("fingerprint")?),
        serial,
        cells.optional_digest("issuer")?,
        cells.time("not_after")?,
    ))
}
