//! The first instructions, and what happens when the processor meets one that it cannot execute.

#![expect(
    unsafe_code,
    reason = "the app starts without memory, and a trap interrupts it anywhere"
)]

use core::{arch::global_asm, ptr};

use qemu_virt_machine::{power, say};

// Fills the stack with a pattern, by which one sees later how far it went; clears the memory that starts as zeros; and
// has traps handled on a stack of their own. Below RAM is a window for PCI, which answers whoever asks: so that a stack that
// overflows into it is a trap, the processor is told that nobody may. `a0` is what the boot stage says, and `main`'s to read.
global_asm!(
    ".section .start, \"ax\"",
    ".globl _start",
    "_start:",
    "  la sp, _stack_top",
    "  la t0, _stack_bottom",
    "  li t1, {pattern}",
    "1: sw t1, 0(t0)",
    "  addi t0, t0, 4",
    "  bltu t0, sp, 1b",
    "  la t0, _bss",
    "  la t1, _bss_end",
    "2: bgeu t0, t1, 3f",
    "  sw zero, 0(t0)",
    "  addi t0, t0, 4",
    "  j 2b",
    "3: la t0, _trap_stack_top",
    "  csrw mscratch, t0",
    "  la t0, _trap",
    "  csrw mtvec, t0",
    "  li t0, {guard}",
    "  csrw pmpaddr0, t0",
    "  li t0, {locked}",
    "  csrw pmpcfg0, t0",
    "  j {main}",
    ".balign 4",
    "_trap:",
    // There is no way back from a trap, so nothing is kept.
    "  csrrw sp, mscratch, sp",
    "  csrr a0, mcause",
    "  csrr a1, mepc",
    "  csrr a2, mtval",
    "  mv a3, ra",
    "  j {trap}",
    pattern = const PATTERN,
    guard = const GUARD,
    locked = const LOCKED,
    main = sym crate::main,
    trap = sym trap,
);

/// Tells of a trap, and resets the machine.
extern "C" fn trap(cause: u32, at: u32, value: u32, from: u32) -> ! {
    match cause {
        TIMER => say!("watchdog: nothing moved for too long, at {at:#010x}"),
        _ => {
            say!(
                "trap: cause {cause:#x} at {at:#010x}, value {value:#x}, called from {from:#010x}"
            );
        }
    }
    power::reset()
}

/// How much of the stack was ever used, and how much there is, in bytes.
pub(crate) fn stack() -> (usize, usize) {
    unsafe extern "C" {
        static _stack_bottom: u32;
        static _stack_top: u32;
    }
    let (bottom, top) = (&raw const _stack_bottom, &raw const _stack_top);
    let len = top.addr() - bottom.addr();
    // SAFETY: the words lie between both ends of the stack; nobody writes to those that hold the pattern still.
    let word = |index: usize| unsafe { ptr::read_volatile(bottom.wrapping_add(index)) };
    let free = (0..len / 4)
        .take_while(|index| word(*index) == PATTERN)
        .count();
    (len - free * 4, len)
}

const PATTERN: u32 = 0x5AC0_FFEE;
/// `pmpaddr`: the 64 KiB before RAM.
const GUARD: u32 = (0x7FFF_0000 >> 2) | ((0x1_0000 >> 3) - 1);
/// `pmpcfg`: a region of a power of two, with no rights, for machine mode too.
const LOCKED: u32 = 0x98;
/// `mcause`: the machine's timer, which is the watchdog.
const TIMER: u32 = 0x8000_0007;
