//! Rows on their way into the database, many to a statement.

use countersign_fleet::{AuditEntry, CertificateRecord, Device, DeviceId, StoreError};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::AT_ONCE;
use crate::error::{failed, number};

/// Rows that are not written yet, of devices and certificates that the journal does not know either.
#[derive(Debug, Default)]
pub(super) struct Rows<'a> {
    pub(super) devices: Vec<&'a Device>,
    pub(super) certificates: Vec<&'a CertificateRecord>,
    pub(super) audit: Vec<&'a AuditEntry>,
}

impl Rows<'_> {
    /// Writes them where they fill a statement.
    pub(super) async fn write_if_many(
        &mut self,
        connection: &mut SqliteConnection,
    ) -> Result<(), StoreError> {
        let most = [
            self.devices.len(),
            self.certificates.len(),
            self.audit.len(),
        ];
        if most.into_iter().any(|rows| rows >= AT_ONCE) {
            self.write(connection).await?;
        }
        Ok(())
    }

    /// Writes them all. A device goes before its certificates, which point at it.
    pub(super) async fn write(
        &mut self,
        connection: &mut SqliteConnection,
    ) -> Result<(), StoreError> {
        for some in self.devices.chunks(AT_ONCE) {
            write(&mut *connection, insert_devices(some)?).await?;
        }
        for some in self.certificates.chunks(AT_ONCE) {
            write(&mut *connection, insert_certificates(some)?).await?;
        }
        for some in self.audit.chunks(AT_ONCE) {
            write(&mut *connection, insert_audit(some)?).await?;
        }
        self.devices.clear();
        self.certificates.clear();
        self.audit.clear();
        Ok(())
    }
}

async fn write(
    connection: &mut SqliteConnection,
    mut insert: QueryBuilder<Sqlite>,
) -> Result<(), StoreError> {
    let insert = insert.build().persistent(false);
    insert.execute(connection).await.map_err(failed)?;
    Ok(())
}

fn insert_devices(some: &[&Device]) -> Result<QueryBuilder<Sqlite>, StoreError> {
    let mut times = Vec::with_capacity(some.len());
    for device in some {
        times.push(number("enrolled_at", device.enrolled_at.0)?);
    }
    let mut insert = QueryBuilder::new(
        "INSERT INTO devices (id, product, urn, state, state_reason, enrolled_at, pin) ",
    );
    insert.push_values(some.iter().zip(times), |mut row, (device, enrolled_at)| {
        row.push_bind(device.id.as_str().to_owned())
            .push_bind(device.product.as_str().to_owned())
            .push_bind(device.urn.clone())
            .push_bind(device.state.as_str())
            .push_bind(device.state_reason.clone())
            .push_bind(enrolled_at)
            .push_bind(device.pin.map(|pin| pin.0.to_vec()));
    });
    Ok(insert)
}

fn insert_certificates(some: &[&CertificateRecord]) -> Result<QueryBuilder<Sqlite>, StoreError> {
    let mut times = Vec::with_capacity(some.len());
    for one in some {
        let revoked = one
            .revoked
            .map(|revoked| number("revoked_at", revoked.at.0));
        times.push((
            number("not_before", one.not_before.0)?,
            number("not_after", one.not_after.0)?,
            revoked.transpose()?,
        ));
    }
    let mut insert = QueryBuilder::new(
        "INSERT INTO certificates (fingerprint, serial, profile, device_id, subject, issuer, not_before, not_after, \
         revoked_at, revoked_for, der) ",
    );
    insert.push_values(some.iter().zip(times), |mut row, (one, times)| {
        let (not_before, not_after, revoked_at) = times;
        row.push_bind(one.fingerprint.0.to_vec())
            .push_bind(one.serial.clone())
            .push_bind(one.profile.as_str())
            .push_bind(one.device.as_ref().map(DeviceId::to_string))
            .push_bind(one.subject.clone())
            .push_bind(one.issuer.map(|issuer| issuer.0.to_vec()))
            .push_bind(not_before)
            .push_bind(not_after)
            .push_bind(revoked_at)
            .push_bind(one.revoked.map(|revoked| revoked.reason.as_str()))
            .push_bind(one.der.clone());
    });
    Ok(insert)
}

fn insert_audit(some: &[&AuditEntry]) -> Result<QueryBuilder<Sqlite>, StoreError> {
    let mut times = Vec::with_capacity(some.len());
    for entry in some {
        times.push(number("the time of an audit line", entry.at.0)?);
    }
    let mut insert = QueryBuilder::new("INSERT INTO audit (at, actor, action, subject, detail) ");
    insert.push_values(some.iter().zip(times), |mut row, (entry, at)| {
        row.push_bind(at)
            .push_bind(entry.actor.clone())
            .push_bind(entry.action.clone())
            .push_bind(entry.subject.clone())
            .push_bind(entry.detail.clone());
    });
    Ok(insert)
}
