//! A chip's flash in a file, with the rules of NOR flash.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;

use embedded_storage_async::nor_flash::{
    ErrorType, MultiwriteNorFlash, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};

/// A chip's flash in a file of the same length; offset 0 is the chip's first byte.
///
/// An erase sets whole sectors of 4096 bytes to 0xFF, and a write of whole words of 4 bytes can only clear bits. A write
/// that would have to set one fails, where the chip would quietly store something else: such a write is always a
/// mistake. Everything is written through to the file; what lies in a range given to [`FileFlash::keep_durable`] is
/// also on the disk before the call returns, and so is all that was written before it.
///
/// The file is locked while it is open, so that no two nodes share it.
#[derive(Debug)]
pub struct FileFlash {
    file: File,
    len: u32,
    durable: Vec<Range<u32>>,
    unsynced: bool,
    operations: Operations,
    power: Power,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Power {
    Steady,
    /// Writes and sector erases that still get done.
    EndsAfter(u64),
    Cut,
}

/// How much was done to a flash since it was opened.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Operations {
    /// Reads.
    pub reads: u64,
    /// Writes.
    pub writes: u64,
    /// Sectors erased.
    pub erased_sectors: u64,
}

impl FileFlash {
    /// Opens and locks a flash file.
    ///
    /// # Errors
    /// [`FlashError::Locked`] where another node has it, [`FlashError::Length`] where it is not whole sectors or 4 GiB
    /// and more, [`FlashError::Io`].
    pub fn open(path: &Path) -> Result<Self, FlashError> {
        Self::from_file(OpenOptions::new().read(true).write(true).open(path)?)
    }

    /// Makes, opens and locks a flash file of `len` erased bytes. There must be none yet.
    ///
    /// # Errors
    /// As [`FileFlash::open`].
    pub fn create(path: &Path, len: u32) -> Result<Self, FlashError> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(path)?;
        io::copy(&mut io::repeat(0xff).take(len.into()), &mut file)?;
        Self::from_file(file)
    }

    fn from_file(file: File) -> Result<Self, FlashError> {
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => FlashError::Locked,
            TryLockError::Error(error) => FlashError::Io(error),
        })?;
        let bytes = file.metadata()?.len();
        let len = u32::try_from(bytes)
            .ok()
            .filter(|len| *len > 0 && len % SECTOR == 0)
            .ok_or(FlashError::Length { bytes })?;
        Ok(Self {
            file,
            len,
            durable: Vec::new(),
            unsynced: false,
            operations: Operations::default(),
            power: Power::Steady,
        })
    }

    /// From now on, a change in `range` is on the disk, with everything before it, when its call returns.
    ///
    /// For `otadata` and the node's own record: what was confirmed must stay so, and must not be there before the image
    /// that it speaks of.
    pub fn keep_durable(&mut self, range: Range<u32>) {
        self.durable.push(range);
    }

    /// Lets `operations` more writes and sector erases through, then cuts the power in the middle of the next.
    ///
    /// From then on everything fails with [`FlashError::PowerCut`], until [`FileFlash::restore_power`].
    pub const fn cut_power_after(&mut self, operations: u64) {
        self.power = Power::EndsAfter(operations);
    }

    /// Ends a power cut, and the plan of one.
    pub const fn restore_power(&mut self) {
        self.power = Power::Steady;
    }

    /// The chip's size in bytes.
    pub const fn size(&self) -> u32 {
        self.len
    }

    /// How much was done since the flash was opened.
    pub const fn operations(&self) -> Operations {
        self.operations
    }

    /// Has everything that was written on the disk.
    ///
    /// # Errors
    /// [`FlashError::Io`].
    pub fn sync(&mut self) -> Result<(), FlashError> {
        if self.unsynced {
            self.file.sync_data()?;
            self.unsynced = false;
        }
        Ok(())
    }

    /// Reads, as [`ReadNorFlash::read`].
    ///
    /// # Errors
    /// [`FlashError::OutOfBounds`], [`FlashError::Io`], [`FlashError::PowerCut`].
    pub fn read_at(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        self.bounds(offset, bytes.len(), 1)?;
        if self.power == Power::Cut {
            return Err(FlashError::PowerCut);
        }
        self.operations.reads += 1;
        self.fill(offset, bytes)
    }

    /// Writes, as [`NorFlash::write`].
    ///
    /// # Errors
    /// [`FlashError::NeedsErase`] at the first byte of which a bit would have to be set, and then nothing is written;
    /// [`FlashError::NotAligned`], [`FlashError::OutOfBounds`], [`FlashError::Io`], [`FlashError::PowerCut`].
    pub fn write_at(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        let range = self.bounds(offset, bytes.len(), WORD)?;
        let mut present = vec![0; bytes.len()];
        self.fill(offset, &mut present)?;
        for ((at, old), new) in (offset..).zip(&present).zip(bytes) {
            if old & new != *new {
                return Err(FlashError::NeedsErase { offset: at });
            }
        }
        let whole = self.spend(bytes.len());
        self.store(range, bytes.get(..whole).unwrap_or(bytes))?;
        if whole < bytes.len() {
            return Err(FlashError::PowerCut);
        }
        self.operations.writes += 1;
        Ok(())
    }

    /// Erases, as [`NorFlash::erase`].
    ///
    /// # Errors
    /// [`FlashError::NotAligned`], [`FlashError::OutOfBounds`], [`FlashError::Io`], [`FlashError::PowerCut`].
    pub fn erase_range(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        let len = to
            .checked_sub(from)
            .ok_or(FlashError::OutOfBounds { offset: from })?;
        let len = usize::try_from(len).map_err(|_| FlashError::OutOfBounds { offset: from })?;
        for start in self.bounds(from, len, SECTOR)?.step_by(BLANK.len()) {
            let whole = self.spend(BLANK.len());
            self.store(start..start + SECTOR, BLANK.get(..whole).unwrap_or(&BLANK))?;
            if whole < BLANK.len() {
                return Err(FlashError::PowerCut);
            }
            self.operations.erased_sectors += 1;
        }
        Ok(())
    }

    /// The range of an access, if it lies in the flash and is aligned.
    fn bounds(&self, offset: u32, len: usize, align: u32) -> Result<Range<u32>, FlashError> {
        let outside = FlashError::OutOfBounds { offset };
        let Ok(len) = u32::try_from(len) else {
            return Err(outside);
        };
        let Some(end) = offset.checked_add(len).filter(|end| *end <= self.len) else {
            return Err(outside);
        };
        if !offset.is_multiple_of(align) || !len.is_multiple_of(align) {
            return Err(FlashError::NotAligned { offset, align });
        }
        Ok(offset..end)
    }

    /// How many of `len` bytes an operation gets done with the power that is left: all, half of the words, or none.
    fn spend(&mut self, len: usize) -> usize {
        match &mut self.power {
            Power::Steady => len,
            Power::Cut => 0,
            Power::EndsAfter(0) => {
                self.power = Power::Cut;
                len / 8 * 4
            }
            Power::EndsAfter(left) => {
                *left -= 1;
                len
            }
        }
    }

    fn fill(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        self.file.seek(SeekFrom::Start(offset.into()))?;
        self.file.read_exact(bytes)?;
        Ok(())
    }

    fn store(&mut self, range: Range<u32>, bytes: &[u8]) -> Result<(), FlashError> {
        let durable = self
            .durable
            .iter()
            .any(|kept| kept.start < range.end && range.start < kept.end);
        if durable {
            self.sync()?;
        }
        self.file.seek(SeekFrom::Start(range.start.into()))?;
        self.file.write_all(bytes)?;
        self.unsynced = true;
        if durable {
            self.sync()?;
        }
        Ok(())
    }
}

impl Drop for FileFlash {
    fn drop(&mut self) {
        // Closing alone would leave the lock to a process that was forked off meanwhile and has not begun its program
        // yet.
        let _ = self.file.unlock();
    }
}

impl ErrorType for FileFlash {
    type Error = FlashError;
}

impl ReadNorFlash for FileFlash {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        self.read_at(offset, bytes)
    }

    fn capacity(&self) -> usize {
        usize::try_from(self.len).unwrap_or(usize::MAX)
    }
}

impl NorFlash for FileFlash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = BLANK.len();

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        self.erase_range(from, to)
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        self.write_at(offset, bytes)
    }
}

impl MultiwriteNorFlash for FileFlash {}

/// What can go wrong with a [`FileFlash`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FlashError {
    /// The file could not be opened, read, written or synced.
    #[error("the flash file failed")]
    Io(#[from] io::Error),
    /// The file's length is not one that a flash can have.
    #[error("the flash file has {bytes} bytes, not whole sectors of 4096")]
    Length {
        /// The file's length in bytes.
        bytes: u64,
    },
    /// Another node has the file open.
    #[error("the flash file is in use by another node")]
    Locked,
    /// A write would have to set a bit.
    #[error("the byte at {offset:#x} was not erased before it was written")]
    NeedsErase {
        /// The first such byte.
        offset: u32,
    },
    /// An access begins or ends at no multiple of what it must.
    #[error("the access at {offset:#x} is not of whole {align} bytes")]
    NotAligned {
        /// Where it begins.
        offset: u32,
        /// What offset and length must be multiples of.
        align: u32,
    },
    /// An access ends beyond the flash.
    #[error("the access at {offset:#x} ends beyond the flash")]
    OutOfBounds {
        /// Where it begins.
        offset: u32,
    },
    /// The power was cut, as [`FileFlash::cut_power_after`] asked for.
    #[error("the power was cut")]
    PowerCut,
}

impl NorFlashError for FlashError {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::NotAligned { .. } => NorFlashErrorKind::NotAligned,
            Self::OutOfBounds { .. } => NorFlashErrorKind::OutOfBounds,
            _ => NorFlashErrorKind::Other,
        }
    }
}

/// What an erase clears, in bytes.
const SECTOR: u32 = 4096;
/// What a write consists of, in bytes.
const WORD: u32 = 4;
/// An erased sector.
static BLANK: [u8; 4096] = [0xff; 4096];

#[cfg(test)]
mod tests;
