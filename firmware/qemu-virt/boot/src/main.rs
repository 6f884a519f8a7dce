//! The boot stage of the machine: what ESP-IDF's second-stage boot loader is to a chip.
//!
//! It reads the partition table and `otadata` of the chip's flash by ESP-IDF's rules (`countersign-esp-boot`), writes
//! what the rules want written, verifies the image of the slot that they name, copies its segments to where they run,
//! and starts it under a watchdog.

#![no_std]
#![no_main]

mod load;
mod stage;
mod start;

use core::panic::PanicInfo;

use countersign_esp_boot::Slot;
use qemu_virt_machine::{chip, power, say};

/// Boots, or says why not and switches off.
extern "C" fn main() -> ! {
    let Some((mut rom, mut chip)) = chip::take() else {
        power::off(NOTHING_BOOTS)
    };
    match stage::run(&mut rom, &mut chip) {
        Ok(started) => {
            let slot = match started.slot {
                Slot::Factory => FACTORY,
                Slot::Ota(slot) => u32::from(slot),
            };
            start::start(started.entry, slot)
        }
        Err(halt) => {
            say!("boot: nothing can be started: {halt}");
            power::off(NOTHING_BOOTS)
        }
    }
}

#[panic_handler]
fn panicked(info: &PanicInfo<'_>) -> ! {
    say!("boot: {info}");
    power::off(NOTHING_BOOTS)
}

/// What an app is told where it is the factory's.
const FACTORY: u32 = u32::MAX;

/// QEMU's exit code where no slot boots.
const NOTHING_BOOTS: u16 = 40;
