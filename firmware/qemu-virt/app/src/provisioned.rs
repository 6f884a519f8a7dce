//! What the factory put into the flash: settings, identity, trust. As the virtual ESP32 reads it.

use countersign_mbedtls_link::Identity;
use countersign_node::settings::server_of;
use esp_formats::{
    bundle::Bundle,
    nvs::Nvs,
    partition_table::{self, PartitionTable},
    secure_cert::{self, Kind},
};
use qemu_virt_machine::chip::{Chip, ChipError};

/// What the factory put into the flash; texts and certificates are read in place.
pub(crate) struct Provisioned {
    pub(crate) server_host: &'static str,
    pub(crate) server_port: u16,
    pub(crate) product: &'static str,
    pub(crate) device: &'static str,
    pub(crate) servers: Bundle<'static>,
    pub(crate) identity: Identity<'static>,
    authors: [([u8; MAX_KEY], usize); MAX_AUTHORS],
}

/// What is not as a factory leaves it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unfit {
    /// The flash.
    #[error(transparent)]
    Chip(#[from] ChipError),
    /// Something in it is damaged, or no such thing.
    #[error("{0}: {1}")]
    Damaged(&'static str, esp_formats::Error),
    /// Something is not there.
    #[error("there is no {0}")]
    Missing(&'static str),
    /// The setting `server` is no https URL of a host and a port.
    #[error("the setting server is no https URL")]
    Server,
}

impl Provisioned {
    /// Reads it, and sees to it that nothing writes there while the app runs.
    pub(crate) fn read(chip: &mut Chip) -> Result<Self, Unfit> {
        let nvs = partition(chip, "nvs")?;
        let secret = partition(chip, "esp_secure_cert")?;
        let trust = partition(chip, "trust")?;

        let damaged = |what| move |error| Unfit::Damaged(what, error);
        let nvs = Nvs::parse(nvs).map_err(damaged("nvs"))?;
        let text = |key| {
            let found = nvs.text(NAMESPACE, key).map_err(damaged(key))?;
            found.ok_or(Unfit::Missing(key))
        };
        let mut authors = [([0; MAX_KEY], 0); MAX_AUTHORS];
        for (key, (bytes, len)) in AUTHORS.iter().zip(&mut authors) {
            let found = nvs.blob(NAMESPACE, key, bytes).map_err(damaged(key))?;
            *len = found.map_or(0, <[u8]>::len);
        }
        let entry = |what, kind| {
            let found = secure_cert::find(secret, kind, 0).map_err(damaged(what))?;
            found.map(|entry| entry.data).ok_or(Unfit::Missing(what))
        };
        let (server_host, server_port) = server_of(text("server")?).ok_or(Unfit::Server)?;
        Ok(Self {
            server_host,
            server_port,
            product: text("product")?,
            device: text("device")?,
            servers: Bundle::parse_prefix(trust).map_err(damaged("trust"))?,
            identity: Identity {
                chain: entry("certificate", Kind::DEVICE_CERTIFICATE)?,
                key: entry("key", Kind::PRIVATE_KEY)?,
            },
            authors,
        })
    }

    /// The authors' public keys, in DER.
    pub(crate) fn authors(&self) -> impl Iterator<Item = &[u8]> {
        let keys = self.authors.iter().filter(|(_, len)| *len > 0);
        keys.filter_map(|(bytes, len)| bytes.get(..*len))
    }
}

/// A partition's bytes, by its label.
fn partition(chip: &mut Chip, label: &'static str) -> Result<&'static [u8], Unfit> {
    let at = to_usize(partition_table::OFFSET);
    let table = chip.bytes(at..at + partition_table::LEN)?;
    let table = PartitionTable::parse(table)
        .map_err(|error| Unfit::Damaged("the partition table", error))?;
    let found = table.find_label(label).ok_or(Unfit::Missing(label))?;
    let start = to_usize(found.offset);
    Ok(chip.freeze(start..start.saturating_add(to_usize(found.size)))?)
}

fn to_usize(value: u32) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

/// Namespace of all keys; what they mean is in `docs/formats.md`.
const NAMESPACE: &str = "countersign";
const AUTHORS: [&str; MAX_AUTHORS] = ["author0", "author1", "author2", "author3"];
const MAX_AUTHORS: usize = 4;
/// A `SubjectPublicKeyInfo` on P-256 has 91 bytes.
const MAX_KEY: usize = 128;
