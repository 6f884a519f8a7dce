//! A registered authority's certificate that was never seen before: whose it is, and whether it is recorded as that.

use countersign_fleet::{
    AuthorityName, CertificateProfile, CertificateRecord, Device, DeviceId, DeviceState, Known,
    ProductName, StoreError, Verdict,
};
use countersign_pki::urn::device_urn;
use countersign_protocol::{Digest, UnixTime};
use countersign_x509::Certificate;

use super::{Shown, ask, refused, registered};
use crate::{
    Context, Error, Refusal, naming,
    record::{self, key_of},
};

/// Records a certificate as its device's, and the device too where its authority brings it in. Where another connection was
/// faster nothing is left to do, and that is no error.
pub(super) async fn adopt(
    context: &Context,
    shown: &Shown,
    name: &AuthorityName,
) -> Result<(), Error> {
    let registered = registered(context, name)?;
    let certificate = &shown.certificate;
    let now = context.clock.now();
    if UnixTime(certificate.not_after()) < now {
        return Err(Error::NotAdmitted(Refusal::Ended));
    }
    let id = naming::device_of(certificate, &registered.authority)
        .map_err(|what| wrong_name(name, what))?;
    let key = key_of(certificate);
    let known = context.store.device(&id).await?.map(|device| Known {
        state: device.state,
        same_key: device.pin == Some(key),
    });
    let product = match ask(&registered, now, known) {
        Verdict::Admit => None,
        Verdict::BringIn(product) => Some(product),
        Verdict::Refuse(why) => return Err(Error::NotAdmitted(refused(why, name))),
    };
    let pace = &context.gate.pace;
    pace.take(now, name, &key, product.is_some())
        .map_err(Error::NotAdmitted)?;
    let record = registered_record(certificate, &id, registered.authority.key);
    let written = match product {
        None => {
            let actor = id.as_str();
            let audit = context.entry(actor, "certificate.record", &id, &record.serial);
            context.store.add_certificate(&record, &audit).await
        }
        Some(product) => {
            let device = new_device(&id, product, key, now);
            let audit = context.entry(name.as_str(), "device.bring-in", &id, &record.serial);
            context.store.create_device(&device, &record, &audit).await
        }
    };
    match written {
        Ok(()) => {
            tracing::info!(device = %id, new = product.is_some(), "a certificate of a registered authority was recorded");
            Ok(())
        }
        Err(error) => {
            pace.give_back(now, name, &key, product.is_some());
            match error {
                StoreError::DeviceExists(_) | StoreError::CertificateExists(_) => Ok(()),
                StoreError::DeviceRevoked(_) => Err(Error::NotAdmitted(Refusal::Revoked)),
                StoreError::DeviceRetired(_) => Err(Error::NotAdmitted(Refusal::Retired)),
                error => Err(error.into()),
            }
        }
    }
}

/// Keeps a certificate whose fingerprint was imported as the device's, now that it is there, and the key by which the device is
/// known from now on.
pub(super) async fn complete(
    context: &Context,
    shown: &Shown,
    name: &AuthorityName,
    device: &Device,
) -> Result<(), Error> {
    let registered = registered(context, name)?;
    let certificate = &shown.certificate;
    // What the import said of it is not all: its own name counts too.
    let id = naming::device_of(certificate, &registered.authority)
        .map_err(|what| wrong_name(name, what))?;
    if id != device.id {
        let what = format!(
            "it names `{id}`, and was imported as that of `{}`",
            device.id
        );
        return Err(wrong_name(name, what));
    }
    let record = registered_record(certificate, &id, registered.authority.key);
    let audit = context.entry(id.as_str(), "certificate.record", &id, &record.serial);
    let key = key_of(certificate);
    let store = &context.store;
    match store.complete_certificate(&record, &key, &audit).await {
        Ok(()) => Ok(()),
        Err(StoreError::OtherKey(_)) => Err(Error::NotAdmitted(Refusal::OtherKey)),
        Err(StoreError::DeviceRevoked(_)) => Err(Error::NotAdmitted(Refusal::Revoked)),
        Err(StoreError::DeviceRetired(_)) => Err(Error::NotAdmitted(Refusal::Retired)),
        Err(error) => Err(error.into()),
    }
}

fn wrong_name(authority: &AuthorityName, what: String) -> Error {
    Error::NotAdmitted(Refusal::WrongName {
        authority: authority.clone(),
        what,
    })
}

/// What is kept of a certificate that the authority with the key `issuer` vouches for, whoever issued it.
pub(crate) fn registered_record(
    certificate: &Certificate,
    device: &DeviceId,
    issuer: Digest,
) -> CertificateRecord {
    CertificateRecord {
        issuer: Some(issuer),
        ..record::of(
            certificate,
            CertificateProfile::Registered,
            Some(device),
            certificate,
        )
    }
}

/// A device that was not known, and is known by a key from now on.
pub(crate) fn new_device(
    id: &DeviceId,
    product: &ProductName,
    key: Digest,
    at: UnixTime,
) -> Device {
    Device {
        id: id.clone(),
        product: product.clone(),
        // Of the whole id, so that two authorities may have a device of one address.
        urn: device_urn(id.as_str()),
        pin: Some(key),
        state: DeviceState::Active,
        state_reason: None,
        enrolled_at: at,
        last_seen: None,
        running: None,
    }
}
