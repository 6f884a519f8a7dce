//! What a device is told once, when it is made.

use countersign_protocol::{Author, UnixTime};

use crate::{Error, SECTOR, address::host_and_port};

/// What a device is told once, when it is made or built. None of it can switch a check off.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// The device plane's host name.
    pub server_host: &'a str,
    /// The device plane's port.
    pub server_port: u16,
    /// The product that the device was made as, 1 to 32 bytes.
    pub product: &'a str,
    /// The authors whose releases the device takes. With none it takes nothing.
    pub authors: &'a [Author<'a>],
    /// Hosts other than the server's that images may come from, by their full names.
    pub stores: &'a [&'a str],
    /// What signatures of the image itself are demanded, where the product has Secure Boot v2 or signed apps; `None` where the
    /// manifest's alone counts.
    pub secure_boot: Option<SecureBoot<'a>>,
    /// The least secure version that the chip boots: what `esp_efuse_read_secure_version` gives, 0 where the product has no
    /// anti-rollback. Releases below it, or below the running app's own, are refused.
    pub secure_version: u32,
    /// When the running firmware was built: it is later than that now.
    pub built: UnixTime,
    /// The OTA slot that runs, from 0, as the boot loader mapped it; `None` for the factory app.
    pub running_slot: Option<u8>,
    /// Whether the boot loader was built with `CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE`.
    pub rollback: bool,
    /// Where the partition table is in flash (`CONFIG_PARTITION_TABLE_OFFSET`), in bytes.
    pub partition_table: u32,
    /// How long and how often.
    pub pace: Pace,
}

/// Who must have signed an image besides its author's manifest, so that a chip with Secure Boot v2 will boot it, or an app
/// with `CONFIG_SECURE_SIGNED_APPS_NO_SECURE_BOOT` may take it.
///
/// The check comes before the slot is selected: an image that the boot loader would turn down costs no reset.
#[derive(Clone, Copy, Debug)]
pub struct SecureBoot<'a> {
    /// The kind of signature that the chip was configured for; blocks of others do not count.
    pub scheme: Scheme,
    /// SHA-256 of each public key that is trusted and not revoked, as `espsecure digest-sbv2-public-key` writes it and eFuse
    /// holds it. (ESP32-C2 holds the first 16 bytes; here all 32 are needed.)
    pub keys: &'a [[u8; 32]],
    /// Which of an image's signature blocks count.
    pub blocks: Blocks,
}

/// A kind of signature that the node can ask for. P-192 and P-384 are not among them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Scheme {
    /// RSASSA-PSS of 3072 bits with SHA-256: needs [`Crypto::rsa3072_pss_verify`](crate::Crypto::rsa3072_pss_verify).
    Rsa3072,
    /// ECDSA on P-256 with SHA-256: needs [`Crypto::p256_verify`](crate::Crypto::p256_verify).
    EcdsaP256,
}

/// Which signature blocks of an image count, of three at most.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Blocks {
    /// Any: as a chip with Secure Boot v2 does, which has the digests of its keys in eFuse.
    Any,
    /// The first alone: as an app does that verifies updates without Secure Boot in hardware (ESP-IDF v5.5.5,
    /// `components/bootloader_support/src/secure_boot_v2/secure_boot_signatures_app.c`).
    First,
}

/// How long the node waits and how often it tries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Pace {
    /// The shortest time between two check-ins, whatever a server says, in seconds. Stops a server's mistake from
    /// becoming a storm.
    pub check_in_min_s: u32,
    /// The longest time between two check-ins, whatever a server says, in seconds. Stops a server's mistake from
    /// silencing a device.
    pub check_in_max_s: u32,
    /// Bytes asked for by one range request, a multiple of 4096. One request costs one round trip on a connection that
    /// stays open, so that 64 KiB keep a link of 100 ms busy above 500 KiB/s, and a progress record is written as
    /// often. Less is of no use to memory: a body is taken by sectors of 4 KiB however long it is.
    pub range: u32,
    /// Connections in a row that may fail without a sector gained.
    pub retries: u32,
    /// The longest that one update may take before it is put off, in seconds. Ends a server that is slow, and not too
    /// slow for `sector_limit_s`.
    pub download_limit_s: u32,
    /// The longest that a sector of 4096 bytes may take to come, and the head of an answer, in seconds; then the
    /// connection counts as lost. Ends a server that sends drop by drop long before `download_limit_s` would: what
    /// the default admits, 68 bytes a second, is 1 MiB in four hours.
    pub sector_limit_s: u32,
    /// Downloads that may begin at the first sector; one more every three hours. Stops a server that never lets an
    /// image be finished, or has another each time, from wearing the flash out: eight a day are 34 years for the
    /// 100,000 times that a sector can be erased. Kept in memory, so that a reset forgets it.
    pub begins: u32,
    /// How long an image on its first boot has for its first successful check-in, in seconds, before the node asks for
    /// the reset that lets the boot loader go back.
    pub self_test_s: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            check_in_min_s: 30,
            check_in_max_s: 7 * 24 * 3600,
            range: 64 * 1024,
            retries: 8,
            download_limit_s: 4 * 3600,
            sector_limit_s: 60,
            begins: 8,
            self_test_s: 15 * 60,
        }
    }
}

/// The host and port of the server's `https` URL, as the settings in a device's flash have it; nothing else of it is used.
pub fn server_of(url: &str) -> Option<(&str, u16)> {
    let rest = url.strip_prefix("https://")?;
    host_and_port(rest.split(['/', '?', '#']).next()?)
}

impl Settings<'_> {
    /// Looks for values that would make the node stall or fail later.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let pace = &self.pace;
        let whole = u32::try_from(SECTOR)
            .is_ok_and(|sector| pace.range >= sector && pace.range.checked_rem(sector) == Some(0));
        let named = |text: &str, most: usize| !text.is_empty() && text.len() <= most;
        match () {
            () if !named(self.server_host, MAX_HOST) => Err(Error::Setting("server_host")),
            () if !named(self.product, 32) => Err(Error::Setting("product")),
            () if self
                .secure_boot
                .is_some_and(|wanted| wanted.keys.is_empty()) =>
            {
                Err(Error::Setting("secure_boot.keys"))
            }
            () if !whole => Err(Error::Setting("pace.range")),
            () if pace.check_in_min_s > pace.check_in_max_s => {
                Err(Error::Setting("pace.check_in_min_s"))
            }
            () => Ok(()),
        }
    }
}

/// The longest host name (RFC 1035 §2.3.4 leaves 253 characters).
pub(crate) const MAX_HOST: usize = 253;

#[cfg(test)]
mod tests {
    use super::server_of;

    #[test]
    fn a_server_is_a_host_and_a_port() {
        for (url, server) in [
            ("https://ota.example.com", Some(("ota.example.com", 443))),
            (
                "https://ota.example.com:8443/",
                Some(("ota.example.com", 8443)),
            ),
            ("https://127.0.0.1:1?x", Some(("127.0.0.1", 1))),
            ("http://ota.example.com", None),
            ("https://", None),
            ("https://:8443", None),
            ("https://ota.example.com:65536", None),
            ("https://ota.example.com:0", None),
            ("https://ota.example.com:+443", None),
            ("https://someone@ota.example.com", None),
        ] {
            assert_eq!(server_of(url), server, "{url}");
        }
    }
}
