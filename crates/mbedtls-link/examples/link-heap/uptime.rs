//! Time that does not pass.

use countersign_node::Clock;

/// Time that does not pass: nothing here waits but sockets, and these end by themselves.
#[derive(Debug)]
pub(crate) struct Uptime;

impl Uptime {
    pub(crate) const fn new() -> Self {
        Self
    }
}

impl Clock for Uptime {
    fn uptime_ms(&self) -> u64 {
        0
    }

    async fn sleep_ms(&mut self, _: u64) {
        std::future::pending::<()>().await;
    }
}
