//! The settings in NVS: namespace `countersign`, keys as `countersign device enroll` writes them.
//!
//! | key                  | type   | meaning                                                                     |
//! |----------------------|--------|-----------------------------------------------------------------------------|
//! | `server`             | string | https URL of the device plane                                               |
//! | `product`, `device`  | string | the product's and the device's name                                         |
//! | `author0` …          | blob   | `SubjectPublicKeyInfo` (DER) of each author, eight at most                   |
//! | `host0` …            | string | each host that images may come from, eight at most                           |
//! | `wifi_ssid`          | string | the network's name, 1 to 32 bytes                                            |
//! | `wifi_password`      | string | its password for WPA2, 8 to 64 bytes; without it the network is an open one  |
//! | `wifi_country`       | string | two letters (ISO 3166-1) that say which channels may be used; else `CN`       |

use alloc::{format, vec::Vec};

use countersign_mbedtls_link::Identity;
use countersign_node::settings::server_of;
use esp_formats::{bundle::Bundle, nvs::Nvs};

use super::{NVS, Provisioned, Wifi, keep, keep_all, keep_text};
use crate::fault::Fault;

/// Reads all settings.
pub(super) fn read(
    nvs: &Nvs<'_>,
    identity: Identity<'static>,
    servers: Bundle<'static>,
) -> Result<Provisioned, Fault> {
    let text = |key| nvs.text(NAMESPACE, key).map_err(fault);
    let needed = |key| text(key)?.ok_or(Fault::MissingSetting(key));
    let (server_host, server_port) =
        server_of(needed("server")?).ok_or(Fault::Setting("server"))?;

    let mut authors = Vec::new();
    let mut stores = Vec::new();
    for number in 0..MAX_NUMBERED {
        let mut room = [0; MAX_KEY];
        let author = nvs.blob(NAMESPACE, &format!("author{number}"), &mut room);
        authors.extend(author.map_err(fault)?.map(keep));
        let store = nvs.text(NAMESPACE, &format!("host{number}"));
        stores.extend(store.map_err(fault)?.map(keep_text));
    }
    let country = match text("wifi_country")? {
        None => None,
        Some(letters) => {
            let letters: Option<[u8; 2]> = letters.as_bytes().try_into().ok();
            Some(letters.ok_or(Fault::Setting("wifi_country"))?)
        }
    };
    Ok(Provisioned {
        device: keep_text(needed("device")?),
        server_host: keep_text(server_host),
        server_port,
        product: keep_text(needed("product")?),
        authors: keep_all(authors),
        stores: keep_all(stores),
        identity,
        servers,
        wifi: Wifi {
            ssid: needed("wifi_ssid")?.into(),
            password: text("wifi_password")?.map(Into::into),
            country,
        },
    })
}

fn fault(source: esp_formats::Error) -> Fault {
    Fault::Partition {
        label: NVS,
        what: "settings that can be read",
        source,
    }
}

/// The namespace of all keys.
const NAMESPACE: &str = "countersign";

/// Authors, and hosts, at most. Stops a partition from taking all of the heap.
const MAX_NUMBERED: u8 = 8;

/// An author's key at most, in bytes: P-256 takes 91.
const MAX_KEY: usize = 128;
