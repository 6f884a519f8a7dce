//! `[product.NAME]`: who may make its releases, and what must hold for them.

use std::path::Path;

use anyhow::{Context, Result, bail};
use countersign_images::secure_boot;
use countersign_keys::{Passphrases, image};
use countersign_operations::{
    policy::{Blocks, Policy, SecureBoot},
    text,
};
use countersign_protocol::{Digest, UnixTime};
use esp_formats::partition_table::PartitionTable;
use serde::Deserialize;
use toml::Value;

use crate::files;

/// `[product.NAME]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Product {
    /// Files with the authors' public keys, PEM, seen from the state directory.
    pub(crate) authors: Vec<String>,
    /// Whether images without a Secure Boot signature are admitted.
    #[serde(default)]
    pub(crate) unsigned_images: bool,
    /// The chip of its devices.
    pub(crate) chip: Option<String>,
    /// The project's name in its images.
    pub(crate) project: Option<String>,
    /// Whose Secure Boot signatures its devices take: PEM files, seen from the state directory, or digests.
    #[serde(default)]
    pub(crate) secure_boot_keys: Vec<String>,
    /// Whether stored images must be sealed.
    #[serde(default)]
    pub(crate) sealed: bool,
    /// Which signature blocks they compare.
    #[serde(default)]
    pub(crate) secure_boot_blocks: SecureBootBlocks,
    /// Its partition table, as `gen_esp32part.py` makes it, seen from the state directory.
    pub(crate) partition_table: Option<String>,
    /// The day until which its devices get updates.
    pub(crate) supported_until: Option<String>,
}

/// `secure_boot_blocks`.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SecureBootBlocks {
    /// A chip with Secure Boot v2.
    #[default]
    Any,
    /// An app that checks updates itself, without Secure Boot.
    First,
}

impl Product {
    /// Reads the files that are named.
    pub(super) fn read(&self, state: &Path) -> Result<countersign_operations::Product> {
        let mut authors = Vec::new();
        for file in &self.authors {
            let path = state.join(file);
            let text = files::read_text(&path)?;
            let key = countersign_keys::public_key_from_pem(&text)
                .with_context(|| format!("{} is no author's key", path.display()))?;
            authors.push(key);
        }
        Ok(countersign_operations::Product {
            authors,
            policy: self.policy(state)?,
        })
    }

    fn policy(&self, state: &Path) -> Result<Policy> {
        let slot = self.partition_table.as_ref();
        let slot = slot.map(|file| smallest_slot(&state.join(file)));
        let until = self.supported_until.as_deref();
        Ok(Policy {
            unsigned_images: self.unsigned_images,
            secure_boot: self.secure_boot(state)?,
            chip: self.chip.as_deref().map(super::chip).transpose()?,
            project: self.project.clone(),
            slot: slot.transpose()?,
            sealed: self.sealed,
            supported_until: until.map(end).transpose().context("`supported_until`")?,
        })
    }

    fn secure_boot(&self, state: &Path) -> Result<Option<SecureBoot>> {
        let blocks = match self.secure_boot_blocks {
            SecureBootBlocks::Any => Blocks::Any,
            SecureBootBlocks::First => Blocks::First,
        };
        if self.secure_boot_keys.is_empty() {
            if blocks == Blocks::First {
                bail!(
                    "`secure_boot_blocks = \"first\"` says nothing without `secure_boot_keys`: name the keys that devices run by"
                );
            }
            return Ok(None);
        }
        if self.unsigned_images {
            bail!(
                "`unsigned_images = true` and `secure_boot_keys` contradict each other: take one of them out"
            );
        }
        let keys = self.secure_boot_keys.iter().map(|key| digest(key, state));
        Ok(Some(SecureBoot {
            keys: keys.collect::<Result<_>>().context("`secure_boot_keys`")?,
            blocks,
        }))
    }

    /// The value of a setting that a person wrote; `None` where he takes it out.
    pub(crate) fn value(key: &str, text: &str) -> Result<Option<Value>> {
        let strings = |text: &str| {
            let parts = text.split(',').map(str::trim);
            let parts = parts.filter(|part| !part.is_empty());
            Value::Array(parts.map(|part| Value::String(part.to_owned())).collect())
        };
        Ok(match (key, text) {
            ("authors", "") => bail!("`authors` cannot be taken out: name one, or several"),
            (_, "") if SETTINGS.contains(&key) => None,
            ("authors" | "secure_boot_keys", text) => Some(strings(text)),
            ("sealed" | "unsigned_images", "true") => Some(Value::Boolean(true)),
            ("sealed" | "unsigned_images", "false") => Some(Value::Boolean(false)),
            ("sealed" | "unsigned_images", _) => bail!("`{key}` is true or false, not `{text}`"),
            (_, text) if SETTINGS.contains(&key) => Some(Value::String(text.to_owned())),
            _ => bail!("`{key}` is no setting; there is {}", SETTINGS.join(", ")),
        })
    }

    /// The text of a new product.
    pub(super) fn first_text(
        name: &str,
        author: &str,
        unsigned: bool,
        chip: Option<&str>,
    ) -> String {
        let chip = chip.map_or_else(
            || "# chip = \"esp32c3\"".to_owned(),
            |chip| format!("chip = {chip:?}"),
        );
        format!(
            r#"[product.{name}]
# Public keys of those who may sign its releases.
authors = [{author:?}]
# Whether images without a Secure Boot signature are admitted. Their manifests are signed all the same.
unsigned_images = {unsigned}
# The chip of its devices; without it, that of the newest release.
{chip}
# What else must hold for a release, so that none becomes visible that devices would download and refuse:
# project = "lamp"                              # the project's name in its image
# secure_boot_keys = ["secure-boot-1.pem"]      # whose signature it bears: public keys, or digests by `image digest-key`
# secure_boot_blocks = "first"                  # devices without Secure Boot that check signed apps compare the first block alone
# partition_table = "partition-table.bin"       # it fits the smallest OTA slot
# supported_until = "2031-12-31"                # until when its devices get updates
"#
        )
    }
}

/// What there is to set.
const SETTINGS: [&str; 9] = [
    "authors",
    "unsigned_images",
    "sealed",
    "chip",
    "project",
    "secure_boot_keys",
    "secure_boot_blocks",
    "partition_table",
    "supported_until",
];

/// The digest of a key that is named by a file or by itself.
fn digest(key: &str, state: &Path) -> Result<Digest> {
    if let Ok(digest) = key.parse() {
        return Ok(digest);
    }
    let path = state.join(key);
    if !path.exists() {
        bail!(
            "`{key}` is neither a file in {} nor 64 hexadecimal digits",
            state.display()
        );
    }
    let text = files::read_text(&path)?;
    let named = || path.display().to_string();
    let key = image::public_key(&path, &text, &Passphrases::new(None)).with_context(named)?;
    let key = secure_boot::key_of(&key.spki).with_context(named)?;
    Ok(countersign_images::sha256(key.as_bytes()))
}

/// The length of a table's smallest OTA slot.
fn smallest_slot(path: &Path) -> Result<u32> {
    let bytes = files::read(path)?;
    let table = PartitionTable::parse(&bytes).with_context(|| {
        format!(
            "{} is no partition table as gen_esp32part.py makes it",
            path.display()
        )
    })?;
    let slots = (0..table.ota_slots()).filter_map(|slot| table.ota_slot(slot));
    let smallest = slots.map(|slot| slot.size).min();
    smallest.with_context(|| format!("{} has no OTA slot", path.display()))
}

/// The last second of a day.
fn end(day: &str) -> Result<UnixTime> {
    text::from_rfc3339(&format!("{day}T23:59:59Z"))
        .with_context(|| format!("`{day}` is no day; write it as 2031-12-31"))
}
