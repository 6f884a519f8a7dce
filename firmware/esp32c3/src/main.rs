//! The node on an ESP32-C3: Wi-Fi, the hardware's random numbers, the chip's flash, TLS by Mbed TLS.
//!
//! The README beside this says how to flash it, and what of it was never run on a board.
//!
//! | module        | what                                                                                     |
//! |---------------|------------------------------------------------------------------------------------------|
//! | [`app`]       | the parts put together, and the node run until it wants a reset                          |
//! | [`dial`]      | DNS and TCP, over which the link makes its TLS                                            |
//! | [`fault`]     | why the node cannot begin, and what to do about it                                        |
//! | [`flash`]     | the chip's flash, as the node writes to it                                                |
//! | [`provisioned`] | what the factory put into the flash: settings, identity, whom to believe                |
//! | [`serial`]    | what the node tells, on the serial line                                                   |
//! | [`station`]   | Wi-Fi, joined and joined again                                                            |
//! | [`uptime`]    | the node's clock                                                                          |
//! | [`watchdog`]  | resets the chip where the executor hangs                                                  |
//!
//! # Memory
//!
//! Two heap regions, both fixed: [`HEAP_LEN`] bytes, and [`RECLAIMED_LEN`] bytes that the boot loader needed and the app does
//! not. The radio's driver and Mbed TLS allocate; the node does not. All else is static, but what the factory put into
//! the flash, which is read once and kept in boxes of its size. What the linker leaves of the RAM is the main task's stack.

#![no_std]
#![no_main]
#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::string_slice
)]

extern crate alloc;

mod app;
mod dial;
mod fault;
mod flash;
mod provisioned;
mod serial;
mod station;
mod uptime;
mod watchdog;

use core::panic::PanicInfo;

use embassy_executor::Spawner;
use esp_hal::{clock::CpuClock, delay::Delay, system::software_reset};
use esp_println::println;

// What the boot loader, `image inspect` and `release sign` read.
esp_bootloader_esp_idf::esp_app_desc!(
    env!("APP_VERSION"),
    env!("APP_PROJECT"),
    env!("APP_TIME"),
    env!("APP_DATE"),
    IDF_VERSION,
    esp_bootloader_esp_idf::MMU_PAGE_SIZE,
    0,
    u16::MAX,
    app::SECURE_VERSION
);

#[esp_rtos::main]
async fn main(spawner: Spawner) -> ! {
    let peripherals = esp_hal::init(esp_hal::Config::default().with_cpu_clock(CpuClock::max()));
    esp_alloc::heap_allocator!(size: HEAP_LEN);
    esp_alloc::heap_allocator!(#[esp_hal::ram(reclaimed)] size: RECLAIMED_LEN);
    match app::run(spawner, peripherals).await {
        Ok(()) => println!("reset: the node asks for it"),
        Err(fault) => {
            println!("stopped: {fault}");
            // Time to read it. Blocking, because the executor may have no timer yet. An image that was just installed is
            // gone back from by this reset.
            Delay::new().delay_millis(STOPPED_MS);
        }
    }
    software_reset()
}

/// A bug's end: said on the serial line, then the chip starts anew. No image that panics before it was confirmed stays.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    println!("{info}");
    software_reset()
}

/// Heap in the RAM that the stack lies in too, in bytes: with [`RECLAIMED_LEN`], what the radio takes by its own figures
/// (about 60 KiB) and a TLS connection in the largest build (58 KiB), and a third more.
const HEAP_LEN: usize = 96 * 1024;

/// Heap in the RAM that the boot loader ran in, in bytes: all that esp-hal lets an app have of it is a little more.
const RECLAIMED_LEN: usize = 64 * 1024;

/// How long a stopped chip waits before it starts anew, in milliseconds; less than the watchdog's time.
const STOPPED_MS: u32 = 10_000;

/// The app was not made with ESP-IDF. Its boot loader takes what it finds.
const IDF_VERSION: &str = "esp-hal";
