//! A flash chip in memory that keeps the rules of NOR and can lose its power.

use std::sync::{Arc, Mutex, MutexGuard};

use embedded_storage_async::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};

use crate::device::Dice;

/// Sectors are erased to ones; a write can only clear bits. It is shared, so that it outlives the node.
#[derive(Clone)]
pub(crate) struct Chip(Arc<Mutex<Inner>>);

pub(crate) struct Inner {
    pub(crate) bytes: Vec<u8>,
    /// Writes and erases done since the counter was set to zero.
    pub(crate) operations: u32,
    /// How many more writes and erases there is power for.
    pub(crate) power: Option<u32>,
    /// What is done of the operation in which power is cut.
    pub(crate) cut: Cut,
    /// What the random bits of a cut begin with.
    pub(crate) seed: u32,
    /// Operations that are refused for a fault of the chip, by the place that they go to.
    pub(crate) broken: Option<std::ops::Range<u32>>,
}

pub(crate) const SECTOR: usize = 4096;

/// What is done of an operation in which the power goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Cut {
    /// Nothing.
    Before,
    /// Its first half.
    Half,
    /// All up to some word, and of that word some bits; or all from there on, where a sector is erased.
    Word,
    /// Some bits, anywhere.
    Bits,
    /// All: the power goes before anything else is done.
    After,
}

impl Cut {
    pub(crate) const ALL: [Self; 5] = [
        Self::Before,
        Self::Half,
        Self::Word,
        Self::Bits,
        Self::After,
    ];

    /// Whether another seed makes another cut.
    pub(crate) fn is_random(self) -> bool {
        matches!(self, Self::Word | Self::Bits)
    }

    /// Which bits of an operation over so many bytes are done.
    fn done(self, len: usize, erases: bool, dice: &mut Dice) -> Vec<u8> {
        match self {
            Self::Before => vec![0; len],
            Self::After => vec![0xFF; len],
            Self::Half => {
                let mut done = vec![0; len];
                done[..len / 2].fill(0xFF);
                done
            }
            Self::Bits => {
                // Hardly any, some, or nearly all.
                let kind = dice.roll() % 3;
                let bits = |dice: &mut Dice| match kind {
                    0 => dice.roll() & dice.roll() & dice.roll(),
                    1 => dice.roll(),
                    _ => dice.roll() | dice.roll() | dice.roll(),
                };
                (0..len).map(|_| bits(dice).to_le_bytes()[0]).collect()
            }
            Self::Word => {
                // What counts in a sector is at its start: an entry of 32 bytes, a record of 256.
                let words = match dice.roll() % 3 {
                    0 => len / 4,
                    1 => (len / 4).min(64),
                    _ => (len / 4).min(8),
                };
                let word = usize::try_from(dice.roll()).unwrap() % words * 4;
                let mut done = vec![0; len];
                if erases && dice.roll().is_multiple_of(2) {
                    done[word..].fill(0xFF);
                } else {
                    done[..word].fill(0xFF);
                }
                done[word..word + 4].copy_from_slice(&dice.roll().to_le_bytes());
                done
            }
        }
    }
}

impl Chip {
    pub(crate) fn blank(len: usize) -> Self {
        let bytes = vec![0xFF; len];
        let inner = Inner {
            bytes,
            operations: 0,
            power: None,
            cut: Cut::Before,
            seed: 1,
            broken: None,
        };
        Self(Arc::new(Mutex::new(inner)))
    }

    pub(crate) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    /// Puts bytes there by cable.
    pub(crate) fn burn(&self, offset: u32, bytes: &[u8]) {
        let offset = usize::try_from(offset).unwrap();
        self.inner().bytes[offset..offset + bytes.len()].copy_from_slice(bytes);
    }

    pub(crate) fn peek(&self, offset: u32, len: usize) -> Vec<u8> {
        let offset = usize::try_from(offset).unwrap();
        self.inner().bytes[offset..offset + len].to_vec()
    }
}

impl Inner {
    /// Which bits of an operation over `len` bytes are done: all, or, with the power cut, some, and then never anything
    /// more.
    fn spend(&mut self, len: usize, erases: bool) -> (Vec<u8>, bool) {
        if self.power == Some(0) {
            let mut dice = Dice(self.seed.max(1));
            let cut = std::mem::replace(&mut self.cut, Cut::Before);
            return (cut.done(len, erases, &mut dice), false);
        }
        self.power = self.power.map(|left| left - 1);
        self.operations += 1;
        (vec![0xFF; len], true)
    }
}

#[derive(Debug)]
pub(crate) struct Fault(NorFlashErrorKind);

impl NorFlashError for Fault {
    fn kind(&self) -> NorFlashErrorKind {
        self.0
    }
}

impl ErrorType for Chip {
    type Error = Fault;
}

fn range(
    offset: u32,
    len: usize,
    unit: usize,
    whole: usize,
) -> Result<std::ops::Range<usize>, Fault> {
    let from = usize::try_from(offset).unwrap();
    if !from.is_multiple_of(unit) || !len.is_multiple_of(unit) {
        return Err(Fault(NorFlashErrorKind::NotAligned));
    }
    if from + len > whole {
        return Err(Fault(NorFlashErrorKind::OutOfBounds));
    }
    Ok(from..from + len)
}

impl ReadNorFlash for Chip {
    const READ_SIZE: usize = 4;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Fault> {
        let inner = self.inner();
        let range = range(offset, bytes.len(), Self::READ_SIZE, inner.bytes.len())?;
        bytes.copy_from_slice(&inner.bytes[range]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.inner().bytes.len()
    }
}

impl NorFlash for Chip {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = SECTOR;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), Fault> {
        let powered = {
            let mut inner = self.inner();
            let len = usize::try_from(to - from).unwrap();
            let range = range(from, len, SECTOR, inner.bytes.len())?;
            if inner
                .broken
                .as_ref()
                .is_some_and(|broken| broken.contains(&from))
            {
                return Err(Fault(NorFlashErrorKind::Other));
            }
            let (done, powered) = inner.spend(len, true);
            for (cell, done) in inner.bytes[range].iter_mut().zip(done) {
                *cell |= done;
            }
            powered
        };
        live(powered).await;
        Ok(())
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Fault> {
        let powered = {
            let mut inner = self.inner();
            let range = range(offset, bytes.len(), Self::WRITE_SIZE, inner.bytes.len())?;
            if inner
                .broken
                .as_ref()
                .is_some_and(|broken| broken.contains(&offset))
            {
                return Err(Fault(NorFlashErrorKind::Other));
            }
            let (done, powered) = inner.spend(bytes.len(), false);
            let cells = inner.bytes[range].iter_mut();
            for ((cell, byte), done) in cells.zip(bytes).zip(done) {
                assert_eq!(*cell & *byte, *byte, "a write to bits that were not erased");
                *cell &= *byte | !done;
            }
            powered
        };
        live(powered).await;
        Ok(())
    }
}

/// A machine without power goes no further.
async fn live(powered: bool) {
    if !powered {
        std::future::pending::<()>().await;
    }
}
