//! Where each partition lies.
//!
//! | label             | type | subtype | offset   | size                     |
//! |-------------------|------|---------|---------:|--------------------------|
//! | `nvs`             | 0x01 | 0x02    | 0x9000   | 0x4000                   |
//! | `otadata`         | 0x01 | 0x00    | 0xD000   | 0x2000                   |
//! | `esp_secure_cert` | 0x3F | 0x06    | 0xF000   | 0x2000, encrypted        |
//! | `trust`           | 0x01 | 0x06    | 0x11000  | 0x4000                   |
//! | `node_state`      | 0x01 | 0x06    | 0x15000  | 0x2000                   |
//! | `trust_stores`    | 0x01 | 0x06    | 0x17000  | 0x4000                   |
//! | `authors`         | 0x01 | 0x06    | 0x1B000  | 0x2000                   |
//! | `ota_0`           | 0x00 | 0x10    | 0x20000  | half the flash − 0x20000 |
//! | `ota_1`           | 0x00 | 0x11    | half the flash | as `ota_0`         |
//!
//! There is no factory app: with one, `otadata` that is lost would send a device back to its first release.

use std::fmt::Write as _;

pub use countersign_node::provisioned::{AUTHORS, NVS, SECURE_CERT, TRUST, TRUST_STORES};
use esp_formats::otadata;
use esp_formats::partition_table::{
    self, FLAG_ENCRYPTED, KIND_APP, KIND_DATA, KIND_SECURE_CERT, Label, Partition,
    SUBTYPE_APP_OTA_0, SUBTYPE_DATA_NVS, SUBTYPE_DATA_OTA, SUBTYPE_DATA_UNDEFINED,
    SUBTYPE_SECURE_CERT,
};

use crate::Error;

/// The partitions of a flash of 4, 8 or 16 MiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlashLayout {
    flash_size: u32,
}

impl FlashLayout {
    /// Picks the smallest flash whose slots hold an image of this length in bytes, signature included.
    ///
    /// `None` where not even 16 MiB does.
    pub fn for_image(len: u32) -> Option<Self> {
        SIZES
            .into_iter()
            .map(|flash_size| Self { flash_size })
            .find(|it| it.slot_size() >= len)
    }

    /// Gives the layout for a flash of this size in bytes; `None` but for 4, 8 and 16 MiB.
    pub fn of_flash(flash_size: u32) -> Option<Self> {
        SIZES.contains(&flash_size).then_some(Self { flash_size })
    }

    /// Gives the flash's size in bytes.
    pub fn flash_size(&self) -> u32 {
        self.flash_size
    }

    /// Gives the size of each OTA slot in bytes.
    pub fn slot_size(&self) -> u32 {
        self.flash_size / 2 - SLOTS_OFFSET
    }

    /// Gives the partitions, in the order of the flash.
    pub fn partitions(&self) -> [Partition; 9] {
        let slot = self.slot_size();
        let half = self.flash_size / 2;
        [
            row(NVS, (KIND_DATA, SUBTYPE_DATA_NVS), 0x9000, 0x4000),
            row(
                OTADATA,
                (KIND_DATA, SUBTYPE_DATA_OTA),
                0xD000,
                otadata::PARTITION_SIZE,
            ),
            Partition {
                flags: FLAG_ENCRYPTED,
                ..row(
                    SECURE_CERT,
                    (KIND_SECURE_CERT, SUBTYPE_SECURE_CERT),
                    0xF000,
                    0x2000,
                )
            },
            row(TRUST, (KIND_DATA, SUBTYPE_DATA_UNDEFINED), 0x1_1000, 0x4000),
            row(
                NODE_STATE,
                (KIND_DATA, SUBTYPE_DATA_UNDEFINED),
                0x1_5000,
                0x2000,
            ),
            // Behind what devices had before it, which stays where it was.
            row(
                TRUST_STORES,
                (KIND_DATA, SUBTYPE_DATA_UNDEFINED),
                0x1_7000,
                0x4000,
            ),
            row(
                AUTHORS,
                (KIND_DATA, SUBTYPE_DATA_UNDEFINED),
                0x1_B000,
                0x2000,
            ),
            row(OTA_0, (KIND_APP, SUBTYPE_APP_OTA_0), SLOTS_OFFSET, slot),
            row(OTA_1, (KIND_APP, SUBTYPE_APP_OTA_0 + 1), half, slot),
        ]
    }

    /// Finds a partition by its label.
    pub fn partition(&self, label: &str) -> Option<Partition> {
        self.partitions()
            .into_iter()
            .find(|partition| partition.label.as_str() == label)
    }

    /// Writes the partition table that goes to [`partition_table::OFFSET`].
    ///
    /// # Errors
    ///
    /// - [`Error::Format`]: never for the layouts that can be made.
    pub fn encode_table(&self) -> Result<[u8; partition_table::LEN], Error> {
        let mut table = [0xFF; partition_table::LEN];
        partition_table::encode(&self.partitions(), &mut table).map_err(|source| {
            Error::Format {
                label: "partition table",
                source,
            }
        })?;
        Ok(table)
    }

    /// Writes the same table as `gen_esp32part.py` reads it: what a project's `CONFIG_PARTITION_TABLE_CUSTOM_FILENAME` names.
    ///
    /// Types and subtypes stand in it by name where every release from v4.2 on knows the name, and as numbers else.
    pub fn csv(&self) -> String {
        let mut text = "# Name, Type, SubType, Offset, Size, Flags\n".to_owned();
        for partition in self.partitions() {
            let Partition {
                kind,
                subtype,
                offset,
                size,
                ..
            } = partition;
            let (kind_name, subtype_name) = match (kind, subtype) {
                (KIND_APP, SUBTYPE_APP_OTA_0..) => (
                    "app".to_owned(),
                    format!("ota_{}", subtype - SUBTYPE_APP_OTA_0),
                ),
                (KIND_DATA, SUBTYPE_DATA_OTA) => ("data".to_owned(), "ota".to_owned()),
                (KIND_DATA, SUBTYPE_DATA_NVS) => ("data".to_owned(), "nvs".to_owned()),
                (KIND_DATA, _) => ("data".to_owned(), format!("{subtype:#04x}")),
                _ => (format!("{kind:#04x}"), format!("{subtype:#04x}")),
            };
            let flags = match partition.flags & FLAG_ENCRYPTED {
                0 => "",
                _ => " encrypted",
            };
            // Writing to a `String` cannot fail.
            let _ = writeln!(
                text,
                "{}, {kind_name}, {subtype_name}, {offset:#x}, {size:#x},{flags}",
                partition.label.as_str(),
            );
        }
        text
    }
}

fn row(label: &str, (kind, subtype): (u8, u8), offset: u32, size: u32) -> Partition {
    let mut field = [0; Label::LEN];
    for (byte, value) in field.iter_mut().zip(label.bytes()) {
        *byte = value;
    }
    Partition {
        kind,
        subtype,
        offset,
        size,
        label: Label::from_bytes(field),
        flags: 0,
    }
}

/// Label of the partition that says which slot boots.
pub const OTADATA: &str = "otadata";
/// Label of the partition for what the node remembers.
pub const NODE_STATE: &str = "node_state";
/// Label of the first slot.
pub const OTA_0: &str = "ota_0";
/// Label of the second slot.
pub const OTA_1: &str = "ota_1";

/// Apps begin at a multiple of 64 KiB.
const SLOTS_OFFSET: u32 = 0x2_0000;
const SIZES: [u32; 3] = [4 << 20, 8 << 20, 16 << 20];

#[cfg(test)]
mod tests {
    use esp_formats::partition_table::PartitionTable;

    use super::*;

    #[test]
    fn writes_the_tables_that_esp_idf_writes() {
        for (size, table) in [
            (4 << 20, include_bytes!("../tests/data/ok_table_4m.bin")),
            (8 << 20, include_bytes!("../tests/data/ok_table_8m.bin")),
            (16 << 20, include_bytes!("../tests/data/ok_table_16m.bin")),
        ] {
            let layout = FlashLayout::of_flash(size).unwrap();
            assert_eq!(layout.encode_table().unwrap(), *table);
            let parsed = PartitionTable::parse(table).unwrap();
            parsed.check_fits(size).unwrap();
            assert!(parsed.iter().eq(layout.partitions()));
            assert_eq!(parsed.ota_slots(), 2);
            assert_eq!(layout.partition(TRUST).unwrap().offset, 0x1_1000);
        }
    }

    #[test]
    fn writes_the_table_as_a_csv_of_esp_idf() {
        let layout = FlashLayout::of_flash(4 << 20).unwrap();
        assert_eq!(
            layout.csv(),
            "# Name, Type, SubType, Offset, Size, Flags\n\
             nvs, data, nvs, 0x9000, 0x4000,\n\
             otadata, data, ota, 0xd000, 0x2000,\n\
             esp_secure_cert, 0x3f, 0x06, 0xf000, 0x2000, encrypted\n\
             trust, data, 0x06, 0x11000, 0x4000,\n\
             node_state, data, 0x06, 0x15000, 0x2000,\n\
             trust_stores, data, 0x06, 0x17000, 0x4000,\n\
             authors, data, 0x06, 0x1b000, 0x2000,\n\
             ota_0, app, ota_0, 0x20000, 0x1e0000,\n\
             ota_1, app, ota_1, 0x200000, 0x1e0000,\n"
        );
        // The firmware's own table is this one.
        let firmware = include_str!("../../../firmware/esp32c3/partitions.csv");
        assert_eq!(layout.csv(), firmware);
        let larger = FlashLayout::of_flash(16 << 20).unwrap().csv();
        assert!(larger.ends_with("ota_1, app, ota_1, 0x800000, 0x7e0000,\n"));
    }

    #[test]
    fn picks_the_smallest_flash_that_holds_the_image() {
        for (len, size) in [
            (0, Some(4 << 20)),
            (0x1E_0000, Some(4 << 20)),
            (0x1E_0001, Some(8 << 20)),
            (0x3E_0000, Some(8 << 20)),
            (0x7E_0000, Some(16 << 20)),
            (0x7E_0001, None),
            (u32::MAX, None),
        ] {
            assert_eq!(
                FlashLayout::for_image(len).map(|it| it.flash_size()),
                size,
                "{len:#x}"
            );
        }
        assert_eq!(FlashLayout::of_flash(2 << 20), None);
    }
}
