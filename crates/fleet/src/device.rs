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
    /// It is out of service: it may never again under its certificates, and nobody is to blame.
    Retired,
    /// It may never again under its certificates: they are in wrong hands, or may be.
    Revoked,
}

impl DeviceState {
    /// Whether nothing leads out of this state, and the device's certificates are revoked with it.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Retired | Self::Revoked)
    }

    /// Whether a device may be brought from this state into `next`, which is another: of what is final only a retired
    /// device into a revoked one.
    pub const fn leads_to(self, next: Self) -> bool {
        !self.is_final() || matches!((self, next), (Self::Retired, Self::Revoked))
    }
}

/// One device.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Device {
    /// Its id, unique in the fleet: the subject CN of the certificates that we issue, or what a registered authority's
    /// certificates call it, behind that authority's name.
    pub id: DeviceId,
    /// The product that it was made as.
    pub product: ProductName,
    /// Its URN (RFC 9039), the SAN URI of the certificates that we issue.
    pub urn: String,
    /// SHA-256 of its public key (`SubjectPublicKeyInfo`), where it is known by that key alone: a device of a
    /// registered authority. A device of ours is known by the certificates that we issued to it.
    pub pin: Option<Digest>,
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
    /// The sequence of the author set that it goes by, 0 for the factory's keys; `None` of one that follows no sets.
    pub authors: Option<u32>,
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
