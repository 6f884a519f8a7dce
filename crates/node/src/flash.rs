//! Flash as the node uses it: partitions, and sectors of 4 KiB in them.

use embedded_storage_async::nor_flash::NorFlash;

use crate::{Error, SECTOR};

/// A partition. Nothing outside it can be read, written or erased through it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Place {
    /// Its first byte in the chip.
    pub(crate) offset: u32,
    /// Its length in bytes.
    pub(crate) size: u32,
}

impl Place {
    /// Reads from `at`, an offset into the partition.
    pub(crate) async fn read<F: NorFlash>(
        self,
        flash: &mut F,
        at: u32,
        into: &mut [u8],
    ) -> Result<(), Error> {
        let offset = self.offset(at, into.len())?;
        flash
            .read(offset, into)
            .await
            .map_err(|_| Error::Flash { offset })
    }

    /// Writes at `at`, an offset into the partition, to bytes that were erased.
    pub(crate) async fn write<F: NorFlash>(
        self,
        flash: &mut F,
        at: u32,
        bytes: &[u8],
    ) -> Result<(), Error> {
        let offset = self.offset(at, bytes.len())?;
        flash
            .write(offset, bytes)
            .await
            .map_err(|_| Error::Flash { offset })
    }

    /// Erases the sector that begins at `at`, an offset into the partition.
    pub(crate) async fn erase_sector<F: NorFlash>(
        self,
        flash: &mut F,
        at: u32,
    ) -> Result<(), Error> {
        // Every part of the node counts on this; a chip with larger sectors needs a flash type that joins them.
        const { assert!(SECTOR.is_multiple_of(F::ERASE_SIZE)) };
        const { assert!(UNIT.is_multiple_of(F::WRITE_SIZE) && UNIT.is_multiple_of(F::READ_SIZE)) };
        let from = self.offset(at, SECTOR)?;
        let to = u32::try_from(SECTOR)
            .ok()
            .and_then(|sector| from.checked_add(sector));
        let to = to.ok_or(Error::Flash { offset: from })?;
        flash
            .erase(from, to)
            .await
            .map_err(|_| Error::Flash { offset: from })
    }

    fn offset(self, at: u32, len: usize) -> Result<u32, Error> {
        let outside = Error::Flash {
            offset: self.offset.saturating_add(at),
        };
        let len = u32::try_from(len).map_err(|_| outside)?;
        let end = at.checked_add(len).ok_or(outside)?;
        if end > self.size {
            return Err(outside);
        }
        self.offset.checked_add(at).ok_or(outside)
    }
}

/// What every read and write is a multiple of, in bytes.
pub(crate) const UNIT: usize = 32;
