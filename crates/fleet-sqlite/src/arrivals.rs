//! Devices of registered authorities: brought in many at a time, known by their keys.

mod rows;
mod there;

use countersign_fleet::{
    Arrival, Arrived, CertificateRecord, Device, DeviceId, DeviceState, StoreError,
};
use countersign_protocol::Digest;
use sqlx::SqliteConnection;

use self::{rows::Rows, there::There};
use crate::{certificates, devices, strangers};

/// Brings in what is not refused; of what is, nothing is left. What is there is asked for at once and kept up as it changes,
/// and rows go in by the hundred: what a statement costs is its way to the connection's thread and back.
pub(crate) async fn import(
    connection: &mut SqliteConnection,
    arrivals: &[Arrival],
) -> Result<Vec<Result<Arrived, StoreError>>, StoreError> {
    let mut there = There::of(&mut *connection, arrivals).await?;
    let mut rows = Rows::default();
    let mut outcomes = Vec::with_capacity(arrivals.len());
    for arrival in arrivals {
        let outcome = match refusal(&there, arrival) {
            Some(refused) => Err(refused),
            None => Ok(bring_in(&mut *connection, &mut there, &mut rows, arrival).await?),
        };
        outcomes.push(outcome);
    }
    rows.write(connection).await?;
    Ok(outcomes)
}

/// Why an arrival is refused, if it is.
fn refusal(there: &There, arrival: &Arrival) -> Option<StoreError> {
    let Device { id, pin, urn, .. } = &arrival.device;
    let known = there.devices.get(id);
    let state = known
        .map(|(state, _)| state)
        .or_else(|| there.strangers.get(id));
    match state {
        Some(DeviceState::Retired) => return Some(StoreError::DeviceRetired(id.clone())),
        Some(DeviceState::Revoked) => return Some(StoreError::DeviceRevoked(id.clone())),
        Some(DeviceState::Active | DeviceState::Suspended) | None => {}
    }
    if let (Some((_, Some(its))), Some(other)) = (known, pin)
        && its != other
    {
        return Some(StoreError::OtherKey(id.clone()));
    }
    if pin.is_some_and(|pin| there.revoked_keys.contains(&pin)) {
        return Some(StoreError::DeviceRevoked(id.clone()));
    }
    if known.is_none() && there.urns.contains(urn) {
        return Some(StoreError::DeviceExists(id.clone()));
    }
    let mut certificates = arrival.certificates.iter();
    let of_another = certificates.find(|one| {
        let recorded = there.certificates.get(&one.fingerprint);
        recorded.is_some_and(|(whose, _)| whose.as_ref() != Some(id))
    })?;
    Some(StoreError::CertificateExists(of_another.fingerprint))
}

async fn bring_in<'a>(
    connection: &mut SqliteConnection,
    there: &mut There,
    rows: &mut Rows<'a>,
    arrival: &'a Arrival,
) -> Result<Arrived, StoreError> {
    let device = &arrival.device;
    let mut changed = false;
    let known = there.devices.get(&device.id).copied();
    match (known, device.pin) {
        (None, _) if there.strangers.contains_key(&device.id) => {
            // It was suspended, and comes in as that: once in a while.
            rows.write(&mut *connection).await?;
            devices::add(&mut *connection, device).await?;
            there.strangers.remove(&device.id);
            there.add_device(device, DeviceState::Suspended);
            changed = true;
        }
        (None, _) => {
            rows.devices.push(device);
            there.add_device(device, device.state);
            changed = true;
        }
        (Some((state, None)), Some(pin)) => {
            rows.write(&mut *connection).await?;
            devices::set_pin(&mut *connection, &device.id, &pin).await?;
            there.devices.insert(device.id.clone(), (state, Some(pin)));
            changed = true;
        }
        (Some(_), _) => {}
    }
    let mut added = 0_usize;
    for certificate in &arrival.certificates {
        let fingerprint = &certificate.fingerprint;
        match there.certificates.get(fingerprint) {
            None => {
                if there.strange_certificates.remove(fingerprint) {
                    rows.write(&mut *connection).await?;
                    certificates::add(&mut *connection, certificate).await?;
                } else {
                    rows.certificates.push(certificate);
                }
                added = added.saturating_add(1);
                there.add_certificate(certificate);
            }
            Some((_, false)) if certificate.is_whole() => {
                rows.write(&mut *connection).await?;
                changed |= certificates::fill_in(&mut *connection, certificate).await?;
                there.add_certificate(certificate);
            }
            Some(_) => {}
        }
    }
    if changed || added > 0 {
        rows.audit.push(&arrival.audit);
    }
    rows.write_if_many(connection).await?;
    Ok(Arrived {
        is_new: known.is_none(),
        certificates: added,
    })
}

/// Fills in a certificate and pins its device's key; gives whether that changed anything.
pub(crate) async fn complete(
    connection: &mut SqliteConnection,
    certificate: &CertificateRecord,
    pin: &Digest,
) -> Result<bool, StoreError> {
    let unknown = || StoreError::UnknownCertificate(certificate.fingerprint);
    let id = certificate.device.as_ref().ok_or_else(unknown)?;
    let device = known(&mut *connection, id).await?;
    devices::refuse_final(&device)?;
    refuse_other(&device, Some(pin))?;
    strangers::refuse_key(&mut *connection, id, Some(pin)).await?;
    let pins = device.pin.is_none();
    if pins {
        devices::set_pin(&mut *connection, id, pin).await?;
    }
    Ok(certificates::fill_in(connection, certificate).await? || pins)
}

/// Replaces a device's key, and adds a certificate for the new one.
pub(crate) async fn repin(
    connection: &mut SqliteConnection,
    id: &DeviceId,
    pin: &Digest,
    certificate: Option<&CertificateRecord>,
) -> Result<Device, StoreError> {
    devices::refuse_final(&known(&mut *connection, id).await?)?;
    strangers::refuse_key(&mut *connection, id, Some(pin)).await?;
    devices::set_pin(&mut *connection, id, pin).await?;
    if let Some(certificate) = certificate {
        let fingerprint = &certificate.fingerprint;
        match certificates::by_fingerprint(&mut *connection, fingerprint).await? {
            None => certificates::add(&mut *connection, certificate).await?,
            Some(recorded) if recorded.device.as_ref() != Some(id) => {
                return Err(StoreError::CertificateExists(*fingerprint));
            }
            Some(_) => drop(certificates::fill_in(&mut *connection, certificate).await?),
        }
    }
    known(connection, id).await
}

async fn known(connection: &mut SqliteConnection, id: &DeviceId) -> Result<Device, StoreError> {
    let device = devices::by_id(connection, id).await?;
    device.ok_or_else(|| StoreError::UnknownDevice(id.clone()))
}

fn refuse_other(known: &Device, pin: Option<&Digest>) -> Result<(), StoreError> {
    match (&known.pin, pin) {
        (Some(its), Some(other)) if its != other => Err(StoreError::OtherKey(known.id.clone())),
        _ => Ok(()),
    }
}

/// How many rows are read or written by one statement. Twelve parameters each at most: `SQLite` takes 32766.
const AT_ONCE: usize = 100;
