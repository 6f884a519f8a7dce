//! The app: Countersign's node on a bare rv32imc machine.
//!
//! All that a chip has of an operating system is in these few files: a heap for Mbed TLS, a network, a timer, random
//! numbers. The node itself is `countersign-node`, the same as on a computer.

#![no_std]
#![no_main]

extern crate alloc;

mod clock;
mod ethernet;
mod heap;
mod libc;
mod net;
mod node;
mod once;
mod provisioned;
mod random;
mod run;
mod section;
mod settings;
mod start;
mod virtio;
mod watcher;

use core::panic::PanicInfo;

use qemu_virt_machine::{power, say, timer};

/// Starts; `slot` is the boot stage's word for the one that runs.
extern "C" fn main(slot: u32) -> ! {
    say!("app: this is {}", env!("QEMU_VIRT_VERSION"));
    if cfg!(feature = "hangs") {
        // Nothing that runs from here on would ever take the watchdog over.
        loop {
            core::hint::spin_loop();
        }
    }
    timer::arm(run::WATCHDOG_MS);
    clock::init();
    heap::init();
    let running = u8::try_from(slot).ok();
    if let Err(error) = node::run(running) {
        say!("app: {error}");
    }
    power::reset()
}

#[panic_handler]
fn panicked(info: &PanicInfo<'_>) -> ! {
    say!("app: {info}");
    power::reset()
}

/// What an app says of itself, in the first bytes of its first segment.
#[used]
#[expect(
    unsafe_code,
    reason = "a boot loader and a server look for it at this place"
)]
#[unsafe(link_section = ".descriptor")]
static DESCRIPTOR: [u8; 256] = *include_bytes!(concat!(env!("OUT_DIR"), "/descriptor.bin"));
