//! Offers: one release, for one device, until it ends.

use countersign_protocol::{OfferId, Reason, UnixTime};

use crate::{DeviceId, ReleaseId};

/// How an offer stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OfferState {
    /// Given, not ended. A device has at most one of these, and it is pinned.
    Open,
    /// The device runs it and confirmed.
    Confirmed,
    /// The device ran it, did not confirm, and went back.
    RolledBack,
    /// The device refused it for good.
    Refused,
    /// The device runs something else now, or the release is no longer to be had.
    Superseded,
}

/// One offer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OfferRecord {
    /// Its id.
    pub id: OfferId,
    /// The device.
    pub device: DeviceId,
    /// The release.
    pub release: ReleaseId,
    /// How it stands.
    pub state: OfferState,
    /// Why it ended so, where there is a reason.
    pub reason: Option<Reason>,
    /// When it was given.
    pub offered_at: UnixTime,
    /// When it ended.
    pub ended_at: Option<UnixTime>,
    /// How often the device said that it could not finish for now.
    pub failures: u32,
    /// How often its whole image was handed over.
    pub deliveries: u32,
}
