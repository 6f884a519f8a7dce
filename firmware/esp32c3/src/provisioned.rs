//! What the factory put into the flash: settings, identity, whom to believe.
//!
//! It is read once, when the chip starts; what is needed later is kept in boxes of its size, and the rest of the memory
//! is given back before the radio takes its own.

mod chip;
mod settings;

use alloc::{boxed::Box, string::String, vec::Vec};

use countersign_mbedtls_link::Identity;
use esp_formats::{
    bundle::Bundle,
    nvs::Nvs,
    secure_cert::{self, Kind},
};

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
    pub(crate) stores: &'static [&'static str],
    /// The device's chain and key.
    pub(crate) identity: Identity<'static>,
    /// Who vouches for our servers.
    pub(crate) servers: Bundle<'static>,
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
    /// Reads the partitions `nvs`, `esp_secure_cert` and `trust`.
    pub(crate) fn read(chip: &mut Chip) -> Result<Self, Fault> {
        let (identity, servers) = (identity(chip)?, servers(chip)?);
        let bytes = chip.partition(NVS)?;
        let nvs = Nvs::parse(&bytes).map_err(|source| Fault::Partition {
            label: NVS,
            what: "settings",
            source,
        })?;
        settings::read(&nvs, identity, servers)
    }
}

/// The device's chain and key, PEM with their closing NULs.
fn identity(chip: &mut Chip) -> Result<Identity<'static>, Fault> {
    let bytes = chip.partition(SECURE_CERT)?;
    let entry = |kind, what| {
        let found = secure_cert::find(&bytes, kind, 0).map_err(|source| Fault::Partition {
            label: SECURE_CERT,
            what,
            source,
        })?;
        // Flags say that a key is sealed, or in the chip's own key store.
        let entry = found.filter(|entry| entry.flags == 0);
        Ok(keep(entry.ok_or(Fault::Identity(what))?.data))
    };
    Ok(Identity {
        chain: entry(Kind::DEVICE_CERTIFICATE, "certificate")?,
        key: entry(Kind::PRIVATE_KEY, "private key")?,
    })
}

/// Who vouches for our servers.
fn servers(chip: &mut Chip) -> Result<Bundle<'static>, Fault> {
    let bytes = chip.partition(TRUST)?;
    let fault = |source| Fault::Partition {
        label: TRUST,
        what: "trust bundle",
        source,
    };
    let bundle = Bundle::parse_prefix(&bytes).map_err(fault)?;
    Bundle::parse(keep(bundle.as_bytes())).map_err(fault)
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

/// The labels that `countersign device enroll` writes.
const NVS: &str = "nvs";
const SECURE_CERT: &str = "esp_secure_cert";
const TRUST: &str = "trust";
