//! What the server has done so far, for benchmarks and for whoever looks after it.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters since the start.
#[derive(Debug, Default)]
pub struct Stats {
    handshakes: AtomicU64,
    resumed: AtomicU64,
    validated_chains: AtomicU64,
    remembered_chains: AtomicU64,
    cut: AtomicU64,
    check_ins: AtomicU64,
    stock_polls: AtomicU64,
}

impl Stats {
    /// TLS handshakes that were completed.
    pub fn handshakes(&self) -> u64 {
        self.handshakes.load(Ordering::Relaxed)
    }

    /// Of them, those that came of a session, without a proof of their own.
    pub fn resumed(&self) -> u64 {
        self.resumed.load(Ordering::Relaxed)
    }

    /// Client chains that were validated up to an anchor, for good or ill.
    pub fn validated_chains(&self) -> u64 {
        self.validated_chains.load(Ordering::Relaxed)
    }

    /// Client chains that need not be validated, as they had been before.
    pub fn remembered_chains(&self) -> u64 {
        self.remembered_chains.load(Ordering::Relaxed)
    }

    /// Connections that were ended because their device was barred.
    pub fn cut(&self) -> u64 {
        self.cut.load(Ordering::Relaxed)
    }

    /// Check-ins that were answered.
    pub fn check_ins(&self) -> u64 {
        self.check_ins.load(Ordering::Relaxed)
    }

    /// Polls of stock clients that were answered.
    pub fn stock_polls(&self) -> u64 {
        self.stock_polls.load(Ordering::Relaxed)
    }

    pub(crate) fn count_handshake(&self) {
        self.handshakes.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_resumed(&self) {
        self.resumed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_validated_chain(&self) {
        self.validated_chains.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_remembered_chain(&self) {
        self.remembered_chains.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_cut(&self) {
        self.cut.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_check_in(&self) {
        self.check_ins.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_stock_poll(&self) {
        self.stock_polls.fetch_add(1, Ordering::Relaxed);
    }
}

/// CPU time that this process has used, in microseconds.
pub(crate) fn cpu_us() -> u64 {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let seconds = u64::try_from(spent.tv_sec).unwrap_or(0);
    let nanoseconds = u64::try_from(spent.tv_nsec).unwrap_or(0);
    seconds
        .saturating_mul(1_000_000)
        .saturating_add(nanoseconds / 1000)
}
