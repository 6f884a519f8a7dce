//! Chains, roots and bundles: what a device of a given ESP-IDF release would accept, and what it must
//! carry so that it does.

pub mod bundle;
pub mod device;
pub mod esp_idf;
pub mod release;

pub use device::{Acceptance, Clock, Device, Step, Verdict, judge};
pub use esp_idf::{Accepted, Refusal, verify};
pub use release::IdfRelease;
