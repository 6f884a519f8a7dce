//! What a device prints of a failed handshake, to find again in its log.

use super::{DeviceLog, SSL_CA_CHAIN_REQUIRED};
use crate::{IdfRelease, mbedtls::flags};

/// How the look-up in the bundle ended that refused a chain.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Searched {
    /// It met no root of the issuer's name.
    InVain,
    /// It met one, under whose key the signature is not good, or cannot be checked.
    OtherKey,
}

impl DeviceLog {
    /// The lines that tell this refusal from others, in their order, without level and time: `TAG: text`. Those of the level
    /// debug are not among them. None where the chain is accepted, or cannot even be read.
    ///
    /// | line                                                               | printed by                 |
    /// |--------------------------------------------------------------------|----------------------------|
    /// | `No matching trusted root certificate found`                       | v5.4 and later             |
    /// | `Certificate matched but signature verification failed`            | v5.4 and later             |
    /// | `Failed to verify certificate`, `Failed to attach bundle`          | all                        |
    /// | `mbedtls_ssl_handshake returned -0x7a00`                           | all; `-0x7A00` since v4.4  |
    /// | `Failed to verify peer certificate!`                               | v5.2 and later             |
    ///
    /// Source: ESP-IDF at its tags from v4.2 to v6.0.2, `components/mbedtls/esp_crt_bundle/esp_crt_bundle.c` and
    /// `components/esp-tls/esp_tls_mbedtls.c`.
    pub fn lines(&self, release: IdfRelease) -> Vec<String> {
        let Some(code) = self.code else {
            return Vec::new();
        };
        let mut lines = Vec::new();
        let mut bundle = |text: &str| lines.push(format!("esp-x509-crt-bundle: {text}"));
        if let Some(searched) = self.searched {
            if release >= IdfRelease::new(5, 4, 0) {
                bundle(match searched {
                    Searched::InVain => "No matching trusted root certificate found",
                    Searched::OtherKey => "Certificate matched but signature verification failed",
                });
            }
            bundle("Failed to verify certificate");
        }
        if code == SSL_CA_CHAIN_REQUIRED {
            bundle("Failed to attach bundle");
        }
        let code = code.unsigned_abs();
        let code = if release >= IdfRelease::new(4, 4, 0) {
            format!("{code:04X}")
        } else {
            format!("{code:x}")
        };
        lines.push(format!(
            "esp-tls-mbedtls: mbedtls_ssl_handshake returned -0x{code}"
        ));
        if self.flags != 0 && release >= IdfRelease::new(5, 2, 0) {
            lines.push("esp-tls-mbedtls: Failed to verify peer certificate!".to_owned());
        }
        lines
    }

    /// The names of the flags that are set, in mbedTLS without their `MBEDTLS_X509_BADCERT_`; none where all are, since the
    /// verification was cut off.
    pub fn flag_names(&self) -> Vec<&'static str> {
        if self.flags == flags::FATAL {
            return Vec::new();
        }
        let is_set = |(flag, _): &&(u32, &str)| self.flags & flag != 0;
        NAMES.iter().filter(is_set).map(|(_, name)| *name).collect()
    }
}

const NAMES: [(u32, &str); 8] = [
    (flags::EXPIRED, "EXPIRED"),
    (flags::CN_MISMATCH, "CN_MISMATCH"),
    (flags::NOT_TRUSTED, "NOT_TRUSTED"),
    (flags::FUTURE, "FUTURE"),
    (flags::KEY_USAGE, "KEY_USAGE"),
    (flags::EXT_KEY_USAGE, "EXT_KEY_USAGE"),
    (flags::BAD_MD, "BAD_MD"),
    (flags::BAD_KEY, "BAD_KEY"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_says_it_in_its_own_words() {
        let said = |log: DeviceLog, release: &str| log.lines(release.parse().unwrap());
        let in_vain = DeviceLog {
            searched: Some(Searched::InVain),
            ..DeviceLog::fatal()
        };
        let [bundle, old, new] = [
            "esp-x509-crt-bundle: Failed to verify certificate",
            "esp-x509-crt-bundle: No matching trusted root certificate found",
            "esp-tls-mbedtls: mbedtls_ssl_handshake returned -0x3000",
        ];
        let peer = "esp-tls-mbedtls: Failed to verify peer certificate!";
        assert_eq!(said(in_vain, "v4.2"), [bundle, new]);
        assert_eq!(said(in_vain, "v5.3.5"), [bundle, new, peer]);
        assert_eq!(said(in_vain, "v5.4"), [old, bundle, new, peer]);
        assert_eq!(in_vain.flag_names(), [""; 0]);

        let mut usage = DeviceLog::default();
        usage.add(flags::EXT_KEY_USAGE);
        let handshake = "esp-tls-mbedtls: mbedtls_ssl_handshake returned -0x7";
        assert_eq!(said(usage, "v4.3.7"), [format!("{handshake}a00")]);
        assert_eq!(said(usage, "v5.1"), [format!("{handshake}A00")]);
        assert_eq!(usage.flag_names(), ["EXT_KEY_USAGE"]);
        assert_eq!(said(DeviceLog::default(), "v5.5"), [""; 0]);
    }
}
