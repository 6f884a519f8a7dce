//! Critical sections: interrupts off, on one hart.

#![expect(unsafe_code, reason = "interrupts are switched by an instruction")]

use core::arch::asm;

use critical_section::{Impl, RawRestoreState, set_impl};

struct InterruptsOff;
set_impl!(InterruptsOff);

// SAFETY: nothing else runs on the one hart while its interrupts are off.
unsafe impl Impl for InterruptsOff {
    unsafe fn acquire() -> RawRestoreState {
        let before: u32;
        // SAFETY: clears `mstatus.MIE` and tells what it was.
        unsafe { asm!("csrrci {0}, mstatus, 8", out(reg) before) };
        before & MIE
    }

    unsafe fn release(before: RawRestoreState) {
        if before & MIE != 0 {
            // SAFETY: sets `mstatus.MIE`, which was set when the section began.
            unsafe { asm!("csrsi mstatus, 8") };
        }
    }
}

/// `mstatus.MIE`
const MIE: u32 = 8;
