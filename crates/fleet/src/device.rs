//! Devices and their certificates.

use countersign_protocol::{Digest, UnixTime};

use crate::{DeviceId, ProductName};

/// Whether a device may come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DeviceState {
    /// It may.
    Active,
    /// It may not for now.
    Suspended,
    /// It may never again under its certificates.
    Revoked,
}

/// One device.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Device {
    /// Its id, unique in the fleet, and the subject CN of its certificates.
    pub id: DeviceId,
    /// The product that it was made as.
    pub product: ProductName,
    /// Its URN (RFC 9039), the SAN URI of its certificates.
    pub urn: String,
    /// Whether it may come.
    pub state: DeviceState,
    /// Why it may not, as the operator said.
    pub state_reason: Option<String>,
    /// When it was enrolled.
    pub enrolled_at: UnixTime,
    /// When it last spoke.
    pub last_seen: Option<UnixTime>,
    /// What it last said that it runs.
    pub running: Option<Running>,
}

/// What a device said that it runs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Running {
    /// The chip, where it said so (stock clients do not).
    pub chip: Option<u16>,
    /// The version in the running image's app descriptor.
    pub version: String,
    /// The running image's digest, where the device knows it.
    pub image: Option<Digest>,
    /// The OTA slot that runs, where it said so.
    pub slot: Option<u8>,
    /// Whether the image still waits for its confirmation.
    pub pending_verify: bool,
}

/// A device spoke. Kept in memory for a moment and written in batches: losing the last second of these loses nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Seen {
    /// The device.
    pub device: DeviceId,
    /// When.
    pub at: UnixTime,
    /// What it said that it runs.
    pub running: Running,
}

/// A certificate that was issued. None is ever forgotten.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CertificateRecord {
    /// SHA-256 of its DER.
    pub fingerprint: Digest,
    /// Its serial number, lower-case hexadecimal.
    pub serial: String,
    /// The device that it names.
    pub device: DeviceId,
    /// The first second of its validity.
    pub not_before: UnixTime,
    /// The last second of its validity.
    pub not_after: UnixTime,
    /// When it was revoked, if it was.
    pub revoked_at: Option<UnixTime>,
    /// The certificate itself.
    pub der: Vec<u8>,
}
