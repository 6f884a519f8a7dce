//! Certificates, and what is published of those that were revoked.

mod search;

pub(crate) use search::statement;

use countersign_fleet::{
    Barred, CertificateRecord, CertificateSearch, CrlRecord, DeviceId, Issued, RevocationReason,
    Revoked, RevokedSerial, StoreError,
};
use countersign_protocol::{Digest, UnixTime};
use sqlx::{SqliteConnection, SqliteExecutor, SqlitePool, sqlite::SqliteRow};

use crate::{
    error::{failed, is_dangling, is_duplicate, number},
    row::{self, Row},
    strangers,
};

pub(crate) async fn add(
    connection: &mut SqliteConnection,
    certificate: &CertificateRecord,
) -> Result<(), StoreError> {
    let known_to_journal = strangers::recognize(&mut *connection, &certificate.fingerprint);
    let revoked = certificate.revoked.or(known_to_journal.await?);
    let revoked_at = revoked.map(|revoked| number("revoked_at", revoked.at.0));
    let issuer = certificate.issuer.as_ref();
    sqlx::query(
        "INSERT INTO certificates (fingerprint, serial, profile, device_id, subject, issuer, not_before, not_after, \
         revoked_at, revoked_for, der) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(certificate.fingerprint.0.as_slice())
    .bind(&certificate.serial)
    .bind(certificate.profile.as_str())
    .bind(certificate.device.as_ref().map(DeviceId::as_str))
    .bind(&certificate.subject)
    .bind(issuer.map(|issuer| issuer.0.as_slice()))
    .bind(number("not_before", certificate.not_before.0)?)
    .bind(number("not_after", certificate.not_after.0)?)
    .bind(revoked_at.transpose()?)
    .bind(revoked.map(|revoked| revoked.reason.as_str()))
    .bind(&certificate.der)
    .execute(connection)
    .await
    .map_err(|error| match &certificate.device {
        _ if is_duplicate(&error) => StoreError::CertificateExists(certificate.fingerprint),
        Some(device) if is_dangling(&error) => StoreError::UnknownDevice(device.clone()),
        _ => failed(error),
    })?;
    Ok(())
}

/// Fills in a certificate of which the fingerprint alone was known; gives whether there was such a one.
pub(crate) async fn fill_in(
    connection: &mut SqliteConnection,
    certificate: &CertificateRecord,
) -> Result<bool, StoreError> {
    let issuer = certificate.issuer.as_ref();
    let changed = sqlx::query(
        "UPDATE certificates SET serial = $2, subject = $3, issuer = $4, not_before = $5, not_after = $6, der = $7 \
         WHERE fingerprint = $1 AND length(der) = 0",
    )
    .bind(certificate.fingerprint.0.as_slice())
    .bind(&certificate.serial)
    .bind(&certificate.subject)
    .bind(issuer.map(|issuer| issuer.0.as_slice()))
    .bind(number("not_before", certificate.not_before.0)?)
    .bind(number("not_after", certificate.not_after.0)?)
    .bind(&certificate.der)
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(changed.rows_affected() > 0)
}

pub(crate) async fn of_device(
    executor: impl SqliteExecutor<'_>,
    id: &DeviceId,
) -> Result<Vec<CertificateRecord>, StoreError> {
    let query = sqlx::query(
        "SELECT * FROM certificates WHERE device_id = $1 ORDER BY not_before DESC, seq DESC",
    )
    .bind(id.as_str());
    row::every(query, executor, read).await
}

pub(crate) async fn find(
    readers: &SqlitePool,
    search: &CertificateSearch,
    limit: u32,
) -> Result<Vec<CertificateRecord>, StoreError> {
    let Some(mut query) = statement(search, limit)? else {
        return Ok(Vec::new());
    };
    row::every(query.build().persistent(false), readers, read).await
}

pub(crate) async fn revoke(
    connection: &mut SqliteConnection,
    fingerprint: &Digest,
    revoked: Revoked,
) -> Result<bool, StoreError> {
    let changed = sqlx::query(
        "UPDATE certificates SET revoked_at = $2, revoked_for = $3 WHERE fingerprint = $1 AND revoked_at IS NULL",
    )
    .bind(fingerprint.0.as_slice())
    .bind(number("revoked_at", revoked.at.0)?)
    .bind(revoked.reason.as_str())
    .execute(&mut *connection)
    .await
    .map_err(failed)?;
    if changed.rows_affected() > 0 {
        return Ok(true);
    }
    if is_known(connection, fingerprint).await? {
        Ok(false)
    } else {
        Err(StoreError::UnknownCertificate(*fingerprint))
    }
}

pub(crate) async fn by_fingerprint(
    connection: &mut SqliteConnection,
    fingerprint: &Digest,
) -> Result<Option<CertificateRecord>, StoreError> {
    let query = sqlx::query("SELECT * FROM certificates WHERE fingerprint = $1")
        .bind(fingerprint.0.as_slice());
    row::one(query, connection, read).await
}

pub(crate) async fn is_known(
    connection: &mut SqliteConnection,
    fingerprint: &Digest,
) -> Result<bool, StoreError> {
    let found = sqlx::query("SELECT 1 FROM certificates WHERE fingerprint = $1")
        .bind(fingerprint.0.as_slice())
        .fetch_optional(connection)
        .await
        .map_err(failed)?;
    Ok(found.is_some())
}

pub(crate) async fn revoke_all_of(
    connection: &mut SqliteConnection,
    device: &DeviceId,
    revoked: Revoked,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE certificates SET revoked_at = $2, revoked_for = $3 WHERE device_id = $1 AND revoked_at IS NULL",
    )
    .bind(device.as_str())
    .bind(number("revoked_at", revoked.at.0)?)
    .bind(revoked.reason.as_str())
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(())
}

pub(crate) async fn barred(readers: &SqlitePool) -> Result<Vec<Barred>, StoreError> {
    let query = sqlx::query(
        "SELECT fingerprint, 1 AS for_good FROM certificates WHERE revoked_at IS NOT NULL \
         UNION ALL \
         SELECT fingerprint, 0 FROM devices JOIN certificates ON device_id = devices.id \
         WHERE devices.state = 'suspended' AND revoked_at IS NULL \
         UNION ALL \
         SELECT fingerprint, revoked_at IS NOT NULL FROM journal_certificates",
    );
    row::every(query, readers, |row| {
        let row = Row::of("certificates", row);
        Ok(Barred {
            fingerprint: Digest(row.bytes("fingerprint")?),
            for_good: row.flag("for_good")?,
        })
    })
    .await
}

pub(crate) async fn revoked_serials(
    readers: &SqlitePool,
    issuer: &Digest,
    and_unnoted: bool,
    now: UnixTime,
) -> Result<Vec<RevokedSerial>, StoreError> {
    let query = sqlx::query(
        "SELECT serial, revoked_at, revoked_for FROM certificates \
         WHERE issuer = $1 AND revoked_at IS NOT NULL AND not_after >= $3 \
         UNION ALL \
         SELECT serial, revoked_at, revoked_for FROM certificates \
         WHERE $2 AND issuer IS NULL AND revoked_at IS NOT NULL AND not_after >= $3 \
         UNION ALL \
         SELECT serial, revoked_at, revoked_for FROM journal_certificates \
         WHERE (issuer = $1 OR ($2 AND issuer IS NULL)) AND revoked_at IS NOT NULL AND not_after >= $3 \
         ORDER BY serial",
    )
    .bind(issuer.0.as_slice())
    .bind(and_unnoted)
    .bind(number("not_after", now.0)?);
    row::every(query, readers, |row| {
        let row = Row::of("certificates", row);
        let revoked = revoked(row)?;
        Ok(RevokedSerial {
            serial: row.get("serial")?,
            revoked: revoked.ok_or_else(|| row.damaged("revoked_at", "NULL"))?,
        })
    })
    .await
}

pub(crate) async fn count_issued(
    readers: &SqlitePool,
    issuer: &Digest,
    and_unnoted: bool,
) -> Result<Issued, StoreError> {
    let query = sqlx::query(
        "SELECT \
         (SELECT COUNT(*) FROM certificates WHERE issuer = $1) + \
         (SELECT COUNT(*) FROM certificates WHERE $2 AND issuer IS NULL) AS issued, \
         (SELECT COUNT(*) FROM certificates WHERE issuer = $1 AND revoked_at IS NOT NULL) + \
         (SELECT COUNT(*) FROM certificates WHERE $2 AND issuer IS NULL AND revoked_at IS NOT NULL) AS revoked",
    )
    .bind(issuer.0.as_slice())
    .bind(and_unnoted);
    let counted = row::one(query, readers, |row| {
        let row = Row::of("certificates", row);
        Ok(Issued {
            all: row.number("issued")?,
            revoked: row.number("revoked")?,
        })
    });
    Ok(counted.await?.unwrap_or_default())
}

pub(crate) async fn newest_crl(
    readers: &SqlitePool,
    issuer: &Digest,
) -> Result<Option<CrlRecord>, StoreError> {
    let query = sqlx::query("SELECT * FROM crls WHERE issuer = $1").bind(issuer.0.as_slice());
    row::one(query, readers, |row| {
        let row = Row::of("crls", row);
        Ok(CrlRecord {
            issuer: Digest(row.bytes("issuer")?),
            number: row.number("number")?,
            this_update: row.time("this_update")?,
            next_update: row.time("next_update")?,
            der: row.get("der")?,
        })
    })
    .await
}

pub(crate) async fn keep_crl(
    connection: &mut SqliteConnection,
    crl: &CrlRecord,
) -> Result<bool, StoreError> {
    let changed = sqlx::query(
        "INSERT INTO crls (issuer, number, this_update, next_update, der) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (issuer) DO UPDATE SET number = $2, this_update = $3, next_update = $4, der = $5 \
         WHERE crls.number < $2",
    )
    .bind(crl.issuer.0.as_slice())
    .bind(number("number", crl.number)?)
    .bind(number("this_update", crl.this_update.0)?)
    .bind(number("next_update", crl.next_update.0)?)
    .bind(&crl.der)
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(changed.rows_affected() > 0)
}

pub(crate) fn read(row: &SqliteRow) -> Result<CertificateRecord, StoreError> {
    let row = Row::of("certificates", row);
    let device: Option<&str> = row.optional("device_id")?;
    let device = device.map(str::parse).transpose();
    Ok(CertificateRecord {
        fingerprint: Digest(row.bytes("fingerprint")?),
        serial: row.get("serial")?,
        profile: row.parsed("profile")?,
        device: device.map_err(|error| row.damaged("device_id", error))?,
        subject: row.get("subject")?,
        issuer: row.optional_digest("issuer")?,
        not_before: row.time("not_before")?,
        not_after: row.time("not_after")?,
        revoked: revoked(row)?,
        der: row.get("der")?,
    })
}

fn revoked(row: Row<'_>) -> Result<Option<Revoked>, StoreError> {
    let Some(at) = row.optional_time("revoked_at")? else {
        return Ok(None);
    };
    let reason: RevocationReason = row.parsed("revoked_for")?;
    Ok(Some(Revoked { at, reason }))
}
