//! A flash chip in memory that keeps the rules of NOR and can lose its power.

use std::sync::{Arc, Mutex, MutexGuard};

use embedded_storage_async::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};

/// Sectors are erased to ones; a write can only clear bits. It is shared, so that it outlives the node.
#[derive(Clone)]
pub(crate) struct Chip(Arc<Mutex<Inner>>);

pub(crate) struct Inner {
    pub(crate) bytes: Vec<u8>,
    /// Writes and erases done since the counter was set to zero.
    pub(crate) operations: u32,
    /// How many more writes and erases there is power for.
    pub(crate) power: Option<u32>,
    /// Whether the operation in which power is cut is half done, rather than not begun.
    pub(crate) torn: bool,
    /// Operations that are refused for a fault of the chip, by the place that they go to.
    pub(crate) broken: Option<std::ops::Range<u32>>,
}

pub(crate) const SECTOR: usize = 4096;

impl Chip {
    pub(crate) fn blank(len: usize) -> Self {
        let bytes = vec![0xFF; len];
        let inner = Inner {
            bytes,
            operations: 0,
            power: None,
            torn: false,
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
    /// How much of an operation over `len` bytes is done: all, or, with the power cut, half or nothing and then never
    /// anything more.
    fn spend(&mut self, len: usize) -> (usize, bool) {
        match &mut self.power {
            Some(0) => {
                let done = if std::mem::take(&mut self.torn) {
                    len / 2
                } else {
                    0
                };
                (done, false)
            }
            Some(left) => {
                *left -= 1;
                self.operations += 1;
                (len, true)
            }
            None => {
                self.operations += 1;
                (len, true)
            }
        }
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
            let (done, powered) = inner.spend(len);
            inner.bytes[range][..done].fill(0xFF);
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
            let (done, powered) = inner.spend(bytes.len());
            for (cell, byte) in inner.bytes[range].iter_mut().zip(&bytes[..done]) {
                assert_eq!(*cell & *byte, *byte, "a write to bits that were not erased");
                *cell &= *byte;
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
