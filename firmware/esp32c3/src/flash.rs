//! The chip's flash, as the node writes to it.

use embassy_futures::yield_now;
use embedded_storage_async::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use esp_storage::{FlashStorage, FlashStorageError};

/// All of the flash. The driver blocks, with interrupts off while it writes; after each call the other tasks have a turn.
#[derive(Debug)]
pub(crate) struct Flash(FlashStorage<'static>);

impl Flash {
    pub(crate) fn new(storage: FlashStorage<'static>) -> Self {
        Self(storage)
    }
}

impl ErrorType for Flash {
    type Error = FlashStorageError;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = FlashStorage::READ_SIZE;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashStorageError> {
        self.0.read_nor(offset, bytes)?;
        yield_now().await;
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = FlashStorage::WRITE_SIZE;
    const ERASE_SIZE: usize = FlashStorage::ERASE_SIZE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashStorageError> {
        self.0.erase(from, to)?;
        yield_now().await;
        Ok(())
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashStorageError> {
        self.0.write_nor(offset, bytes)?;
        yield_now().await;
        Ok(())
    }
}
