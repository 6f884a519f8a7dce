//! Time since the start, and waiting.

use core::{future::poll_fn, task::Poll};

use countersign_node::Clock;
use qemu_virt_machine::timer;

/// The machine's timer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Uptime;

impl Clock for Uptime {
    fn uptime_ms(&self) -> u64 {
        timer::uptime_ms()
    }

    async fn sleep_ms(&mut self, ms: u64) {
        let end = timer::uptime_ms().saturating_add(ms);
        poll_fn(|_| {
            if timer::uptime_ms() >= end {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
}
