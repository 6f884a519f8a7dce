//! A board: flash in memory, time that passes when somebody waits, and a boot loader by `esp-boot`'s rules.

use std::cell::{Cell, RefCell};
use std::ops::Range;

use countersign_esp_boot::{
    Layout, OtaData, Slot, Write as OtaWrite, boot, fallbacks, initial_write,
};
use countersign_node::Clock;
use countersign_virtual_node::crypto::sha256;
use embedded_storage_async::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
use esp_formats::app_image::AppImage;
use esp_formats::otadata::{OtaState, SelectEntry};
use esp_formats::partition_table::{self, PartitionTable};

/// A chip's flash, whole.
#[derive(Clone, Debug)]
pub(crate) struct Chip(pub(crate) RefCell<Vec<u8>>);

impl Chip {
    /// The bytes of a partition.
    pub(crate) fn partition(&self, label: &str) -> Vec<u8> {
        self.0.borrow()[self.place(label)].to_vec()
    }

    /// Does what ESP-IDF's boot loader does at a reset; gives the slot that it starts.
    pub(crate) fn boot(&self) -> u8 {
        let mut otadata = self.otadata();
        let decision = boot(&LAYOUT, &otadata);
        for write in decision.writes.into_iter().flatten() {
            if write.entry.state != OtaState::Valid {
                self.write_otadata(&mut otadata, &write);
            }
        }
        let whole = |slot: &u8| AppImage::parse_in_slot(&self.slot(*slot), sha256).is_ok();
        let slots = std::iter::once(decision.slot).chain(fallbacks(&LAYOUT, decision.slot));
        let mut slots = slots.filter_map(|slot| match slot {
            Slot::Ota(slot) => Some(slot),
            Slot::Factory => None,
        });
        let slot = slots.find(whole).unwrap();
        if let Some(write) = initial_write(&LAYOUT, &otadata, Slot::Ota(slot)) {
            self.write_otadata(&mut otadata, &write);
        }
        slot
    }

    /// The bytes of a slot.
    pub(crate) fn slot(&self, slot: u8) -> Vec<u8> {
        self.partition(["ota_0", "ota_1"][usize::from(slot)])
    }

    fn place(&self, label: &str) -> Range<usize> {
        let bytes = self.0.borrow();
        let at = to_usize(partition_table::OFFSET);
        let table = PartitionTable::parse(&bytes[at..at + partition_table::LEN]).unwrap();
        let found = table.find_label(label).unwrap();
        to_usize(found.offset)..to_usize(found.end())
    }

    fn otadata(&self) -> OtaData {
        let bytes = self.partition("otadata");
        let entry = |at: usize| bytes[at..].first_chunk::<{ SelectEntry::LEN }>().unwrap();
        OtaData::parse([entry(0), entry(SECTOR)])
    }

    fn write_otadata(&self, otadata: &mut OtaData, write: &OtaWrite) {
        let at = self.place("otadata").start + usize::from(write.index) * SECTOR;
        let (entry, mut bytes) = (write.entry.encode(), self.0.borrow_mut());
        bytes[at..at + SECTOR].fill(0xFF);
        bytes[at..at + entry.len()].copy_from_slice(&entry);
        otadata.apply(write);
    }
}

/// The same as the node has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flash<'c>(pub(crate) &'c Chip);

impl ErrorType for Flash<'_> {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Flash<'_> {
    const READ_SIZE: usize = 4;

    async fn read(&mut self, offset: u32, into: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        let at = to_usize(offset);
        into.copy_from_slice(&self.0.0.borrow()[at..at + into.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.0.borrow().len()
    }
}

impl NorFlash for Flash<'_> {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = SECTOR;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        self.0.0.borrow_mut()[to_usize(from)..to_usize(to)].fill(0xFF);
        Ok(())
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        let at = to_usize(offset);
        let mut cells = self.0.0.borrow_mut();
        for (cell, byte) in cells[at..at + bytes.len()].iter_mut().zip(bytes) {
            *cell &= byte;
        }
        Ok(())
    }
}

/// Time, which passes when the node waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Time<'a>(pub(crate) &'a Cell<u64>);

impl Clock for Time<'_> {
    fn uptime_ms(&self) -> u64 {
        self.0.get()
    }

    async fn sleep_ms(&mut self, ms: u64) {
        self.0.set(self.0.get() + ms);
    }
}

/// The link's own time: it waits for nothing but sockets, and these end by themselves.
#[derive(Debug)]
pub(crate) struct Patience<'a>(pub(crate) &'a Cell<u64>);

impl Clock for Patience<'_> {
    fn uptime_ms(&self) -> u64 {
        self.0.get()
    }

    async fn sleep_ms(&mut self, _: u64) {
        std::future::pending::<()>().await;
    }
}

fn to_usize(value: u32) -> usize {
    usize::try_from(value).unwrap()
}

const SECTOR: usize = 4096;
const LAYOUT: Layout = Layout {
    ota_slots: 2,
    factory: false,
    rollback: true,
};
