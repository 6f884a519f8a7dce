//! Reading and writing integers without a panic.

use crate::{Error, ErrorKind};

/// Reads `N` bytes at `at`.
pub(crate) fn array<const N: usize>(bytes: &[u8], at: usize) -> Result<&[u8; N], Error> {
    let found = bytes.get(at..).and_then(<[u8]>::first_chunk);
    found.ok_or_else(|| truncated(bytes, at, N))
}

/// Reads `len` bytes at `at`.
pub(crate) fn slice(bytes: &[u8], at: usize, len: usize) -> Result<&[u8], Error> {
    let found = bytes.get(at..).and_then(|rest| rest.get(..len));
    found.ok_or_else(|| truncated(bytes, at, len))
}

/// Reads a little-endian `u16` at `at`.
pub(crate) fn u16_le(bytes: &[u8], at: usize) -> Result<u16, Error> {
    array(bytes, at).copied().map(u16::from_le_bytes)
}

/// Reads a little-endian `u32` at `at`.
pub(crate) fn u32_le(bytes: &[u8], at: usize) -> Result<u32, Error> {
    array(bytes, at).copied().map(u32::from_le_bytes)
}

/// Turns a length or offset into the `u32` of a report; longer ones become `u32::MAX`.
pub(crate) fn to_u32(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// Turns a length read from bytes into a `usize`; what does not fit lies beyond every slice.
pub(crate) fn to_usize(value: u32) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

/// Gives the CRC-32 that ESP-IDF computes with the seed `0xFFFF_FFFF`.
///
/// It equals zlib's `crc32(0xFFFFFFFF, bytes)`. Source: ESP-IDF v5.5.5, `esp_rom_crc32_le`.
pub(crate) fn crc32_seeded(parts: &[&[u8]]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(u32::MAX);
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize()
}

/// A cursor over a buffer that is being filled.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    out: &'a mut [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Starts at the first byte of a buffer.
    pub(crate) fn new(out: &'a mut [u8]) -> Self {
        Self { out, at: 0 }
    }

    /// Says how many bytes have been written.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// Appends bytes.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.reserve(bytes.len())?.copy_from_slice(bytes);
        Ok(())
    }

    /// Appends one byte `len` times.
    pub(crate) fn fill(&mut self, byte: u8, len: usize) -> Result<(), Error> {
        self.reserve(len)?.fill(byte);
        Ok(())
    }

    /// Appends `len` bytes of the buffer as they are, for the caller to write.
    pub(crate) fn reserve(&mut self, len: usize) -> Result<&mut [u8], Error> {
        let (start, available) = (self.at, to_u32(self.out.len()));
        let end = start.saturating_add(len);
        let place = self.out.get_mut(start..end).ok_or_else(|| {
            Error::new(
                ErrorKind::BufferTooSmall {
                    len: available,
                    needed: to_u32(end),
                },
                start,
            )
        })?;
        self.at = end;
        Ok(place)
    }

    /// Gives what has been written so far.
    pub(crate) fn written(&self) -> &[u8] {
        self.out.get(..self.at).unwrap_or_default()
    }
}

fn truncated(bytes: &[u8], at: usize, len: usize) -> Error {
    let needed = to_u32(at.saturating_add(len));
    Error::new(
        ErrorKind::Truncated {
            len: to_u32(bytes.len()),
            needed,
        },
        bytes.len().min(at),
    )
}
