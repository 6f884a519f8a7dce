//! Time since the machine started, and the watchdog that its timer makes.
//!
//! The timer's interrupt has one use: whoever does not [`feed`] the watchdog in time is interrupted by it, and the trap
//! handler of boot stage and app resets the machine. It is blind to code that switches interrupts off and stays so.

#![expect(
    unsafe_code,
    reason = "the machine's control registers are reached by instructions alone"
)]

use core::arch::asm;

use crate::mmio;

/// Milliseconds since the machine started.
pub fn uptime_ms() -> u64 {
    mtime() / TICKS_PER_MS
}

/// Puts the watchdog off: it bites in that many milliseconds.
pub fn feed(ms: u32) {
    set_compare(mtime().saturating_add(u64::from(ms) * TICKS_PER_MS));
}

/// Lets the watchdog bite from now on, in that many milliseconds. The trap handler stands already.
pub fn arm(ms: u32) {
    feed(ms);
    // SAFETY: `mtvec` leads to a handler of the timer's interrupt, as demanded above; it only ever resets.
    unsafe { asm!("csrs mie, {timer}", "csrsi mstatus, 8", timer = in(reg) TIMER) };
}

/// Waits for a millisecond with the processor at rest, then puts the watchdog off by `watchdog_ms`.
pub fn rest(watchdog_ms: u32) {
    // SAFETY: with interrupts off, `wfi` ends at the timer's and does not take it; then the timer is what it was.
    unsafe { asm!("csrci mstatus, 8") };
    feed(1);
    // SAFETY: as above.
    unsafe { asm!("wfi") };
    feed(watchdog_ms);
    // SAFETY: as above.
    unsafe { asm!("csrsi mstatus, 8") };
}

/// Instructions that were executed, where QEMU counts them (`-icount`); else what its clock says.
pub fn instructions() -> u64 {
    loop {
        let (high, low, again): (u32, u32, u32);
        // SAFETY: reads the counter, which the processor has (`zicntr`).
        unsafe {
            asm!("csrr {0}, minstreth", "csrr {1}, minstret", "csrr {2}, minstreth",
                out(reg) high, out(reg) low, out(reg) again);
        }
        if high == again {
            return u64::from(high) << 32 | u64::from(low);
        }
    }
}

fn mtime() -> u64 {
    loop {
        let high = mmio::read32(MTIME + 4);
        let low = mmio::read32(MTIME);
        if high == mmio::read32(MTIME + 4) {
            return u64::from(high) << 32 | u64::from(low);
        }
    }
}

fn set_compare(ticks: u64) {
    let half = |word: u64| u32::try_from(word & u64::from(u32::MAX)).unwrap_or_default();
    // The high half first to its greatest, so that no value in between is in the past.
    mmio::write32(MTIMECMP + 4, u32::MAX);
    mmio::write32(MTIMECMP, half(ticks));
    mmio::write32(MTIMECMP + 4, half(ticks >> 32));
}

const MTIMECMP: usize = 0x0200_4000;
const MTIME: usize = 0x0200_BFF8;
const TICKS_PER_MS: u64 = 10_000;
/// `mie.MTIE`
const TIMER: u32 = 1 << 7;
