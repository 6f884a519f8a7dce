//! Switching off and resetting, by the machine's test finisher.

use crate::mmio;

/// Resets the machine, as a chip's `esp_restart` does.
pub fn reset() -> ! {
    finish(RESET)
}

/// Switches the machine off; QEMU ends with this code.
pub fn off(code: u16) -> ! {
    match code {
        0 => finish(PASS),
        code => finish(u32::from(code) << 16 | FAIL),
    }
}

fn finish(word: u32) -> ! {
    mmio::write32(FINISHER, word);
    // It takes effect between two instructions of QEMU's choice.
    loop {
        core::hint::spin_loop();
    }
}

/// Source: QEMU 10.0, `include/hw/misc/sifive_test.h`.
const FINISHER: usize = 0x0010_0000;
const FAIL: u32 = 0x3333;
const PASS: u32 = 0x5555;
const RESET: u32 = 0x7777;
