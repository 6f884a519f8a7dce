//! Writing a partition table that the build's own tool would have written.

use super::{
    FLAG_READONLY, KIND_APP, KIND_DATA, LEN, MAX_PARTITIONS, OFFSET, Partition, ROW, SECTOR,
    SUBTYPE_DATA_NVS, SUBTYPE_DATA_OTA, md5_row,
};
use crate::bytes::{Cursor, to_u32};
use crate::{Error, ErrorKind, otadata};

/// Writes a table with its MD5 row, under the rules of ESP-IDF's `gen_esp32part.py`.
///
/// # Errors
///
/// - [`ErrorKind::TooManyPartitions`]: more than [`MAX_PARTITIONS`].
/// - [`ErrorKind::PartitionRange`]: an empty partition, or one that ends beyond 4 GiB.
/// - [`ErrorKind::OutOfOrder`], [`ErrorKind::Overlap`]: a partition that begins before, or within, the one above it
///   or the table.
/// - [`ErrorKind::Alignment`]: an app not at a multiple of 64 KiB or not of a multiple of 4 KiB; other data not at a
///   multiple of 4 KiB.
/// - [`ErrorKind::PartitionSize`]: `otadata` of another size than 8 KiB, or writable NVS below 12 KiB.
/// - [`ErrorKind::EmptyLabel`], [`ErrorKind::DuplicateLabel`]: labels by which no partition can be found.
///
/// The offset is that of the row.
pub fn encode(partitions: &[Partition], out: &mut [u8; LEN]) -> Result<(), Error> {
    if partitions.len() > MAX_PARTITIONS {
        let (found, max) = (to_u32(partitions.len()), to_u32(MAX_PARTITIONS));
        return Err(Error::new(ErrorKind::TooManyPartitions { found, max }, 0));
    }
    let mut cursor = Cursor::new(out);
    let mut above: &[Partition] = &[];
    for (index, partition) in partitions.iter().enumerate() {
        check(partition, above).map_err(|kind| Error::new(kind, cursor.position()))?;
        cursor.put(&[0xAA, 0x50, partition.kind, partition.subtype])?;
        cursor.put(&partition.offset.to_le_bytes())?;
        cursor.put(&partition.size.to_le_bytes())?;
        cursor.put(&partition.label.to_field())?;
        cursor.put(&partition.flags.to_le_bytes())?;
        above = partitions.get(..=index).unwrap_or_default();
    }
    let md5 = md5_row(cursor.written());
    cursor.put(&md5)?;
    cursor.fill(
        0xFF,
        LEN.saturating_sub(partitions.len().saturating_add(1).saturating_mul(ROW)),
    )
}

fn check(partition: &Partition, above: &[Partition]) -> Result<(), ErrorKind> {
    let Partition {
        kind,
        subtype,
        offset: start,
        size,
        label,
        flags,
    } = *partition;
    if size == 0 || start.checked_add(size).is_none() {
        return Err(ErrorKind::PartitionRange { start, size });
    }
    let table_end = OFFSET.saturating_add(SECTOR);
    let (last_start, free) = above
        .last()
        .map_or((0, table_end), |last| (last.offset, last.end()));
    if start < last_start {
        return Err(ErrorKind::OutOfOrder { start });
    }
    if start < free {
        return Err(ErrorKind::Overlap { start, free });
    }
    aligned(start, if kind == KIND_APP { APP_ALIGN } else { SECTOR })?;
    if kind == KIND_APP {
        aligned(size, SECTOR)?;
    }
    if kind == KIND_DATA && subtype == SUBTYPE_DATA_OTA && size != otadata::PARTITION_SIZE {
        return Err(ErrorKind::PartitionSize {
            found: size,
            needed: otadata::PARTITION_SIZE,
        });
    }
    let writable_nvs =
        kind == KIND_DATA && subtype == SUBTYPE_DATA_NVS && flags & FLAG_READONLY == 0;
    if writable_nvs && size < NVS_MIN {
        return Err(ErrorKind::PartitionSize {
            found: size,
            needed: NVS_MIN,
        });
    }
    if label.as_bytes().is_empty() {
        return Err(ErrorKind::EmptyLabel);
    }
    if above
        .iter()
        .any(|other| other.label.as_bytes() == label.as_bytes())
    {
        return Err(ErrorKind::DuplicateLabel);
    }
    Ok(())
}

fn aligned(value: u32, align: u32) -> Result<(), ErrorKind> {
    if value.is_multiple_of(align) {
        Ok(())
    } else {
        Err(ErrorKind::Alignment { value, align })
    }
}

/// An app is mapped by the MMU, whose pages have 64 KiB.
const APP_ALIGN: u32 = 0x1_0000;
/// One page of NVS is kept free, one is written, one is collected.
const NVS_MIN: u32 = 0x3000;
