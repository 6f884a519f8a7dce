//! Where things are in flash, and what the running image says of itself.

use countersign_esp_boot::{self as esp_boot, Layout, Slot};
use embedded_storage_async::nor_flash::NorFlash;
use esp_formats::{
    app_image,
    otadata::PARTITION_SIZE,
    partition_table::{self, PartitionTable},
};

use crate::{Error, Partition, SECTOR, Settings, flash::Place, provisioned::AUTHORS, text::Name};

/// The partitions that the node works with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Places {
    pub(crate) otadata: Place,
    pub(crate) node_state: Place,
    /// Where author sets are kept, if there is such a place.
    pub(crate) authors: Option<Place>,
    pub(crate) running: Place,
    /// The slot that the next image goes to, as ESP-IDF chooses it: the one after the running one.
    pub(crate) target: Place,
    pub(crate) target_slot: u8,
    pub(crate) layout: Layout,
}

impl Places {
    /// Reads the partition table. `sector` is room for it.
    pub(crate) async fn find<F: NorFlash>(
        flash: &mut F,
        settings: &Settings<'_>,
        sector: &mut [u8; SECTOR],
    ) -> Result<Self, Error> {
        let offset = settings.partition_table;
        let whole = Place {
            offset: 0,
            size: u32::try_from(flash.capacity()).unwrap_or(u32::MAX),
        };
        let invalid = Error::PartitionTable { offset };
        let bytes = sector.get_mut(..partition_table::LEN).ok_or(invalid)?;
        whole.read(flash, offset, bytes).await?;
        let table = PartitionTable::parse(bytes).map_err(|_| invalid)?;

        let place = |partition: partition_table::Partition, least: u32, missing: Partition| {
            let inside = partition.offset.checked_add(partition.size);
            if partition.size < least || inside.is_none_or(|end| end > whole.size) {
                return Err(Error::MissingPartition(missing));
            }
            Ok(Place {
                offset: partition.offset,
                size: partition.size,
            })
        };
        let slot = |slot: u8, missing: Partition| {
            let partition = table
                .ota_slot(slot)
                .ok_or(Error::MissingPartition(missing))?;
            place(partition, 1, missing)
        };
        let missing = Error::MissingPartition;

        let otadata = table.find(
            partition_table::KIND_DATA,
            partition_table::SUBTYPE_DATA_OTA,
        );
        let otadata = otadata.ok_or(missing(Partition::OtaData))?;
        // A label is a word that somebody typed: what has another use is not the node's to write to.
        let own = |label: &str| {
            table
                .find_label(label)
                .filter(|partition| partition.flags & partition_table::FLAG_ENCRYPTED == 0)
                .filter(|partition| partition.kind != partition_table::KIND_APP)
                .filter(|partition| partition.offset != otadata.offset)
        };
        let node_state = own(NODE_STATE).ok_or(missing(Partition::NodeState))?;
        let authors = own(AUTHORS).and_then(|partition| {
            let found = place(partition, PARTITION_SIZE, Partition::NodeState);
            found.ok()
        });
        let layout = Layout::of_table(&table, settings.rollback);
        let running = if let Some(running) = settings.running_slot {
            slot(running, Partition::Running)?
        } else {
            let factory = table
                .find(
                    partition_table::KIND_APP,
                    partition_table::SUBTYPE_APP_FACTORY,
                )
                .ok_or(missing(Partition::Running))?;
            place(factory, 1, Partition::Running)?
        };
        let now = settings.running_slot.map_or(Slot::Factory, Slot::Ota);
        let target_slot = esp_boot::next_update_slot(&layout, now);
        let target_slot = target_slot.ok_or(missing(Partition::SecondSlot))?;
        Ok(Self {
            otadata: place(otadata, PARTITION_SIZE, Partition::OtaData)?,
            node_state: place(node_state, PARTITION_SIZE, Partition::NodeState)?,
            authors,
            running,
            target: slot(target_slot, Partition::SecondSlot)?,
            target_slot,
            layout,
        })
    }
}

/// What the running image says of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Running {
    pub(crate) chip: u16,
    pub(crate) version: Name,
    /// The least that is taken: its own, or the chip's if that is greater.
    pub(crate) secure_version: u32,
    /// CRC-32 of its first 288 bytes.
    pub(crate) head: u32,
}

impl Running {
    /// Reads the head of the running image.
    pub(crate) async fn read<F: NorFlash>(
        flash: &mut F,
        places: &Places,
        settings: &Settings<'_>,
    ) -> Result<Self, Error> {
        let mut bytes = [0; app_image::Head::LEN];
        places.running.read(flash, 0, &mut bytes).await?;
        let head = app_image::Head::parse(&bytes).map_err(|_| Error::RunningImage)?;
        let descriptor = head.descriptor.ok_or(Error::RunningImage)?;
        Ok(Self {
            chip: head.header.chip.0,
            version: Name::new(descriptor.version).ok_or(Error::RunningImage)?,
            secure_version: descriptor.secure_version.max(settings.secure_version),
            head: crc32fast::hash(&bytes),
        })
    }
}

/// The label of the partition that holds the node's state.
const NODE_STATE: &str = "node_state";
