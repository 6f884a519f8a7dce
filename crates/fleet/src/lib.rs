//! Devices, releases, offers, and who gets what: pure decisions, and a trait for where they are kept.

pub mod arrival;
pub mod author_set;
pub mod authority;
pub mod certificate;
pub mod code;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod decision;
pub mod device;
pub mod name;
pub mod offer;
pub mod refusal;
pub mod release;
pub mod standing;
pub mod store;
pub mod vouching;

pub use arrival::{Arrival, Arrived, Imported, Importing};
pub use author_set::AuthorSetRecord;
pub use authority::{NameMapping, RegisteredAuthority, VouchesFor};
pub use certificate::{
    Barred, CertificateProfile, CertificateRecord, CertificateSearch, CrlRecord, Issued,
    RevocationReason, Revoked, RevokedSerial,
};
pub use code::UnknownCode;
pub use decision::{Bounds, Decision, End, Next, OpenOffer, Situation, Why, decide};
pub use device::{Device, DeviceState, Running, Seen};
pub use name::{AuthorityName, DeviceId, NameError, ProductName};
pub use offer::{OfferRecord, OfferState};
pub use refusal::RefusalRecord;
pub use release::{Release, ReleaseId};
pub use standing::Standing;
pub use store::{AuditEntry, Store, StoreError};
pub use vouching::{Known, Question, Unvouched, Verdict, vouch};
