//! What ESP-IDF's second-stage boot loader does: from partition table and `otadata` to an image that can be started.

use core::ops::Range;

use countersign_esp_boot::{Layout, OtaData, Slot, Write, active, boot, fallbacks, initial_write};
use esp_formats::{
    app_image::AppImage,
    otadata::{OtaState, SECTOR, SelectEntry},
    partition_table::{
        self, KIND_APP, KIND_DATA, Partition, PartitionTable, SUBTYPE_APP_FACTORY, SUBTYPE_DATA_OTA,
    },
};
use qemu_virt_machine::{
    chip::{Chip, ChipError},
    pflash::Pflash,
    say,
};
use sha2::{Digest as _, Sha256};

use crate::load::{self, LoadError};

/// Why the machine cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Halt {
    /// The flash.
    #[error(transparent)]
    Chip(#[from] ChipError),
    /// There is no partition table, or not a whole one.
    #[error("the partition table: {0}")]
    PartitionTable(esp_formats::Error),
    /// No slot holds what can be started.
    #[error("no slot holds an image that could be")]
    NothingBoots,
}

/// What is to be started.
pub(crate) struct Started {
    /// The slot that it was loaded from.
    pub(crate) slot: Slot,
    /// Its first instruction.
    pub(crate) entry: u32,
}

/// Decides what boots, writes what that takes, and loads the first image that can be started.
pub(crate) fn run(rom: &mut Pflash, chip: &mut Chip) -> Result<Started, Halt> {
    let table = Table::read(chip)?;
    let mut otadata = table.read_otadata(chip)?;
    let decision = boot(&table.layout, &otadata);
    let mut aborted = None;
    for write in decision.writes.into_iter().flatten() {
        match write.entry.state {
            // Only once the image is loaded, and for the slot that then was: below.
            OtaState::Valid => continue,
            OtaState::Aborted => aborted = table.slot_of(&write),
            _ => {}
        }
        table.write_otadata(chip, &mut otadata, &write)?;
    }
    let (slot, entry) = load_first(rom, chip, &table, decision.slot)?;
    if let Some(write) = initial_write(&table.layout, &otadata, slot) {
        table.write_otadata(chip, &mut otadata, &write)?;
    }
    if let Some(aborted) = aborted {
        say!("boot: {aborted} never confirmed itself, back to {slot}");
    }
    let first_boot = active(&table.layout, &otadata).is_some_and(|active| {
        Slot::Ota(active.slot) == slot && active.entry.state == OtaState::PendingVerify
    });
    let note = if first_boot { ", its first boot" } else { "" };
    say!("boot: starting {slot}{note}");
    Ok(Started { slot, entry })
}

/// Tries the slot that was decided for, then the others in the boot loader's order.
fn load_first(
    rom: &mut Pflash,
    chip: &Chip,
    table: &Table,
    first: Slot,
) -> Result<(Slot, u32), Halt> {
    for slot in core::iter::once(first).chain(fallbacks(&table.layout, first)) {
        let Some(partition) = table.slot(slot) else {
            say!("boot: there is no {slot}");
            continue;
        };
        // All of it is checked before a byte is copied: the region that code runs in keeps what it has otherwise.
        let image = match AppImage::parse_in_slot(chip.bytes(range(&partition))?, sha256) {
            Ok(image) => image,
            Err(error) => {
                say!("boot: {slot} holds no image that could be started: {error}");
                continue;
            }
        };
        let version = image.descriptor().map_or("", |app| app.version);
        match load::load(rom, &image) {
            Ok(loaded) => {
                let (copied, len) = (
                    if loaded.copied { "copied" } else { "in place" },
                    image.image_len(),
                );
                say!("boot: {slot} holds {version}, {len} bytes, verified and {copied}");
                return Ok((slot, image.header().entry_addr));
            }
            Err(LoadError::Rom(fault)) => return Err(ChipError::from(fault).into()),
            Err(error) => say!("boot: {slot} holds {version}, which cannot be loaded: {error}"),
        }
    }
    Err(Halt::NothingBoots)
}

/// Where everything is.
struct Table {
    bytes: [u8; partition_table::LEN],
    layout: Layout,
    otadata: Option<Partition>,
}

impl Table {
    fn read(chip: &Chip) -> Result<Self, Halt> {
        let mut bytes = [0; partition_table::LEN];
        let start = to_usize(partition_table::OFFSET);
        bytes.copy_from_slice(chip.bytes(start..start + partition_table::LEN)?);
        let table = PartitionTable::parse(&bytes).map_err(Halt::PartitionTable)?;
        let len = u32::try_from(Chip::LEN).unwrap_or(u32::MAX);
        table.check_fits(len).map_err(Halt::PartitionTable)?;
        let layout = Layout::of_table(&table, true);
        let otadata = table.find(KIND_DATA, SUBTYPE_DATA_OTA);
        Ok(Self {
            bytes,
            layout,
            otadata,
        })
    }

    fn slot(&self, slot: Slot) -> Option<Partition> {
        // The same bytes were parsed before.
        let table = PartitionTable::parse(&self.bytes).ok()?;
        match slot {
            Slot::Factory => table.find(KIND_APP, SUBTYPE_APP_FACTORY),
            Slot::Ota(n) => table.ota_slot(n),
        }
    }

    /// The slot that an entry stands for, whatever its state.
    fn slot_of(&self, write: &Write) -> Option<Slot> {
        let entry = SelectEntry {
            state: OtaState::Undefined,
            ..write.entry
        };
        let alone = OtaData([entry, SelectEntry::BLANK]);
        active(&self.layout, &alone).map(|active| Slot::Ota(active.slot))
    }

    fn read_otadata(&self, chip: &Chip) -> Result<OtaData, ChipError> {
        let Some(partition) = &self.otadata else {
            return Ok(OtaData::BLANK);
        };
        let mut entries = [[0; SelectEntry::LEN]; 2];
        for (index, entry) in (0..).zip(&mut entries) {
            let at = to_usize(partition.offset + index * SECTOR);
            entry.copy_from_slice(chip.bytes(at..at + SelectEntry::LEN)?);
        }
        let [first, second] = &entries;
        Ok(OtaData::parse([first, second]))
    }

    fn write_otadata(
        &self,
        chip: &mut Chip,
        otadata: &mut OtaData,
        write: &Write,
    ) -> Result<(), ChipError> {
        let Some(partition) = &self.otadata else {
            return Ok(());
        };
        let sector = to_usize(partition.offset + u32::from(write.index) * SECTOR);
        chip.erase_range(sector..sector + Chip::SECTOR)?;
        chip.write_at(sector, &write.entry.encode())?;
        otadata.apply(write);
        Ok(())
    }
}

fn range(partition: &Partition) -> Range<usize> {
    let start = to_usize(partition.offset);
    start..start.saturating_add(to_usize(partition.size))
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

pub(crate) fn to_usize(value: u32) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}
