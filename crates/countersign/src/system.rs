//! The one place that reads the system's clock and its randomness.

use std::time::{SystemTime, UNIX_EPOCH};

use countersign_operations::{Clock, Entropy};
use countersign_protocol::UnixTime;

/// The system's clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the program's clock")]
    fn now(&self) -> UnixTime {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        UnixTime(since.as_secs())
    }
}

/// The system's randomness, through the cryptographic library.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        if aws_lc_rs::rand::fill(buffer).is_err() {
            // Without randomness no key, serial number or offer may be made at all.
            std::process::abort();
        }
    }
}
