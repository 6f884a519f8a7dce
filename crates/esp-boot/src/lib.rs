//! ESP-IDF's rules for which app boots, as pure functions: partition table and `otadata` in, slot and writes out.
//!
//! [`boot`] is what the second-stage bootloader does, [`select`], [`confirm`] and [`reject`] what the app does. None of
//! them touches flash: they give the [`Write`]s to make, each of which erases one sector and writes 32 bytes, so
//! power may fail in it and leave the entry blank.
//!
//! Sources: ESP-IDF v5.5.5, `components/bootloader_support/src/bootloader_utility.c`,
//! `components/bootloader_support/src/bootloader_common_loader.c`, `components/app_update/esp_ota_ops.c`. Anti-rollback by
//! eFuse and the test app are left out.

#![no_std]
#![cfg_attr(
    not(test),
    deny(
        clippy::alloc_instead_of_core,
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::indexing_slicing,
        clippy::std_instead_of_alloc,
        clippy::std_instead_of_core,
        clippy::string_slice
    )
)]

#[cfg(test)]
extern crate std;

mod app;
mod bootloader;
mod state;
#[cfg(test)]
mod tests;

pub use app::{confirm, last_refused, next_update_slot, reject, running_state, select, state_of};
pub use bootloader::{Boot, boot, fallbacks, initial_write};
pub use state::{Active, Layout, OtaData, Slot, Write, active};
