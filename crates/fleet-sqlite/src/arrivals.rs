//! Devices of registered authorities: brought in many at a time, known by their keys.

use countersign_fleet::{Arrival, Arrived, CertificateRecord, Device, DeviceId, StoreError};
use countersign_protocol::Digest;
use sqlx::SqliteConnection;

use crate::{audit, certificates, devices, strangers};

/// Brings in what is not refused; of what is, nothing is left.
pub(crate) async fn import(
    connection: &mut SqliteConnection,
    arrivals: &[Arrival],
) -> Result<Vec<Result<Arrived, StoreError>>, StoreError> {
    let mut outcomes = Vec::with_capacity(arrivals.len());
    for arrival in arrivals {
        outcomes.push(match look(&mut *connection, arrival).await {
            Ok(found) => Ok(bring_in(&mut *connection, arrival, found).await?),
            Err(refused) if is_refusal(&refused) => Err(refused),
            Err(failed) => return Err(failed),
        });
    }
    Ok(outcomes)
}

/// What is there of an arrival.
struct Found {
    device: Option<Device>,
    /// Of each certificate, whether it is recorded, and whether whole.
    certificates: Vec<Option<bool>>,
}

/// Looks what is there, and refuses what will not go in, before anything is written of it.
async fn look(connection: &mut SqliteConnection, arrival: &Arrival) -> Result<Found, StoreError> {
    let (id, pin) = (&arrival.device.id, arrival.device.pin.as_ref());
    let device = devices::by_id(&mut *connection, id).await?;
    if let Some(known) = &device {
        devices::refuse_final(known)?;
        refuse_other(known, pin)?;
    } else {
        strangers::refuse_final(&mut *connection, id).await?;
    }
    strangers::refuse_key(&mut *connection, id, pin).await?;
    let mut certificates = Vec::with_capacity(arrival.certificates.len());
    for certificate in &arrival.certificates {
        let fingerprint = &certificate.fingerprint;
        let recorded = certificates::by_fingerprint(&mut *connection, fingerprint).await?;
        if recorded
            .as_ref()
            .is_some_and(|one| one.device.as_ref() != Some(id))
        {
            return Err(StoreError::CertificateExists(*fingerprint));
        }
        certificates.push(recorded.map(|one| one.is_whole()));
    }
    Ok(Found {
        device,
        certificates,
    })
}

async fn bring_in(
    connection: &mut SqliteConnection,
    arrival: &Arrival,
    found: Found,
) -> Result<Arrived, StoreError> {
    let mut changed = false;
    match (&found.device, &arrival.device.pin) {
        (None, _) => {
            devices::add(&mut *connection, &arrival.device).await?;
            changed = true;
        }
        (Some(known), Some(pin)) if known.pin.is_none() => {
            devices::set_pin(&mut *connection, &known.id, pin).await?;
            changed = true;
        }
        (Some(_), _) => {}
    }
    let mut added = 0_usize;
    for (certificate, recorded) in arrival.certificates.iter().zip(found.certificates) {
        match recorded {
            None => {
                certificates::add(&mut *connection, certificate).await?;
                added = added.saturating_add(1);
            }
            Some(false) if certificate.is_whole() => {
                changed |= certificates::fill_in(&mut *connection, certificate).await?;
            }
            Some(_) => {}
        }
    }
    if changed || added > 0 {
        audit::add(connection, &arrival.audit).await?;
    }
    Ok(Arrived {
        is_new: found.device.is_none(),
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

/// Whether it is about one arrival, and not the database.
const fn is_refusal(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::CertificateExists(_)
            | StoreError::DeviceRetired(_)
            | StoreError::DeviceRevoked(_)
            | StoreError::OtherKey(_)
    )
}
