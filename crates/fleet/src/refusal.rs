//! Why devices were turned away.

use countersign_protocol::UnixTime;

use crate::DeviceId;

/// Why a device was turned away, however often: one record for each device, plane and code, and for whether
/// it proved to be the device.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RefusalRecord {
    /// The device whose certificate was shown, or whose name was claimed.
    pub device: DeviceId,
    /// At which plane: `device`, `download`.
    pub plane: String,
    /// Why: a stable code, such as `certificate-ended`.
    pub code: String,
    /// Why, in words, the last time.
    pub reason: String,
    /// From which address, the last time.
    pub from: String,
    /// Whether it was the device itself, as far as its certificate says: one that was issued to it. Otherwise somebody
    /// only claimed its name.
    pub proved: bool,
    /// The first time.
    pub first_at: UnixTime,
    /// The last time.
    pub last_at: UnixTime,
    /// How often.
    pub times: u64,
}
