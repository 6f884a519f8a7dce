//! The boot stage: what ESP-IDF's second-stage boot loader does before an app runs.

use countersign_esp_boot::{Layout, OtaData, Slot, Write, active, boot, fallbacks, initial_write};
use esp_formats::app_image::AppImage;
use esp_formats::otadata::{OtaState, SECTOR, SelectEntry};
use esp_formats::partition_table::{
    self, KIND_APP, KIND_DATA, Partition, PartitionTable, SUBTYPE_APP_FACTORY, SUBTYPE_DATA_OTA,
};

use crate::Event;
use crate::crypto::sha256;
use crate::flash::FileFlash;
use crate::machine::Error;
use crate::machine::image::Image;

/// The boot stage of one machine, with its partition table.
#[derive(Debug)]
pub(super) struct BootStage {
    table: Vec<u8>,
    layout: Layout,
    otadata: Option<Partition>,
}

/// What the boot stage started.
#[derive(Clone, Debug)]
pub(super) struct Booted {
    pub(super) slot: Slot,
    pub(super) image: Image,
    /// Whether this is the image's first boot, which it has to confirm.
    pub(super) pending_verify: bool,
}

impl BootStage {
    /// Reads the partition table, and has `otadata` and the node's record kept durable.
    pub(super) fn new(flash: &mut FileFlash, rollback: bool) -> Result<Self, Error> {
        let mut bytes = vec![0; partition_table::LEN];
        flash.read_at(partition_table::OFFSET, &mut bytes)?;
        let table = PartitionTable::parse(&bytes).map_err(Error::PartitionTable)?;
        table
            .check_fits(flash.size())
            .map_err(Error::PartitionTable)?;
        let layout = Layout::of_table(&table, rollback);
        let otadata = table.find(KIND_DATA, SUBTYPE_DATA_OTA);
        for kept in otadata.iter().chain(&table.find_label("node_state")) {
            flash.keep_durable(kept.offset..kept.end());
        }
        Ok(Self {
            table: bytes,
            layout,
            otadata,
        })
    }

    /// A partition by its label.
    pub(super) fn find_label(&self, label: &'static str) -> Result<Partition, Error> {
        self.find(|table| table.find_label(label))
            .ok_or(Error::MissingPartition { label })
    }

    /// Decides what boots, writes what that takes, and finds an image that can be started.
    pub(super) fn boot(
        &self,
        flash: &mut FileFlash,
        on_event: &mut impl FnMut(Event),
    ) -> Result<Booted, Error> {
        let mut otadata = self.read_otadata(flash)?;
        let decision = boot(&self.layout, &otadata);
        let mut aborted = None;
        for write in decision.writes.into_iter().flatten() {
            match write.entry.state {
                // Only once the image is loaded, and for the slot that then was: below.
                OtaState::Valid => continue,
                OtaState::Aborted => {
                    let was = SelectEntry {
                        state: OtaState::Undefined,
                        ..write.entry
                    };
                    let alone = OtaData([was, SelectEntry::BLANK]);
                    aborted = active(&self.layout, &alone).map(|active| Slot::Ota(active.slot));
                }
                _ => {}
            }
            self.write_otadata(flash, &mut otadata, &write)?;
        }
        let (slot, image) = self.load(flash, decision.slot, on_event)?;
        if let Some(write) = initial_write(&self.layout, &otadata, slot) {
            self.write_otadata(flash, &mut otadata, &write)?;
        }
        if let Some(aborted) = aborted {
            let gone = self.read_image(flash, aborted);
            let from = gone.map_or_else(|_| String::new(), |gone| gone.version);
            on_event(Event::RolledBack {
                from,
                to: image.version.clone(),
            });
        }
        let pending_verify = active(&self.layout, &otadata).is_some_and(|active| {
            Slot::Ota(active.slot) == slot && active.entry.state == OtaState::PendingVerify
        });
        on_event(Event::Boot {
            slot,
            version: image.version.clone(),
            pending_verify,
        });
        Ok(Booted {
            slot,
            image,
            pending_verify,
        })
    }

    /// Tries the slot that was decided for, then the others in the boot loader's order.
    fn load(
        &self,
        flash: &mut FileFlash,
        first: Slot,
        on_event: &mut impl FnMut(Event),
    ) -> Result<(Slot, Image), Error> {
        for slot in std::iter::once(first).chain(fallbacks(&self.layout, first)) {
            match self.read_image(flash, slot) {
                Ok(image) => return Ok((slot, image)),
                Err(Unbootable::Flash(error)) => return Err(error),
                Err(Unbootable::Image(detail)) => on_event(Event::Unbootable { slot, detail }),
            }
        }
        Err(Error::NothingBoots { first })
    }

    /// Reads a slot and checks its image as the boot loader does: every segment, the checksum, the appended digest.
    fn read_image(&self, flash: &mut FileFlash, slot: Slot) -> Result<Image, Unbootable> {
        let partition = self
            .find(|table| match slot {
                Slot::Factory => table.find(KIND_APP, SUBTYPE_APP_FACTORY),
                Slot::Ota(n) => table.ota_slot(n),
            })
            .ok_or_else(|| Unbootable::Image("there is no such slot".to_owned()))?;
        let bytes = read_partition(flash, &partition).map_err(Unbootable::Flash)?;
        match AppImage::parse_in_slot(&bytes, sha256) {
            Ok(image) => Ok(Image::of(&image)),
            Err(error) => Err(Unbootable::Image(error.to_string())),
        }
    }

    fn find<T>(&self, find: impl FnOnce(&PartitionTable<'_>) -> Option<T>) -> Option<T> {
        // The same bytes passed when the stage was made.
        PartitionTable::parse(&self.table)
            .ok()
            .and_then(|table| find(&table))
    }

    fn read_otadata(&self, flash: &mut FileFlash) -> Result<OtaData, Error> {
        let Some(partition) = &self.otadata else {
            return Ok(OtaData::BLANK);
        };
        let mut entries = [[0; SelectEntry::LEN]; 2];
        let [first, second] = &mut entries;
        flash.read_at(partition.offset, first)?;
        flash.read_at(partition.offset + SECTOR, second)?;
        Ok(OtaData::parse([first, second]))
    }

    fn write_otadata(
        &self,
        flash: &mut FileFlash,
        otadata: &mut OtaData,
        write: &Write,
    ) -> Result<(), Error> {
        let Some(partition) = &self.otadata else {
            return Ok(());
        };
        let sector = partition.offset + u32::from(write.index) * SECTOR;
        flash.erase_range(sector, sector + SECTOR)?;
        flash.write_at(sector, &write.entry.encode())?;
        otadata.apply(write);
        Ok(())
    }
}

/// Every byte of a partition.
pub(super) fn read_partition(
    flash: &mut FileFlash,
    partition: &Partition,
) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![0; usize::try_from(partition.size).unwrap_or(usize::MAX)];
    flash.read_at(partition.offset, &mut bytes)?;
    Ok(bytes)
}

enum Unbootable {
    Flash(Error),
    Image(String),
}

#[cfg(test)]
mod tests;
