//! The settings that a device is given in the factory, in NVS.
//!
//! Namespace [`NAMESPACE`]:
//!
//! | key          | type   | meaning                                                                            |
//! |--------------|--------|------------------------------------------------------------------------------------|
//! | `server`     | string | https URL of the device plane                                                      |
//! | `product`    | string | the product's name                                                                 |
//! | `device`     | string | the device's name                                                                  |
//! | `author0` …  | blob   | `SubjectPublicKeyInfo` (DER) of each author whose releases are believed            |
//! | `host0` …    | string | each host that images may come from, beside the server's own                       |
//! | `wifi_ssid`  | string | the network that `firmware/esp32c3` joins; other firmware has ways of its own       |
//! | `wifi_password` | string | its password, in clear; without one the network is an open one                   |
//! | `wifi_country` | string | two letters (ISO 3166-1) that say which channels the radio may use                |

use std::fmt;

pub use countersign_node::provisioned::NAMESPACE;
use countersign_node::{provisioned::MAX_NUMBERED, settings::server_of};
use esp_nvs_partition_tool::{DataValue, EntryContent, NvsEntry, NvsPartition};
use zeroize::Zeroizing;

use crate::{Cause, Error};

/// What a device is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// https URL of the device plane.
    pub server: String,
    /// The product's name.
    pub product: String,
    /// The device's name.
    pub device: String,
    /// `SubjectPublicKeyInfo` (DER) of each author.
    pub authors: Vec<Vec<u8>>,
    /// Hosts that images may come from, beside the server's own.
    pub allowed_hosts: Vec<String>,
    /// The Wi-Fi network, for firmware that is told it so.
    pub wifi: Option<Wifi>,
}

/// A Wi-Fi network.
///
/// Its `Debug` output leaves out the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Wifi {
    /// Its name, 1 to 32 bytes.
    pub ssid: String,
    /// Its password for WPA2: 8 to 63 bytes, or the 64 digits of the key itself; without one the network is an open one.
    pub password: Option<Zeroizing<String>>,
    /// Two capital letters (ISO 3166-1) that say which channels the radio may use.
    pub country: Option<String>,
}

impl fmt::Debug for Wifi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wifi")
            .field("ssid", &self.ssid)
            .field("country", &self.country)
            .finish_non_exhaustive()
    }
}

impl Wifi {
    /// Looks for what no radio could join.
    ///
    /// # Errors
    ///
    /// - [`Error::SettingInvalid`]: the name, the password or the country, by its key.
    pub fn check(&self) -> Result<(), Error> {
        wifi_entries(self).map(|_| ())
    }
}

/// Makes a partition of `size` bytes, byte for byte what ESP-IDF's generator makes of the same entries.
///
/// # Errors
///
/// - [`Error::ServerNotHttps`], [`Error::SettingInvalid`]: as of [`csv`].
/// - [`Error::Storage`]: the entries do not fit, or the size is no multiple of 4096 from 8192 up.
pub fn write(settings: &Settings, size: usize) -> Result<Vec<u8>, Error> {
    let entries = entries(settings)?;
    NvsPartition { entries }
        .generate_partition(size)
        .map_err(storage)
}

/// Writes the same entries as ESP-IDF's `nvs_partition_gen.py` reads them, for a team that has entries of its own to add.
///
/// Source: ESP-IDF v5.5.5, `docs/en/api-reference/storage/nvs_partition_gen.rst`.
///
/// # Errors
///
/// - [`Error::ServerNotHttps`]: the server is not an https URL.
/// - [`Error::SettingInvalid`]: a text or key that is empty or longer than NVS takes, or a NUL in a text; more than 1000
///   authors or hosts; a network's name, password or country that is none.
/// - [`Error::Storage`]: never for what passed the checks above.
pub fn csv(settings: &Settings) -> Result<String, Error> {
    let entries = entries(settings)?;
    NvsPartition { entries }.to_csv().map_err(storage)
}

/// Looks for hosts that no device would go to: what is no name, and what it does not read any more.
///
/// # Errors
///
/// - [`Error::SettingInvalid`]: the first such host, by its key.
pub fn check_hosts(hosts: &[String]) -> Result<(), Error> {
    let good = |host: &str| {
        let url = format!("https://{host}/");
        !host.contains([':', '/', '?', '#'])
            && server_of(&url).is_some_and(|(name, _)| name == host)
    };
    let bad = hosts.iter().enumerate();
    let mut bad = bad.filter(|(index, host)| *index >= MAX_NUMBERED || !good(host));
    match bad.next() {
        Some((index, _)) => Err(Error::SettingInvalid {
            key: format!("{HOST}{index}"),
        }),
        None => Ok(()),
    }
}

fn entries(settings: &Settings) -> Result<Vec<NvsEntry>, Error> {
    let authority = settings.server.strip_prefix("https://");
    if authority.is_none_or(|rest| rest.is_empty() || rest.starts_with(['/', ':'])) {
        return Err(Error::ServerNotHttps);
    }
    let mut entries = vec![
        text_entry(SERVER, &settings.server)?,
        text_entry(PRODUCT, &settings.product)?,
        text_entry(DEVICE, &settings.device)?,
    ];
    for (index, author) in settings.authors.iter().enumerate() {
        let key = format!("{AUTHOR}{index}");
        if author.is_empty() || author.len() > MAX_VALUE || index > MAX_INDEX {
            return Err(Error::SettingInvalid { key });
        }
        entries.push(entry(key, DataValue::Binary(author.clone())));
    }
    for (index, host) in settings.allowed_hosts.iter().enumerate() {
        let key = format!("{HOST}{index}");
        if index > MAX_INDEX {
            return Err(Error::SettingInvalid { key });
        }
        entries.push(text_entry(&key, host)?);
    }
    if let Some(wifi) = &settings.wifi {
        entries.extend(wifi_entries(wifi)?);
    }
    Ok(entries)
}

/// What a radio would refuse is refused here, where somebody sees it.
fn wifi_entries(wifi: &Wifi) -> Result<Vec<NvsEntry>, Error> {
    let checked = |key: &str, value: &str, fits: bool| {
        if !fits {
            let key = key.to_owned();
            return Err(Error::SettingInvalid { key });
        }
        text_entry(key, value)
    };
    let mut entries = vec![checked(WIFI_SSID, &wifi.ssid, wifi.ssid.len() <= 32)?];
    if let Some(password) = &wifi.password {
        let fits = match password.len() {
            64 => password.bytes().all(|byte| byte.is_ascii_hexdigit()),
            len => (8..64).contains(&len),
        };
        entries.push(checked(WIFI_PASSWORD, password, fits)?);
    }
    if let Some(country) = &wifi.country {
        let letters = country.bytes().all(|byte| byte.is_ascii_uppercase());
        entries.push(checked(
            WIFI_COUNTRY,
            country,
            letters && country.len() == 2,
        )?);
    }
    Ok(entries)
}

/// Reads a partition; other namespaces and keys are not looked at.
///
/// # Errors
///
/// - [`Error::Storage`]: it is no NVS partition.
/// - [`Error::SettingMissing`]: no server, product or device.
/// - [`Error::SettingType`]: one of them, an author, a host or something about Wi-Fi has another type.
pub fn read(partition: &[u8]) -> Result<Settings, Error> {
    let parsed = NvsPartition::try_from_bytes(partition).map_err(storage)?;
    let find = |key: &str| {
        let ours = |entry: &&NvsEntry| entry.namespace == NAMESPACE && entry.key == key;
        parsed.entries.iter().find(ours).map(|entry| &entry.content)
    };
    let text = |key: &'static str| match find(key) {
        Some(content) => text_of(key, content),
        None => Err(Error::SettingMissing { key }),
    };
    let numbered = |prefix: &'static str| {
        (0..=MAX_INDEX)
            .map(move |index| format!("{prefix}{index}"))
            .map_while(move |key| find(&key).map(|content| (key, content)))
    };
    let author = |(key, content): (String, &EntryContent)| match content {
        EntryContent::Data(DataValue::Binary(bytes)) => Ok(bytes.clone()),
        _ => Err(Error::SettingType { key }),
    };
    let optional = |key: &'static str| find(key).map(|found| text_of(key, found)).transpose();
    let wifi = match optional(WIFI_SSID)? {
        None => None,
        Some(ssid) => Some(Wifi {
            ssid,
            password: optional(WIFI_PASSWORD)?.map(Zeroizing::new),
            country: optional(WIFI_COUNTRY)?,
        }),
    };
    Ok(Settings {
        wifi,
        server: text(SERVER)?,
        product: text(PRODUCT)?,
        device: text(DEVICE)?,
        authors: numbered(AUTHOR).map(author).collect::<Result<_, _>>()?,
        allowed_hosts: numbered(HOST)
            .map(|(key, content)| text_of(&key, content))
            .collect::<Result<_, _>>()?,
    })
}

fn text_of(key: &str, content: &EntryContent) -> Result<String, Error> {
    match content {
        EntryContent::Data(DataValue::String(text)) => Ok(text.clone()),
        _ => Err(Error::SettingType {
            key: key.to_owned(),
        }),
    }
}

fn text_entry(key: &str, value: &str) -> Result<NvsEntry, Error> {
    if value.is_empty() || value.len() > MAX_VALUE || value.contains('\0') {
        return Err(Error::SettingInvalid {
            key: key.to_owned(),
        });
    }
    Ok(entry(key.to_owned(), DataValue::String(value.to_owned())))
}

fn entry(key: String, value: DataValue) -> NvsEntry {
    NvsEntry::new_data(NAMESPACE.to_owned(), key, value)
}

fn storage(error: esp_nvs_partition_tool::Error) -> Error {
    Error::Storage {
        source: Cause::new(error),
    }
}

/// Key of [`Settings::server`].
pub const SERVER: &str = "server";
/// Key of [`Settings::product`].
pub const PRODUCT: &str = "product";
/// Key of [`Settings::device`].
pub const DEVICE: &str = "device";
/// Keys of [`Settings::authors`], without their number.
pub const AUTHOR: &str = "author";
/// Keys of [`Settings::allowed_hosts`], without their number.
pub const HOST: &str = "host";
/// Key of [`Wifi::ssid`].
pub const WIFI_SSID: &str = "wifi_ssid";
/// Key of [`Wifi::password`].
pub const WIFI_PASSWORD: &str = "wifi_password";
/// Key of [`Wifi::country`].
pub const WIFI_COUNTRY: &str = "wifi_country";

/// Longest text or blob: what fits one page of NVS, so that every reader and generator agrees on it.
const MAX_VALUE: usize = 3900;
/// Greatest number behind a key.
const MAX_INDEX: usize = 999;

#[cfg(test)]
mod tests;
