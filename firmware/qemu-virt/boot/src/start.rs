//! The first and the last instructions of the boot stage.

#![expect(
    unsafe_code,
    reason = "the machine starts without a stack, and jumps where an image says"
)]

use core::arch::{asm, global_asm};

use qemu_virt_machine::timer;

// Copies the boot stage to RAM and goes there. `_reset_trap` stays where it is.
global_asm!(
    ".section .start, \"ax\"",
    ".globl _start",
    "_start:",
    "  csrw mie, zero",
    "  csrci mstatus, 8",
    "  la t0, _reset_trap",
    "  csrw mtvec, t0",
    "  la t0, _stored",
    "  la t1, _loaded",
    "  la t2, _loaded_end",
    "1: bgeu t1, t2, 2f",
    "  lw t3, 0(t0)",
    "  sw t3, 0(t1)",
    "  addi t0, t0, 4",
    "  addi t1, t1, 4",
    "  j 1b",
    "2: la t1, _bss",
    "  la t2, _bss_end",
    "3: bgeu t1, t2, 4f",
    "  sw zero, 0(t1)",
    "  addi t1, t1, 4",
    "  j 3b",
    "4: fence.i",
    "  la sp, _stack_top",
    "  la t0, {main}",
    "  jr t0",
    ".balign 4",
    "_reset_trap:",
    "  li t0, 0x100000",
    "  li t1, 0x7777",
    "  sw t1, 0(t0)",
    "5: j 5b",
    main = sym crate::main,
);

/// Starts an app: from now on the watchdog runs, and resets the machine unless the app takes it over in time.
///
/// `slot` is what the app finds in its first argument.
pub(crate) fn start(entry: u32, slot: u32) -> ! {
    timer::arm(TAKE_OVER_MS);
    // SAFETY: the image was found to be whole, and its segments are where its entry wants them. What this stage has in
    // RAM is not needed any more.
    unsafe {
        asm!("fence.i", "jr {entry}", entry = in(reg) entry, in("a0") slot, options(noreturn))
    }
}

/// How long an app has until its own trap handler stands, in milliseconds; it takes a few.
const TAKE_OVER_MS: u32 = 5000;
