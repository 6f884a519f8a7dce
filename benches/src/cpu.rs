//! CPU time of the calling thread, and of this process.

use rustix::time::{ClockId, Timespec, clock_gettime};

/// A moment on the clock of the calling thread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment(u64);

/// The moment now.
pub(crate) fn moment() -> Moment {
    Moment(nanoseconds(clock_gettime(ClockId::ThreadCPUTime)))
}

impl Moment {
    /// CPU time that the calling thread took since, in microseconds.
    pub(crate) fn own_us(self) -> f64 {
        microseconds(moment().0.saturating_sub(self.0))
    }
}

/// CPU time that this process took until now, in microseconds.
pub(crate) fn of_process() -> f64 {
    microseconds(nanoseconds(clock_gettime(ClockId::ProcessCPUTime)))
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
pub(crate) fn microseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1000.0
}
