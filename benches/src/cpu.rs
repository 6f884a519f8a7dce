//! CPU time, of the process without the thread that asks: the client's thread asks, so what is left is the server's.

use rustix::time::{ClockId, Timespec, clock_gettime};

/// A moment on both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    process: u64,
    thread: u64,
}

/// The moment now, on the calling thread.
pub(crate) fn moment() -> Moment {
    Moment {
        process: nanoseconds(clock_gettime(ClockId::ProcessCPUTime)),
        thread: nanoseconds(clock_gettime(ClockId::ThreadCPUTime)),
    }
}

impl Moment {
    /// CPU time that all other threads of this process took since, in microseconds.
    pub(crate) fn others_us(self) -> f64 {
        let now = moment();
        let process = now.process.saturating_sub(self.process);
        let thread = now.thread.saturating_sub(self.thread);
        microseconds(process.saturating_sub(thread))
    }

    /// CPU time that the calling thread took since, in microseconds.
    pub(crate) fn own_us(self) -> f64 {
        microseconds(moment().thread.saturating_sub(self.thread))
    }
}

fn nanoseconds(time: Timespec) -> u64 {
    let part = |value: i64| u64::try_from(value).unwrap_or(0);
    part(time.tv_sec)
        .saturating_mul(1_000_000_000)
        .saturating_add(part(time.tv_nsec))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "2^53 nanoseconds are a hundred days"
)]
fn microseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1000.0
}
