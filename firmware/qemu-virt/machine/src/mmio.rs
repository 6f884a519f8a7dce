//! Registers of devices.

#![expect(unsafe_code, reason = "devices answer to addresses alone")]

use core::ptr::{with_exposed_provenance, with_exposed_provenance_mut};

/// Reads a byte of a device.
pub(crate) fn read8(at: usize) -> u8 {
    // SAFETY: callers give addresses of this machine's devices, where no object of Rust is; the machine has no MMU.
    unsafe { with_exposed_provenance::<u8>(at).read_volatile() }
}

/// Writes a byte of a device.
pub(crate) fn write8(at: usize, value: u8) {
    // SAFETY: as above.
    unsafe { with_exposed_provenance_mut::<u8>(at).write_volatile(value) }
}

/// Writes two bytes of a device.
pub(crate) fn write16(at: usize, value: u16) {
    // SAFETY: as above; callers give multiples of 2.
    unsafe { with_exposed_provenance_mut::<u16>(at).write_volatile(value) }
}

/// Reads a word of a device.
pub(crate) fn read32(at: usize) -> u32 {
    // SAFETY: as above; callers give multiples of 4.
    unsafe { with_exposed_provenance::<u32>(at).read_volatile() }
}

/// Writes a word of a device.
pub(crate) fn write32(at: usize, value: u32) {
    // SAFETY: as above; callers give multiples of 4.
    unsafe { with_exposed_provenance_mut::<u32>(at).write_volatile(value) }
}
