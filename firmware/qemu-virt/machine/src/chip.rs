//! The second flash as a chip's: sectors of 4 KiB, and the rules of NOR flash.
//!
//! The machine's flash erases 256 KiB at once, in which both of `otadata`'s sectors would lie. So a sector of 4 KiB is
//! erased here by programming it with 0xFF, in two steps of 2 KiB: a real chip of this kind would not set a bit that
//! way, QEMU's does. In all else the rules are those of a chip's SPI flash, and of the virtual ESP32: a write may clear
//! bits and not set any, and what would set one is an error rather than something else in the flash.

#![expect(
    unsafe_code,
    reason = "flash is memory that nobody allocated, and `take` makes it one value"
)]

use core::{
    ops::Range,
    ptr::with_exposed_provenance,
    slice,
    sync::atomic::{AtomicBool, Ordering},
};

use embedded_storage_async::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};

use crate::pflash::{Fault, Pflash};

/// The flash of a chip.
#[derive(Debug)]
pub struct Chip {
    pflash: Pflash,
    /// What is not written any more, as somebody may be reading it.
    frozen: [Range<usize>; MAX_FROZEN],
}

/// Why an access did not come about.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ChipError {
    /// The machine's flash.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// It would change what was given away by [`Chip::freeze`].
    #[error("the flash is in use at offset {at:#x}")]
    Frozen {
        /// Where the access begins.
        at: usize,
    },
    /// A write would have to set a bit.
    #[error("the byte at {at:#x} was not erased before it was written")]
    NeedsErase {
        /// The first such byte.
        at: usize,
    },
    /// Not of whole words or sectors.
    #[error("the access at {at:#x} is not aligned")]
    NotAligned {
        /// Where it begins.
        at: usize,
    },
    /// Beyond the end.
    #[error("the access at {at:#x} ends beyond the flash")]
    OutOfBounds {
        /// Where it begins.
        at: usize,
    },
}

/// Takes the machine's flashes: the one that code runs from, and the chip's. Only the first caller gets them.
pub fn take() -> Option<(Pflash, Chip)> {
    // A load and a store are enough on one hart, without interrupts that would call this.
    if TAKEN.load(Ordering::Relaxed) {
        return None;
    }
    TAKEN.store(true, Ordering::Relaxed);
    let chip = Chip {
        pflash: Pflash::at(0x2200_0000),
        frozen: [const { 0..0 }; MAX_FROZEN],
    };
    Some((Pflash::at(0x2000_0000), chip))
}

impl Chip {
    /// Length in bytes.
    pub const LEN: usize = Pflash::LEN;

    /// What is erased at once, in bytes.
    pub const SECTOR: usize = 4096;

    /// Bytes of the flash, in place.
    ///
    /// # Errors
    /// [`ChipError::OutOfBounds`].
    pub fn bytes(&self, range: Range<usize>) -> Result<&[u8], ChipError> {
        let at = range.start;
        if range.end > Self::LEN || range.start > range.end {
            return Err(ChipError::OutOfBounds { at });
        }
        let start = with_exposed_provenance(self.pflash.base() + at);
        // SAFETY: the flash is there, is memory between two calls, and changes only through `&mut self`; there is one
        // `Chip`.
        Ok(unsafe { slice::from_raw_parts(start, range.len()) })
    }

    /// Gives bytes of the flash for good: from now on nothing writes there.
    ///
    /// # Errors
    /// [`ChipError::OutOfBounds`]; [`ChipError::Frozen`] where it was done too often.
    pub fn freeze(&mut self, range: Range<usize>) -> Result<&'static [u8], ChipError> {
        let at = range.start;
        self.bytes(range.clone())?;
        let free = self
            .frozen
            .iter_mut()
            .find(|frozen| frozen.start == frozen.end);
        *free.ok_or(ChipError::Frozen { at })? = range.clone();
        let start = with_exposed_provenance(self.pflash.base() + at);
        // SAFETY: as in `bytes`; nothing changes these any more.
        Ok(unsafe { slice::from_raw_parts(start, range.len()) })
    }

    /// Erases the sectors of a range.
    ///
    /// # Errors
    /// [`ChipError`].
    pub fn erase_range(&mut self, range: Range<usize>) -> Result<(), ChipError> {
        self.check(&range, Self::SECTOR)?;
        for at in range.step_by(BLANK.len()) {
            self.pflash.program(at, &BLANK)?;
        }
        Ok(())
    }

    /// Writes whole words at `at`, which were erased.
    ///
    /// # Errors
    /// [`ChipError`]; [`ChipError::NeedsErase`] before anything was written.
    pub fn write_at(&mut self, at: usize, bytes: &[u8]) -> Result<(), ChipError> {
        let end = at.checked_add(bytes.len());
        let range = at..end.ok_or(ChipError::OutOfBounds { at })?;
        self.check(&range, Self::WRITE_SIZE)?;
        let present = self.bytes(range)?.iter().zip(bytes);
        if let Some(index) = present.clone().position(|(old, new)| old & new != *new) {
            return Err(ChipError::NeedsErase { at: at + index });
        }
        self.pflash.program(at, bytes)?;
        Ok(())
    }

    fn check(&self, range: &Range<usize>, align: usize) -> Result<(), ChipError> {
        let at = range.start;
        if range.end > Self::LEN || range.start > range.end {
            return Err(ChipError::OutOfBounds { at });
        }
        if !at.is_multiple_of(align) || !range.end.is_multiple_of(align) {
            return Err(ChipError::NotAligned { at });
        }
        let touches = |frozen: &Range<usize>| frozen.start < range.end && at < frozen.end;
        if self.frozen.iter().any(touches) {
            return Err(ChipError::Frozen { at });
        }
        Ok(())
    }
}

impl ErrorType for Chip {
    type Error = ChipError;
}

impl ReadNorFlash for Chip {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, into: &mut [u8]) -> Result<(), ChipError> {
        let at = to_usize(offset);
        let end = at.checked_add(into.len());
        into.copy_from_slice(self.bytes(at..end.ok_or(ChipError::OutOfBounds { at })?)?);
        Ok(())
    }

    fn capacity(&self) -> usize {
        Self::LEN
    }
}

impl NorFlash for Chip {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = Self::SECTOR;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), ChipError> {
        self.erase_range(to_usize(from)..to_usize(to))
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), ChipError> {
        self.write_at(to_usize(offset), bytes)
    }
}

impl NorFlashError for ChipError {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::NotAligned { .. } => NorFlashErrorKind::NotAligned,
            Self::OutOfBounds { .. } => NorFlashErrorKind::OutOfBounds,
            _ => NorFlashErrorKind::Other,
        }
    }
}

fn to_usize(value: u32) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

static TAKEN: AtomicBool = AtomicBool::new(false);

/// Half an erased sector.
static BLANK: [u8; 2048] = [0xFF; 2048];

/// More partitions than an app keeps in sight.
const MAX_FROZEN: usize = 8;
