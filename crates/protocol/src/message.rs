//! What a device and the device plane say to each other.

use crate::{Digest, Reason, UnixTime};

/// Names one offer: a release, for one device, until it confirms or fails. 16 random bytes.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct OfferId(pub [u8; 16]);

/// How the running slot stands with the boot loader.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SlotState {
    /// The running image was confirmed, or rollback is not in use (wire: 0).
    Confirmed,
    /// The running image is on its first boot and not yet confirmed (wire: 1).
    PendingVerify,
}

/// A device says what it runs and asks what is next: the body of `POST /v1/checkin`.
///
/// A CBOR map: 0 version, 1 product, 2 chip, 3 running version, 4 image digest (absent when the device does
/// not know it), 5 counter, 6 secure version, 7 slot, 8 slot state.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CheckIn<'a> {
    /// The product that the device was made as, 1 to 32 bytes.
    pub product: &'a str,
    /// The chip, by its ESP-IDF `esp_chip_id_t`.
    pub chip: u16,
    /// The version in the running image's app descriptor, 0 to 32 bytes.
    pub version: &'a str,
    /// SHA-256 of the running image file, as its manifest stated it; `None` for an image that came by cable.
    pub image: Option<Digest>,
    /// The counter of the newest manifest that the device accepted and confirmed; 0 before the first.
    pub counter: u64,
    /// The secure version below which the device refuses images.
    pub secure_version: u32,
    /// The OTA slot that runs, from 0.
    pub slot: u8,
    /// How that slot stands with the boot loader.
    pub state: SlotState,
}

/// The answer to a [`CheckIn`].
///
/// A CBOR map: 0 version, 1 time, 2 seconds to the next check-in, 3 offer (absent when there is none).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CheckInReply<'a> {
    /// The server's time, by which an authenticated device moves its own forward.
    pub time: UnixTime,
    /// When the device shall check in again, in seconds.
    pub next_check_in_s: u32,
    /// What the device shall run next.
    pub offer: Option<Offer<'a>>,
}

/// A release for this device: the map under key 3 of a [`CheckInReply`]: 0 offer id, 1 manifest, 2 URL.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Offer<'a> {
    /// Names the offer in reports.
    pub id: OfferId,
    /// The author's manifest as published: a tagged `COSE_Sign1`.
    pub manifest: &'a [u8],
    /// Where the image is: absolute, `https`, good for minutes.
    pub url: &'a str,
}

/// How an offer ended on the device.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// The new image runs and was confirmed (wire: 1).
    Confirmed,
    /// The new image ran, was not confirmed, and the boot loader went back (wire: 2).
    RolledBack,
    /// The device refused the offer or its bytes, for good (wire: 3).
    Refused,
    /// The device could not finish for now, and would take the same offer again (wire: 4).
    Failed,
}

/// How an offer ended: the body of `POST /v1/report`.
///
/// A CBOR map: 0 version, 1 offer id, 2 outcome, 3 running version, 4 reason (with refused and failed only).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Report<'a> {
    /// The offer that ended.
    pub offer: OfferId,
    /// How it ended.
    pub outcome: Outcome,
    /// The version in the running image's app descriptor, 0 to 32 bytes.
    pub version: &'a str,
    /// Why, where the outcome has a reason.
    pub reason: Option<Reason>,
}
