//! The app partitions of a table.

use std::path::Path;

use anyhow::{Context, Result};
use esp_formats::partition_table::{KIND_APP, PartitionTable};

use crate::files;

/// An app partition, and whether the image fits.
pub(super) struct Slot {
    /// Its label.
    pub(super) label: String,
    /// Where it begins in flash.
    pub(super) offset: u32,
    /// Its size in bytes.
    pub(super) size: u32,
    /// Whether the image fits, with its signature.
    pub(super) fits: bool,
}

/// Reads a table, and measures an image of `len` bytes by it.
pub(super) fn read(path: &Path, len: Option<u32>) -> Result<Vec<Slot>> {
    let bytes = files::read(path)?;
    let table = PartitionTable::parse(&bytes).with_context(|| {
        format!(
            "{} is no partition table as it lies in flash (a CSV is made one by gen_esp32part.py)",
            path.display()
        )
    })?;
    let apps = table.iter().filter(|partition| partition.kind == KIND_APP);
    let slots = apps.map(|partition| Slot {
        label: String::from_utf8_lossy(partition.label.as_bytes()).into_owned(),
        offset: partition.offset,
        size: partition.size,
        fits: len.is_some_and(|len| len <= partition.size),
    });
    Ok(slots.collect())
}
