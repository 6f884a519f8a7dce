//! Time since the machine started.

use std::time::Duration;

use countersign_node::Clock;
use tokio::time::Instant;

/// The uptime of a virtual machine; it begins again with each reset.
#[derive(Clone, Copy, Debug)]
pub struct Uptime {
    start: Instant,
}

impl Uptime {
    /// Starts now.
    pub fn start() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Clock for Uptime {
    fn uptime_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    async fn sleep_ms(&mut self, ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}
