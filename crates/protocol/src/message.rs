//! What a device and the device plane say to each other.

mod check_in;
mod offer_id;
mod reply;
mod report;

pub use check_in::{CheckIn, MAX_CHECK_IN, SlotState};
pub use offer_id::{NotAnOfferId, OfferId};
pub use reply::{CheckInReply, MAX_REPLY, MAX_URL, Offer};
pub use report::{MAX_REPORT, Outcome, Report};

/// The longest version, product and project, in bytes: what an ESP-IDF app descriptor has room for.
pub(crate) const MAX_NAME: usize = 32;
