//! Chains, roots and bundles: what a device of a given ESP-IDF release would accept, and what it must
//! carry so that it does.

pub mod bundle;
pub mod chain;
pub mod choose;
pub mod config;
pub mod csv;
pub mod device;
pub mod esp_idf;
pub mod lines;
pub mod list;
pub mod lock;
mod mbedtls;
#[cfg(test)]
mod mint;
pub mod release;
pub mod survey;
mod text;

pub use chain::Chain;
pub use device::{
    Acceptance, Clock, Device, DeviceLog, MessageRefusal, Searched, Step, Verdict,
    certificate_message_fits, certificate_message_len, judge,
};
pub use esp_idf::{Accepted, Refusal, verify};
pub use lines::{Line, lines};
pub use release::{IdfRelease, MbedTls};
