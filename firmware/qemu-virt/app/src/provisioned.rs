//! What the factory put into the flash, read in place.

use countersign_node::provisioned::{self, Identity, NVS, SECURE_CERT, TRUST, TRUST_STORES, Unfit};
use esp_formats::{
    bundle::Bundle,
    partition_table::{self, PartitionTable},
};
use qemu_virt_machine::{
    chip::{Chip, ChipError},
    say,
};

/// What the factory put into the flash.
pub(crate) struct Provisioned {
    pub(crate) settings: provisioned::Provisioned<'static>,
    pub(crate) identity: Identity<'static>,
    pub(crate) servers: Bundle<'static>,
    pub(crate) stores: Option<Bundle<'static>>,
}

/// Why it cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// The flash.
    #[error(transparent)]
    Chip(#[from] ChipError),
    /// A partition is not in the table.
    #[error("there is no {0}")]
    Missing(&'static str),
    /// The partition table.
    #[error("the partition table: {0}")]
    Table(esp_formats::Error),
    /// What is in a partition.
    #[error(transparent)]
    Unfit(#[from] Unfit),
}

impl Provisioned {
    /// Reads it, and sees to it that nothing writes there while the app runs.
    pub(crate) fn read(chip: &mut Chip) -> Result<Self, Fault> {
        let mut needed = |label| partition(chip, label)?.ok_or(Fault::Missing(label));
        let (nvs, secret, trust) = (needed(NVS)?, needed(SECURE_CERT)?, needed(TRUST)?);
        Ok(Self {
            settings: provisioned::Provisioned::read(nvs)?,
            identity: provisioned::identity(secret)?,
            servers: provisioned::servers(trust)?,
            stores: stores(chip)?,
        })
    }
}

/// Who vouches for stores. Where that is damaged the app goes on, since its server still reaches it.
fn stores(chip: &mut Chip) -> Result<Option<Bundle<'static>>, Fault> {
    let Some(bytes) = partition(chip, TRUST_STORES)? else {
        return Ok(None);
    };
    Ok(provisioned::stores(bytes).unwrap_or_else(|error| {
        say!("app: no store is believed: {error}");
        None
    }))
}

/// A partition's bytes, by its label; nothing where there is no such partition.
fn partition(chip: &mut Chip, label: &'static str) -> Result<Option<&'static [u8]>, Fault> {
    let at = to_usize(partition_table::OFFSET);
    let table = chip.bytes(at..at + partition_table::LEN)?;
    let table = PartitionTable::parse(table).map_err(Fault::Table)?;
    let Some(found) = table.find_label(label) else {
        return Ok(None);
    };
    let start = to_usize(found.offset);
    let bytes = chip.freeze(start..start.saturating_add(to_usize(found.size)))?;
    Ok(Some(bytes))
}

fn to_usize(value: u32) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}
