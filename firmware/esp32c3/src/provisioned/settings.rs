//! The Wi-Fi network in NVS, beside the settings that every device of ours has ([`countersign_node::provisioned`]).
//!
//! | key             | type   | meaning                                                                     |
//! |-----------------|--------|-----------------------------------------------------------------------------|
//! | `wifi_ssid`     | string | the network's name, 1 to 32 bytes                                            |
//! | `wifi_password` | string | its password for WPA2, 8 to 64 bytes; without it the network is an open one  |
//! | `wifi_country`  | string | two letters (ISO 3166-1) that say which channels may be used; else `CN`       |

use countersign_node::provisioned::{NAMESPACE, NVS, Unfit};
use esp_formats::nvs::Nvs;

use super::Wifi;
use crate::fault::Fault;

/// Reads the network out of the partition [`NVS`].
pub(super) fn wifi(partition: &[u8]) -> Result<Wifi, Fault> {
    let damaged = |what| move |source| Unfit::Damaged { what, source };
    let nvs = Nvs::parse(partition).map_err(damaged(NVS))?;
    let text = |key| nvs.text(NAMESPACE, key).map_err(damaged(key));
    let country = match text("wifi_country")? {
        None => None,
        Some(letters) => {
            let letters: Option<[u8; 2]> = letters.as_bytes().try_into().ok();
            Some(letters.ok_or(Fault::Setting("wifi_country"))?)
        }
    };
    Ok(Wifi {
        ssid: text("wifi_ssid")?
            .ok_or(Unfit::Missing("wifi_ssid"))?
            .into(),
        password: text("wifi_password")?.map(Into::into),
        country,
    })
}
