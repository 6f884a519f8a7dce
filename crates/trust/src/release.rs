//! Releases of ESP-IDF, and what differs between them for a server.

mod mbedtls;

use std::{fmt, str::FromStr};

use esp_formats::bundle::LoadChecks;

pub use mbedtls::MbedTls;

/// A release of ESP-IDF, older first.
///
/// A pre-release or a build between releases (`v5.5-rc1`, `v5.4-dev-2194-g…`) counts as the release
/// that it leads to.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct IdfRelease {
    /// 5 in v5.4.2.
    pub major: u16,
    /// 4 in v5.4.2.
    pub minor: u16,
    /// 2 in v5.4.2.
    pub patch: u16,
}

/// The text names no release, as where ESP-IDF was built from a bare commit.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` names no release of ESP-IDF; such as v5.5.1 is wanted")]
pub struct NotARelease(pub String);

impl IdfRelease {
    /// The release `major.minor.patch`.
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self {
            major,
            minor,
            patch,
        }
    }

    /// Whether its `esp_https_ota` tells 304 from other answers (`ESP_ERR_HTTP_NOT_MODIFIED`).
    ///
    /// Before v5.5 a 304 is an error like any other (`components/esp_https_ota/src/esp_https_ota.c`).
    pub fn understands_not_modified(self) -> bool {
        self >= Self::new(5, 5, 0)
    }

    /// Whether its `esp_https_ota` takes a status of 400 and above for an error, 404 at least.
    ///
    /// v4.2 looks at none: its one-call form erases the slot and writes the error's text into it
    /// (`components/esp_https_ota/src/esp_https_ota.c`, `_http_handle_response_code`).
    pub fn understands_not_found(self) -> bool {
        self >= Self::new(4, 3, 0)
    }

    /// What it looks at before it uses a bundle, where its build takes so many roots:
    /// [`DEFAULT_MAX_ENTRIES`](esp_formats::bundle::DEFAULT_MAX_ENTRIES), unless that says otherwise.
    pub const fn load_checks(self, max_entries: usize) -> LoadChecks {
        LoadChecks::of_release(self.major, self.minor, self.patch, max_entries)
    }

    /// The statuses that its `esp_http_client` follows to another address.
    ///
    /// 301, 302 and 307 always; 303 and 308 since v4.3.3, v4.4.2 and v5.0
    /// (`components/esp_http_client/esp_http_client.c`).
    pub fn redirect_codes(self) -> &'static [u16] {
        let since = match (self.major, self.minor) {
            (4, 3) => Self::new(4, 3, 3),
            _ => Self::new(4, 4, 2),
        };
        if self >= since {
            return &[301, 302, 303, 307, 308];
        }
        &[301, 302, 307]
    }
}

/// Its numbers; of a branch, those of the release that it leads to.
impl From<&countersign_roots::Release> for IdfRelease {
    fn from(release: &countersign_roots::Release) -> Self {
        let [major, minor, patch] = release.numbers();
        Self::new(major, minor, patch)
    }
}

/// Reads `v5.5.1`, `5.4`, `v5.3.2-dirty`, `v6.0-beta1`: `IDF_VER`, as the app descriptor has it.
impl FromStr for IdfRelease {
    type Err = NotARelease;

    fn from_str(text: &str) -> Result<Self, NotARelease> {
        let read = || {
            let bare = text.strip_prefix('v').unwrap_or(text);
            let (numbers, _) = bare.split_once('-').unwrap_or((bare, ""));
            let mut numbers = numbers.split('.');
            let release = Self {
                major: number(numbers.next()?)?,
                minor: number(numbers.next()?)?,
                patch: numbers.next().map_or(Some(0), number)?,
            };
            numbers.next().is_none().then_some(release)
        };
        read().ok_or_else(|| NotARelease(text.to_owned()))
    }
}

impl fmt::Display for IdfRelease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}.{}", self.major, self.minor)?;
        if self.patch == 0 {
            return Ok(());
        }
        write!(f, ".{}", self.patch)
    }
}

/// Digits only: `parse` alone would take a sign.
fn number(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|c| c.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(text: &str) -> IdfRelease {
        text.parse().unwrap()
    }

    #[test]
    fn every_spelling_of_a_release_is_read() {
        for (text, major, minor, patch, shown) in [
            ("v5.5.1", 5, 5, 1, "v5.5.1"),
            ("5.4", 5, 4, 0, "v5.4"),
            ("v5.3.2-dirty", 5, 3, 2, "v5.3.2"),
            ("v6.0-beta1", 6, 0, 0, "v6.0"),
            ("v5.4-dev-2194-g1a2b3c4d5e-dirty", 5, 4, 0, "v5.4"),
            ("v4.4.10", 4, 4, 10, "v4.4.10"),
        ] {
            assert_eq!(release(text), IdfRelease::new(major, minor, patch));
            assert_eq!(release(text).to_string(), shown);
        }
        for bad in [
            "",
            "v",
            "v5",
            "v5.",
            "5.5.1.1",
            "v5.x",
            "v5.5.",
            "v+5.5",
            "1a2b3c4",
            "v5.70000",
            "HEAD-HASH-NOTFOUND",
            "v5.5 ",
        ] {
            bad.parse::<IdfRelease>().unwrap_err();
        }
        assert!(release("v4.4.10") > release("v4.4.9"));
    }

    #[test]
    fn releases_differ_where_esp_idf_says_so() {
        for (text, not_modified, redirects) in [
            ("v4.2.5", false, 3),
            ("v4.3.2", false, 3),
            ("v4.3.3", false, 5),
            ("v4.4.1", false, 3),
            ("v4.4.2", false, 5),
            ("v5.0", false, 5),
            ("v5.4.4", false, 5),
            ("v5.5", true, 5),
            ("v6.0", true, 5),
        ] {
            let release = release(text);
            assert_eq!(release.understands_not_modified(), not_modified, "{text}");
            assert_eq!(release.redirect_codes().len(), redirects, "{text}");
        }
        for (text, understands) in [("v4.2", false), ("v4.2.5", false), ("v4.3", true)] {
            assert_eq!(release(text).understands_not_found(), understands, "{text}");
        }
    }
}
