//! Time since the start, and waiting.
//!
//! Whoever tries the node does not wait for hours. Where `opt/countersign/hurried` says `yes`, what the node waits for is
//! up to the serial line: each wait is told as `clock: waiting N ms`, and is over when `+` comes; with each `s` a second
//! more has passed. What is read for the network's sake waits as it does otherwise.

use core::{cell::Cell, future::poll_fn, task::Poll};

use countersign_node::Clock;
use critical_section::Mutex;
use qemu_virt_machine::{fw_cfg, say, timer, uart};

/// Says whether time is hurried. To be called once, before anybody waits.
pub(crate) fn init() {
    let mut text = [0; 3];
    let len = fw_cfg::read("opt/countersign/hurried", &mut text);
    if len == Some(text.len()) && text == *b"yes" {
        update(|hurry| hurry.hurried = true);
    }
}

/// The machine's timer, with the time that was skipped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Uptime;

impl Clock for Uptime {
    fn uptime_ms(&self) -> u64 {
        timer::uptime_ms().saturating_add(listen().skipped_ms)
    }

    async fn sleep_ms(&mut self, ms: u64) {
        let end = self.uptime_ms().saturating_add(ms);
        poll_fn(|_| {
            if self.uptime_ms() >= end {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
}

/// The same, for whoever waits and does nothing else meanwhile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waits;

impl Clock for Waits {
    fn uptime_ms(&self) -> u64 {
        Uptime.uptime_ms()
    }

    async fn sleep_ms(&mut self, ms: u64) {
        if !listen().hurried {
            return Uptime.sleep_ms(ms).await;
        }
        update(|hurry| hurry.over = false);
        say!("clock: waiting {ms} ms");
        poll_fn(|_| {
            if listen().over {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
        update(|hurry| hurry.skipped_ms = hurry.skipped_ms.saturating_add(ms));
    }
}

/// Hears what came on the serial line, where that has a say.
fn listen() -> Hurry {
    update(|hurry| {
        while let Some(byte) = uart::take().filter(|_| hurry.hurried) {
            match byte {
                b's' => hurry.skipped_ms = hurry.skipped_ms.saturating_add(1000),
                b'+' => hurry.over = true,
                _ => {}
            }
        }
    })
}

fn update(change: impl FnOnce(&mut Hurry)) -> Hurry {
    critical_section::with(|section| {
        let cell = HURRY.borrow(section);
        let mut hurry = cell.get();
        change(&mut hurry);
        cell.set(hurry);
        hurry
    })
}

#[derive(Clone, Copy)]
struct Hurry {
    hurried: bool,
    /// The last wait is over.
    over: bool,
    skipped_ms: u64,
}

static HURRY: Mutex<Cell<Hurry>> = Mutex::new(Cell::new(Hurry {
    hurried: false,
    over: false,
    skipped_ms: 0,
}));
