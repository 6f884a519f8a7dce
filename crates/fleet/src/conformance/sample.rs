//! Records to store.

use countersign_protocol::{AuthorId, Digest, OfferId, UnixTime};

use crate::{
    AuditEntry, CertificateProfile, CertificateRecord, Device, DeviceId, DeviceState, OfferRecord,
    OfferState, Release, ReleaseId, Running,
};

/// A new device of the product `demo`.
pub fn device(id: &str) -> Device {
    Device {
        id: id.parse().unwrap(),
        product: "demo".parse().unwrap(),
        urn: format!("urn:dev:ops:32473-{id}"),
        pin: None,
        state: DeviceState::Active,
        state_reason: None,
        enrolled_at: UnixTime(1_700_000_000),
        last_seen: None,
        running: None,
    }
}

/// A certificate of `device`, told apart from its others by `n`.
pub fn certificate(device: &DeviceId, n: u8) -> CertificateRecord {
    let mut fingerprint = [n; 32];
    let id = device.as_str().bytes().chain([0; 32]);
    for (byte, of_id) in fingerprint.iter_mut().zip(id) {
        *byte ^= of_id;
    }
    CertificateRecord {
        fingerprint: Digest(fingerprint),
        serial: format!("5a{n:02x}"),
        profile: CertificateProfile::Device,
        device: Some(device.clone()),
        subject: format!("CN={device}"),
        issuer: Some(Digest([7; 32])),
        not_before: UnixTime(1_700_000_000),
        not_after: UnixTime(1_800_000_000),
        revoked: None,
        der: vec![0x30, 0x82, n, 0x00],
    }
}

/// What a device with release `n` says that it runs.
pub fn running(n: u8) -> Running {
    Running {
        chip: Some(5),
        version: format!("1.{n}.0"),
        image: Some(Digest([n; 32])),
        slot: Some(1),
        pending_verify: true,
        authors: Some(n.into()),
    }
}

/// A release of the product `demo` with counter `n` and version `1.<n>.0`.
pub fn release(n: u8) -> Release {
    Release {
        id: ReleaseId(0),
        product: "demo".parse().unwrap(),
        version: format!("1.{n}.0"),
        project: "demo-app".to_owned(),
        idf_version: "v5.5.1".to_owned(),
        chip: 5,
        counter: n.into(),
        secure_version: 3,
        image: Digest([n; 32]),
        size: 1_048_576,
        manifest: vec![0xd2, 0x84, n],
        author: AuthorId([n; 8]),
        published_at: UnixTime(1_700_000_100),
        not_after: Some(UnixTime(1_900_000_000)),
    }
}

/// An open offer of `release` to `device`, told apart from the device's others by `n`.
pub fn offer(device: &DeviceId, release: ReleaseId, n: u8) -> OfferRecord {
    let mut id = [n; 16];
    for (byte, of_id) in id.iter_mut().zip(device.as_str().bytes()) {
        *byte ^= of_id;
    }
    OfferRecord {
        id: OfferId(id),
        device: device.clone(),
        release,
        state: OfferState::Open,
        reason: None,
        offered_at: UnixTime(1_700_000_200),
        ended_at: None,
        failures: 0,
        deliveries: 0,
    }
}

/// One line of audit by the operator.
pub fn entry(action: &str, subject: &str, at: u64) -> AuditEntry {
    AuditEntry {
        at: UnixTime(at),
        actor: "operator".to_owned(),
        action: action.to_owned(),
        subject: subject.to_owned(),
        detail: "by hand; 'quoted' \u{e9}".to_owned(),
    }
}
