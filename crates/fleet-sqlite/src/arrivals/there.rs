//! What the database knows of many arrivals, asked for in a few statements.

use std::collections::{HashMap, HashSet};

use countersign_fleet::{Arrival, CertificateRecord, Device, DeviceId, DeviceState, StoreError};
use countersign_protocol::Digest;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, sqlite::SqliteRow};

use super::AT_ONCE;
use crate::row::{self, Row};

/// What is there, of the devices and certificates that arrive.
#[derive(Debug, Default)]
pub(super) struct There {
    pub(super) devices: HashMap<DeviceId, (DeviceState, Option<Digest>)>,
    pub(super) urns: HashSet<String>,
    /// Devices that the journal knows alone.
    pub(super) strangers: HashMap<DeviceId, DeviceState>,
    /// The keys of devices that were revoked.
    pub(super) revoked_keys: HashSet<Digest>,
    /// Whose each certificate is, and whether it is there whole.
    pub(super) certificates: HashMap<Digest, (Option<DeviceId>, bool)>,
    /// Certificates that the journal knows alone.
    pub(super) strange_certificates: HashSet<Digest>,
}

impl There {
    /// Asks for all of it.
    pub(super) async fn of(
        connection: &mut SqliteConnection,
        arrivals: &[Arrival],
    ) -> Result<Self, StoreError> {
        let mut there = Self::default();
        for some in arrivals.chunks(AT_ONCE) {
            there.ask_for_devices(&mut *connection, some).await?;
            let keys: Vec<Digest> = some.iter().filter_map(|one| one.device.pin).collect();
            there.ask_for_keys(&mut *connection, &keys).await?;
            let all = some.iter().flat_map(|one| &one.certificates);
            let fingerprints: Vec<Digest> = all.map(|one| one.fingerprint).collect();
            for some in fingerprints.chunks(AT_ONCE) {
                there.ask_for_certificates(&mut *connection, some).await?;
            }
        }
        Ok(there)
    }

    /// Takes note of a device that comes in.
    pub(super) fn add_device(&mut self, device: &Device, state: DeviceState) {
        self.urns.insert(device.urn.clone());
        let known = (state, device.pin);
        self.devices.insert(device.id.clone(), known);
    }

    /// Takes note of a certificate that comes in.
    pub(super) fn add_certificate(&mut self, certificate: &CertificateRecord) {
        let known = (certificate.device.clone(), certificate.is_whole());
        self.certificates.insert(certificate.fingerprint, known);
    }

    async fn ask_for_devices(
        &mut self,
        connection: &mut SqliteConnection,
        some: &[Arrival],
    ) -> Result<(), StoreError> {
        let ids = || some.iter().map(|arrival| arrival.device.id.as_str());
        let mut query = QueryBuilder::new("SELECT id, urn, state, pin FROM devices WHERE id IN ");
        push_list(&mut query, ids());
        query.push(" OR urn IN ");
        push_list(
            &mut query,
            some.iter().map(|arrival| arrival.device.urn.as_str()),
        );
        let found = row::every(query.build().persistent(false), &mut *connection, |row| {
            let row = Row::of("devices", row);
            let known = (row.parsed("state")?, row.optional_digest("pin")?);
            Ok((row.parsed("id")?, row.get("urn")?, known))
        });
        for (id, urn, known) in found.await? {
            self.devices.insert(id, known);
            self.urns.insert(urn);
        }
        let mut query = QueryBuilder::new("SELECT id, state FROM journal_devices WHERE id IN ");
        push_list(&mut query, ids());
        let found = row::every(query.build().persistent(false), connection, |row| {
            let row = Row::of("journal_devices", row);
            Ok((row.parsed("id")?, row.parsed("state")?))
        });
        self.strangers.extend(found.await?);
        Ok(())
    }

    async fn ask_for_keys(
        &mut self,
        connection: &mut SqliteConnection,
        keys: &[Digest],
    ) -> Result<(), StoreError> {
        for table in ["devices", "journal_devices"] {
            let mut query = QueryBuilder::new("SELECT pin FROM ");
            query.push(table);
            query.push(" WHERE state = 'revoked' AND pin IN ");
            push_list(&mut query, keys.iter().map(|key| key.0.to_vec()));
            let found = row::every(query.build().persistent(false), &mut *connection, |row| {
                Ok(Digest(Row::of("devices", row).bytes("pin")?))
            });
            self.revoked_keys.extend(found.await?);
        }
        Ok(())
    }

    async fn ask_for_certificates(
        &mut self,
        connection: &mut SqliteConnection,
        fingerprints: &[Digest],
    ) -> Result<(), StoreError> {
        let list = || fingerprints.iter().map(|one| one.0.to_vec());
        let mut query = QueryBuilder::new(
            "SELECT fingerprint, device_id, length(der) > 0 AS whole FROM certificates WHERE fingerprint IN ",
        );
        push_list(&mut query, list());
        let found = row::every(query.build().persistent(false), &mut *connection, |row| {
            let whose = whose(row)?;
            let row = Row::of("certificates", row);
            Ok((
                Digest(row.bytes("fingerprint")?),
                (whose, row.flag("whole")?),
            ))
        });
        self.certificates.extend(found.await?);
        let mut query =
            QueryBuilder::new("SELECT fingerprint FROM journal_certificates WHERE fingerprint IN ");
        push_list(&mut query, list());
        let found = row::every(query.build().persistent(false), connection, |row| {
            Ok(Digest(
                Row::of("journal_certificates", row).bytes("fingerprint")?,
            ))
        });
        self.strange_certificates.extend(found.await?);
        Ok(())
    }
}

fn whose(row: &SqliteRow) -> Result<Option<DeviceId>, StoreError> {
    let row = Row::of("certificates", row);
    let device: Option<&str> = row.optional("device_id")?;
    let device = device.map(str::parse).transpose();
    device.map_err(|error| row.damaged("device_id", error))
}

fn push_list<T>(query: &mut QueryBuilder<Sqlite>, values: impl Iterator<Item = T>)
where
    T: for<'q> sqlx::Encode<'q, Sqlite> + sqlx::Type<Sqlite>,
{
    query.push("(");
    let mut list = query.separated(", ");
    for value in values {
        list.push_bind(value);
    }
    query.push(")");
}
