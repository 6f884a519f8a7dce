//! The flash before the node has it: its partitions by their labels, and the one that runs.

use alloc::{vec, vec::Vec};

use esp_bootloader_esp_idf::partitions::read_partition_table;
use esp_formats::partition_table::{
    self, KIND_APP, PartitionTable, SUBTYPE_APP_FACTORY, SUBTYPE_APP_OTA_0,
};
use esp_storage::FlashStorage;

use crate::{fault::Fault, flash::Flash};

/// The flash and its table.
pub(crate) struct Chip {
    storage: FlashStorage<'static>,
    table: Vec<u8>,
}

impl Chip {
    /// Reads the partition table.
    pub(crate) fn open(mut storage: FlashStorage<'static>) -> Result<Self, Fault> {
        if esp_storage::flash_encryption() {
            return Err(Fault::FlashEncryption);
        }
        let table = read(&mut storage, partition_table::OFFSET, partition_table::LEN)?;
        let chip = Self { storage, table };
        chip.table()?;
        Ok(chip)
    }

    fn table(&self) -> Result<PartitionTable<'_>, Fault> {
        PartitionTable::parse(&self.table).map_err(|source| Fault::PartitionTable {
            offset: partition_table::OFFSET,
            source,
        })
    }

    /// All bytes of a partition.
    pub(crate) fn partition(&mut self, label: &'static str) -> Result<Vec<u8>, Fault> {
        let found = self.table()?.find_label(label);
        let partition = found.ok_or(Fault::MissingPartition(label))?;
        // Ours have 16 KiB at most; a larger one of this name is not what it seems.
        let len = usize::try_from(partition.size).unwrap_or(usize::MAX);
        if len > MAX_PARTITION {
            return Err(Fault::MissingPartition(label));
        }
        read(&mut self.storage, partition.offset, len)
    }

    /// The OTA slot that the boot loader mapped, from 0; `None` for the factory app.
    pub(crate) fn running_slot(&mut self) -> Result<Option<u8>, Fault> {
        // The parser of esp-hal's own library reads from the MMU where the running image lies.
        let mut room = vec![0; partition_table::LEN];
        let booted = read_partition_table(&mut self.storage, &mut room)
            .and_then(|table| table.booted_partition());
        let booted = booted.ok().flatten().ok_or(Fault::Running)?;
        match (booted.raw_type(), booted.raw_subtype()) {
            (KIND_APP, SUBTYPE_APP_FACTORY) => Ok(None),
            (KIND_APP, subtype @ SUBTYPE_APP_OTA_0..) => {
                let slot = subtype.saturating_sub(SUBTYPE_APP_OTA_0);
                let known = self.table()?.ota_slot(slot).is_some();
                known.then_some(Some(slot)).ok_or(Fault::Running)
            }
            _ => Err(Fault::Running),
        }
    }

    /// Hands the flash on.
    pub(crate) fn into_flash(self) -> Flash {
        Flash::new(self.storage)
    }
}

fn read(storage: &mut FlashStorage<'static>, offset: u32, len: usize) -> Result<Vec<u8>, Fault> {
    let mut bytes = vec![0; len];
    storage
        .read_nor(offset, &mut bytes)
        .map_err(|error| Fault::Flash { offset, error })?;
    Ok(bytes)
}

/// The largest partition that is read, in bytes. Stops a table from taking all of the heap.
const MAX_PARTITION: usize = 64 * 1024;
