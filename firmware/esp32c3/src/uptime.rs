//! The node's clock.

use countersign_node::Clock;
use embassy_time::{Instant, Timer};

/// Time since the reset, by embassy's timer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Uptime;

impl Clock for Uptime {
    fn uptime_ms(&self) -> u64 {
        Instant::now().as_millis()
    }

    async fn sleep_ms(&mut self, ms: u64) {
        Timer::after_millis(ms).await;
    }
}
