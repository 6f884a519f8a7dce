//! Releases of ESP-IDF, as far as their bundles of roots differ.

mod bundle;
mod list;
mod set;

pub use bundle::{BundleSettings, DefaultList};
pub use set::ReleaseSet;

use std::fmt;

use esp_formats::bundle::Format;

use crate::Date;
use list::RELEASES;

/// A release of ESP-IDF whose lists are known, or the branch of one that is to come.
#[derive(Debug, Eq, PartialEq)]
pub struct Release {
    name: &'static str,
    /// Major, minor, patch; of a branch, what it leads to.
    numbers: [u16; 3],
    branch: bool,
    mozilla: Date,
    cross_signed: CrossSigned,
}

/// Whether a bundle can vouch for a chain whose last certificate is signed by a root that it lacks,
/// while an earlier one is signed by a root that it has.
#[doc(alias = "CONFIG_MBEDTLS_CERTIFICATE_BUNDLE_CROSS_SIGNED_VERIFY")]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CrossSigned {
    /// It cannot.
    Absent,
    /// It can, where the build says so.
    OffByDefault,
    /// It can, unless the build says no.
    OnByDefault,
}

impl Release {
    /// All that are known, oldest first, branches last.
    pub fn all() -> &'static [Self] {
        RELEASES
    }

    /// Finds a release by its tag, with or without the `v`, or a branch by its name: `v5.5.1`, `5.4`,
    /// `release/v6.1`, `master`.
    pub fn find(text: &str) -> Option<&'static Self> {
        let bare = text.strip_prefix('v').unwrap_or(text);
        RELEASES
            .iter()
            .find(|release| release.name == text || release.name.strip_prefix('v') == Some(bare))
    }

    /// Finds a release by its numbers.
    pub fn of(major: u16, minor: u16, patch: u16) -> Option<&'static Self> {
        RELEASES
            .iter()
            .find(|release| !release.branch && release.numbers == [major, minor, patch])
    }

    /// The newest known patch of a minor release: what to take for a patch that is not known yet.
    pub fn newest_of(major: u16, minor: u16) -> Option<&'static Self> {
        RELEASES
            .iter()
            .rfind(|release| !release.branch && release.numbers[..2] == [major, minor])
    }

    /// Its tag, or the branch: `v5.5.1`, `master`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Its major, minor and patch number; of a branch, those of what it leads to.
    pub fn numbers(&self) -> [u16; 3] {
        self.numbers
    }

    /// Whether it is a branch, read on [`ESP_IDF_DATE`](crate::ESP_IDF_DATE), and may have moved.
    pub fn is_branch(&self) -> bool {
        self.branch
    }

    /// The date of Mozilla's data that its full list was made of.
    pub fn mozilla_date(&self) -> Date {
        self.mozilla
    }

    /// How it reads a bundle.
    pub fn bundle_format(&self) -> Format {
        Format::of_release(self.numbers[0], self.numbers[1])
    }

    /// Whether a build can add roots that Mozilla dropped (`cacrt_deprecated.pem`); since v5.3.
    #[doc(alias = "CONFIG_MBEDTLS_CERTIFICATE_BUNDLE_DEPRECATED_LIST")]
    pub fn has_deprecated_list(&self) -> bool {
        self.numbers >= [5, 3, 0]
    }

    /// Whether it verifies chains that are signed across; since v6.0.
    pub fn cross_signed(&self) -> CrossSigned {
        self.cross_signed
    }

    /// Its place among all.
    fn index(&self) -> Option<usize> {
        RELEASES.iter().position(|release| release == self)
    }
}

/// The name.
impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
mod tests;
