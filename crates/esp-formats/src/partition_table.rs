//! The partition table: what lies where in flash.
//!
//! At [`OFFSET`] lie up to 95 rows of 32 bytes in [`LEN`] bytes: partitions, then (since ESP-IDF v3.1) a row with the
//! MD5 of the rows before it, then 0xFF.
//!
//! Sources: ESP-IDF v5.5.5, `components/bootloader_support/src/flash_partitions.c` (what the device checks) and
//! `components/partition_table/gen_esp32part.py` (what the build checks).

mod encode;
mod label;

pub use encode::encode;
pub use label::Label;

use md5::{Digest, Md5};

use crate::bytes::{array, slice, u32_le};
use crate::{Error, ErrorKind};

/// One partition.
///
/// | offset | size | field                                         |
/// |-------:|-----:|-----------------------------------------------|
/// |      0 |    2 | magic, bytes AA 50                            |
/// |      2 |    1 | `kind`                                        |
/// |      3 |    1 | `subtype`                                     |
/// |      4 |    4 | `offset`, little-endian, bytes from flash start |
/// |      8 |    4 | `size`, little-endian, bytes                  |
/// |     12 |   16 | `label`, NUL-padded                           |
/// |     28 |    4 | `flags`, little-endian                        |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "esp_partition_info_t")]
pub struct Partition {
    /// Type: [`KIND_APP`], [`KIND_DATA`] or the team's own.
    pub kind: u8,
    /// Subtype, whose meaning depends on the type.
    pub subtype: u8,
    /// Where it begins in flash, in bytes.
    pub offset: u32,
    /// Its size in bytes.
    pub size: u32,
    /// Its name.
    pub label: Label,
    /// [`FLAG_ENCRYPTED`], [`FLAG_READONLY`].
    pub flags: u32,
}

impl Partition {
    /// Gives the first byte behind the partition; never beyond 4 GiB in a table that was parsed.
    pub fn end(&self) -> u32 {
        self.offset.saturating_add(self.size)
    }

    /// Says whether two partitions share a byte of flash.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.offset < other.end() && other.offset < self.end()
    }

    fn parse(table: &[u8], at: usize) -> Result<Self, Error> {
        let [_, _, kind, subtype] = *array(table, at)?;
        let partition = Self {
            kind,
            subtype,
            offset: u32_le(table, at.saturating_add(4))?,
            size: u32_le(table, at.saturating_add(8))?,
            label: Label::from_bytes(*array(table, at.saturating_add(12))?),
            flags: u32_le(table, at.saturating_add(28))?,
        };
        if partition.size == 0 || partition.offset.checked_add(partition.size).is_none() {
            let kind = ErrorKind::PartitionRange {
                start: partition.offset,
                size: partition.size,
            };
            return Err(Error::new(kind, at));
        }
        Ok(partition)
    }
}

/// A table that passed the checks of the device and of the build.
#[derive(Clone, Copy, Debug)]
pub struct PartitionTable<'a> {
    /// The rows of partitions, each known to parse.
    rows: &'a [u8],
    has_md5: bool,
}

impl<'a> PartitionTable<'a> {
    /// Parses a table from its 3072 bytes; of longer input (the sector, the flash from [`OFFSET`]) the rest is
    /// not looked at.
    ///
    /// Rows may be in any order. The device accepts rows behind the MD5 row, which protects them not; we do not.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::NoEndRow`]: no row of 0xFF before the end.
    /// - [`ErrorKind::RowMagic`]: a row that is none of the three.
    /// - [`ErrorKind::TableMd5`], [`ErrorKind::RowAfterMd5`]: the MD5 row does not vouch for the table.
    /// - [`ErrorKind::PartitionRange`]: an empty partition, or one that ends beyond 4 GiB.
    /// - [`ErrorKind::Overlap`]: a partition that shares bytes with another, or with the table.
    ///
    /// The offset is that of the row.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let table = bytes.get(..LEN).unwrap_or(bytes);
        let mut partitions_end = None;
        let mut at = 0_usize;
        loop {
            let row = array::<ROW>(table, at).map_err(|_| Error::new(ErrorKind::NoEndRow, at))?;
            match *row {
                [0xFF, 0xFF, 0xFF, 0xFF, ..] => break,
                _ if partitions_end.is_some() => {
                    return Err(Error::new(ErrorKind::RowAfterMd5, at));
                }
                [0xAA, 0x50, ..] => {
                    let partition = Partition::parse(table, at)?;
                    check_overlap(slice(table, 0, at)?, &partition, at)?;
                }
                [0xEB, 0xEB, ..] => {
                    if md5_row(slice(table, 0, at)?) != *row {
                        return Err(Error::new(ErrorKind::TableMd5, at));
                    }
                    partitions_end = Some(at);
                }
                [low, high, ..] => {
                    let kind = ErrorKind::RowMagic {
                        found: u16::from_le_bytes([low, high]),
                    };
                    return Err(Error::new(kind, at));
                }
            }
            at = at.saturating_add(ROW);
        }
        let rows = slice(table, 0, partitions_end.unwrap_or(at))?;
        Ok(Self {
            rows,
            has_md5: partitions_end.is_some(),
        })
    }

    /// Iterates over the partitions, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = Partition> + use<'a> {
        partitions(self.rows)
    }

    /// Says whether the table carries an MD5 row; one without is accepted by every device.
    pub fn has_md5(&self) -> bool {
        self.has_md5
    }

    /// Finds the first partition of a type and subtype.
    pub fn find(&self, kind: u8, subtype: u8) -> Option<Partition> {
        self.iter()
            .find(|partition| partition.kind == kind && partition.subtype == subtype)
    }

    /// Finds the first partition with a label.
    pub fn find_label(&self, label: &str) -> Option<Partition> {
        self.iter()
            .find(|partition| partition.label.as_bytes() == label.as_bytes())
    }

    /// Counts the OTA slots: those that follow each other from `ota_0`.
    pub fn ota_slots(&self) -> u8 {
        let taken = (0..MAX_OTA_SLOTS).take_while(|slot| self.ota_slot(*slot).is_some());
        u8::try_from(taken.count()).unwrap_or(MAX_OTA_SLOTS)
    }

    /// Finds `ota_n`.
    pub fn ota_slot(&self, n: u8) -> Option<Partition> {
        if n >= MAX_OTA_SLOTS {
            return None;
        }
        self.find(KIND_APP, SUBTYPE_APP_OTA_0.saturating_add(n))
    }

    /// Checks that every partition ends within a flash of this size.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::BeyondFlash`]: one does not; the device then refuses the whole table. The offset is that of the row.
    pub fn check_fits(&self, flash_size: u32) -> Result<(), Error> {
        for (index, partition) in self.iter().enumerate() {
            if partition.end() > flash_size {
                let kind = ErrorKind::BeyondFlash {
                    end: partition.end(),
                    flash_size,
                };
                return Err(Error::new(kind, index.saturating_mul(ROW)));
            }
        }
        Ok(())
    }
}

fn check_overlap(above: &[u8], partition: &Partition, at: usize) -> Result<(), Error> {
    let taken = partitions(above)
        .find(|other| other.overlaps(partition))
        .map(|other| other.end());
    let free = if partition.offset < OFFSET.saturating_add(SECTOR) {
        Some(OFFSET.saturating_add(SECTOR))
    } else {
        taken
    };
    match free {
        Some(free) => Err(Error::new(
            ErrorKind::Overlap {
                start: partition.offset,
                free,
            },
            at,
        )),
        None => Ok(()),
    }
}

fn partitions(rows: &[u8]) -> impl Iterator<Item = Partition> + use<'_> {
    rows.chunks_exact(ROW)
        .filter_map(|row| Partition::parse(row, 0).ok())
}

/// Makes the row that vouches for the rows before it: EB EB, fourteen 0xFF, their MD5.
fn md5_row(rows: &[u8]) -> [u8; ROW] {
    let mut row = [0xFF; ROW];
    let fields = [0xEB, 0xEB]
        .into_iter()
        .chain([0xFF; 14])
        .chain(Md5::digest(rows));
    for (byte, value) in row.iter_mut().zip(fields) {
        *byte = value;
    }
    row
}

/// Where the table lies in flash unless a project moves it.
pub const OFFSET: u32 = 0x8000;
/// How many bytes of its sector the table may use; Secure Boot v1 puts a signature behind them.
pub const LEN: usize = 0xC00;
/// How many partitions a table can hold beside its MD5 row and its end.
pub const MAX_PARTITIONS: usize = LEN / ROW - 2;
/// How many OTA slots there can be.
pub const MAX_OTA_SLOTS: u8 = 16;

/// Type of a partition that holds an app.
pub const KIND_APP: u8 = 0x00;
/// Type of a partition that holds data of ESP-IDF's own kinds.
pub const KIND_DATA: u8 = 0x01;
/// Type that `esp_secure_cert` has, although ESP-IDF gives teams 0x40 to 0xFE.
pub const KIND_SECURE_CERT: u8 = 0x3F;

/// App: the factory app.
pub const SUBTYPE_APP_FACTORY: u8 = 0x00;
/// App: `ota_0`; `ota_n` is this plus n.
pub const SUBTYPE_APP_OTA_0: u8 = 0x10;
/// App: the test app.
pub const SUBTYPE_APP_TEST: u8 = 0x20;
/// Data: [`crate::otadata`].
pub const SUBTYPE_DATA_OTA: u8 = 0x00;
/// Data: calibration of the radio.
pub const SUBTYPE_DATA_PHY: u8 = 0x01;
/// Data: key-value storage.
pub const SUBTYPE_DATA_NVS: u8 = 0x02;
/// Data: core dumps.
pub const SUBTYPE_DATA_COREDUMP: u8 = 0x03;
/// Data: the keys of encrypted NVS.
pub const SUBTYPE_DATA_NVS_KEYS: u8 = 0x04;
/// Data: emulated eFuses.
pub const SUBTYPE_DATA_EFUSE: u8 = 0x05;
/// Data: no kind of ESP-IDF's; what the build writes for an empty subtype.
pub const SUBTYPE_DATA_UNDEFINED: u8 = 0x06;
/// Of [`KIND_SECURE_CERT`]; its reader looks for the type alone.
pub const SUBTYPE_SECURE_CERT: u8 = 0x06;

/// Flash encryption covers the partition.
pub const FLAG_ENCRYPTED: u32 = 1 << 0;
/// Nothing writes to the partition.
pub const FLAG_READONLY: u32 = 1 << 1;

const ROW: usize = 32;
const SECTOR: u32 = 0x1000;

#[cfg(test)]
mod tests;
