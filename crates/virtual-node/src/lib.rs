//! A virtual ESP32 on a computer: the node, and the machine around it.
//!
//! The flash is a file, the network is the computer's, time passes as it does. What runs is the same
//! [node](countersign_node) as on a chip, started by the same [boot rules](countersign_esp_boot), which believes servers
//! by the same rules as ESP-IDF does; one process can run many. [`run`] switches one on.

pub mod clock;
pub mod compose;
pub mod crypto;
pub mod event;
pub mod flash;
pub mod link;
pub mod machine;

pub use clock::Time;
#[cfg(feature = "mbedtls")]
pub use countersign_mbedtls_link::Library;
pub use event::{Event, ResetCause};
pub use flash::{FileFlash, FlashError};
#[cfg(feature = "mbedtls")]
pub use link::mbedtls::{MbedTlsLink, Memory, library};
pub use link::{Anchors, BundleVerifier, Identity, LinkSettings, TlsLink};
#[cfg(feature = "mbedtls")]
pub use machine::run_mbedtls;
pub use machine::{Ended, Error, Options, TrustedKeys, VIRTUAL_HANG, run};
