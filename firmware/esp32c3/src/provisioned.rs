//! What the factory put into the flash: settings, identity, whom to believe.
//!
//! It is read once, when the chip starts; what is needed later is kept in boxes of its size, and the rest of the memory
//! is given back before the radio takes its own.

mod chip;
mod settings;

use alloc::{boxed::Box, string::String, vec::Vec};

use countersign_node::provisioned::{self, Identity, NVS, SECURE_CERT, TRUST, TRUST_STORES};
use esp_formats::bundle::Bundle;
use esp_println::println;

pub(crate) use self::chip::Chip;
use crate::fault::Fault;

/// All of it.
#[derive(Debug)]
pub(crate) struct Provisioned {
    /// The device's name, to be told; what counts is the one in its certificate.
    pub(crate) device: &'static str,
    /// The device plane's host.
    pub(crate) server_host: &'static str,
    /// The device plane's port.
    pub(crate) server_port: u16,
    /// The product that the device was made as.
    pub(crate) product: &'static str,
    /// `SubjectPublicKeyInfo` (DER) of each author.
    pub(crate) authors: &'static [&'static [u8]],
    /// Hosts that images may come from, beside the server.
    pub(crate) hosts: &'static [&'static str],
    /// The device's chain and key.
    pub(crate) identity: Identity<'static>,
    /// Who vouches for our servers.
    pub(crate) servers: Bundle<'static>,
    /// Who vouches for stores, if anybody does.
    pub(crate) stores: Option<Bundle<'static>>,
    /// Which network to join.
    pub(crate) wifi: Wifi,
}

/// A Wi-Fi network.
pub(crate) struct Wifi {
    /// Its name, 1 to 32 bytes.
    pub(crate) ssid: String,
    /// Its password, 8 to 64 bytes; without one the network is an open one.
    pub(crate) password: Option<String>,
    /// Two letters that say which channels may be used.
    pub(crate) country: Option<[u8; 2]>,
}

impl core::fmt::Debug for Wifi {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // The password is nobody's business.
        f.debug_struct("Wifi")
            .field("ssid", &self.ssid)
            .finish_non_exhaustive()
    }
}

impl Provisioned {
    /// Reads the partitions that `countersign device enroll` writes, each let go before the next.
    pub(crate) fn read(chip: &mut Chip) -> Result<Self, Fault> {
        let (identity, servers, stores) = (identity(chip)?, servers(chip)?, stores(chip)?);
        let nvs = chip.partition(NVS)?;
        let settings = provisioned::Provisioned::read(&nvs)?;
        let hosts = settings.stores().iter().map(|host| keep_text(host));
        Ok(Self {
            device: keep_text(settings.device),
            server_host: keep_text(settings.server_host),
            server_port: settings.server_port,
            product: keep_text(settings.product),
            authors: keep_all(settings.authors().map(keep).collect()),
            hosts: keep_all(hosts.collect()),
            identity,
            servers,
            stores,
            wifi: settings::wifi(&nvs)?,
        })
    }
}

/// The device's chain and key, PEM with their closing NULs.
fn identity(chip: &mut Chip) -> Result<Identity<'static>, Fault> {
    let bytes = chip.partition(SECURE_CERT)?;
    let identity = provisioned::identity(&bytes)?;
    Ok(Identity {
        chain: keep(identity.chain),
        key: keep(identity.key),
    })
}

/// Who vouches for our servers.
fn servers(chip: &mut Chip) -> Result<Bundle<'static>, Fault> {
    let bytes = chip.partition(TRUST)?;
    Ok(kept(provisioned::servers(&bytes)?)?)
}

/// Who vouches for stores. Where that is damaged the app goes on, since its server still reaches it.
fn stores(chip: &mut Chip) -> Result<Option<Bundle<'static>>, Fault> {
    let bytes = match chip.partition(TRUST_STORES) {
        // Flashed before there was one.
        Err(Fault::MissingPartition(_)) => return Ok(None),
        bytes => bytes?,
    };
    match provisioned::stores(&bytes) {
        Ok(None) => Ok(None),
        Ok(Some(bundle)) => Ok(Some(kept(bundle)?)),
        Err(unfit) => {
            println!("no store is believed: {unfit}");
            Ok(None)
        }
    }
}

/// Keeps a bundle, without what follows it in its partition.
fn kept(bundle: Bundle<'_>) -> Result<Bundle<'static>, provisioned::Unfit> {
    provisioned::servers(keep(bundle.as_bytes()))
}

/// Keeps bytes until the reset.
fn keep(bytes: &[u8]) -> &'static [u8] {
    Box::leak(Box::from(bytes))
}

/// Keeps a list until the reset.
fn keep_all<T>(list: Vec<T>) -> &'static [T] {
    Box::leak(list.into_boxed_slice())
}

/// Keeps a text until the reset.
fn keep_text(text: &str) -> &'static str {
    Box::leak(Box::from(text))
}
