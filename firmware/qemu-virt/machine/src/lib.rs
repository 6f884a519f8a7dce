//! QEMU's `virt` machine with one rv32imc hart, as the boot stage and the app see it.
//!
//! | address     | what                                                                     |
//! |-------------|--------------------------------------------------------------------------|
//! | `0x0010_0000` | test finisher: ends or resets the machine                                |
//! | `0x0200_0000` | ACLINT: `mtime`, 10 MHz, and `mtimecmp`                                   |
//! | `0x1000_0000` | UART, 16550                                                              |
//! | `0x1000_1000` | eight virtio-mmio devices, 4 KiB each                                    |
//! | `0x1010_0000` | `fw_cfg`: small files that the command line hands in                      |
//! | `0x2000_0000` | first flash: boot stage, and from `0x2004_0000` the region that code runs in |
//! | `0x2200_0000` | second flash: what a chip's flash holds, from its first byte on          |
//! | `0x8000_0000` | RAM, 320 KiB; the last 96 KiB are the boot stage's until the app runs    |
//!
//! Source: QEMU 10.0, `hw/riscv/virt.c`.

#![no_std]

pub mod chip;
pub mod efuse;
pub mod fw_cfg;
mod mmio;
pub mod pflash;
pub mod power;
pub mod timer;
pub mod uart;

/// Where app images may put code and data that stay in flash.
pub const RUN_REGION: core::ops::Range<usize> = 0x2004_0000..0x2200_0000;

/// Where app images may put data that is to be in RAM when they start; above is the boot stage.
pub const APP_RAM: core::ops::Range<usize> = 0x8000_0000..0x8003_8000;
