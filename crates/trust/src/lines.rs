//! The lines of ESP-IDF's releases: all that differ in whom they believe by default.

use std::{fmt, sync::LazyLock};

use countersign_roots::{BundleSettings, CrossSigned, DefaultList, Release, Root};
use esp_formats::bundle::{DEFAULT_MAX_ENTRIES, LoadChecks};

use crate::{IdfRelease, MbedTls, mbedtls::Rules};

/// Patches of one minor release that follow each other and believe the same.
///
/// They have the same rules, the same two default bundles, and look a bundle over in the same way. What
/// a branch does may change: it was read on [`ESP_IDF_DATE`](countersign_roots::ESP_IDF_DATE).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Line {
    first: &'static Release,
    last: &'static Release,
}

/// All lines from v4.2 on, oldest first, branches last.
pub fn lines() -> &'static [Line] {
    &LINES
}

impl Line {
    /// The line that a release belongs to; that of the newest patch before it where it is not known itself.
    pub fn of(release: IdfRelease) -> Option<&'static Self> {
        let minor = |line: &&Self| {
            let of_line = line.release();
            (of_line.major, of_line.minor) == (release.major, release.minor)
        };
        let begun = |line: &&Self| IdfRelease::from(line.first) <= release;
        LINES.iter().filter(minor).rfind(begun)
    }

    /// Its newest release, which stands for it.
    pub fn release(&self) -> IdfRelease {
        self.last.into()
    }

    /// Its newest release, with its roots.
    pub const fn newest(&self) -> &'static Release {
        self.last
    }

    /// Its oldest release.
    pub const fn oldest(&self) -> &'static Release {
        self.first
    }

    /// The mbedTLS of its newest release.
    pub fn mbedtls(&self) -> MbedTls {
        self.release().mbedtls()
    }

    /// Whether a build that says nothing verifies across signatures.
    pub fn cross_signed(&self) -> bool {
        self.last.cross_signed() == CrossSigned::OnByDefault
    }

    /// Whether a build can be told to verify across signatures.
    pub fn can_be_cross_signed(&self) -> bool {
        self.last.cross_signed() != CrossSigned::Absent
    }

    /// The bundle that a build has by itself: with this list, and verifying across signatures or not.
    ///
    /// # Errors
    /// [`ErrorKind::EmptyBundle`](esp_formats::ErrorKind::EmptyBundle) for [`DefaultList::None`].
    pub fn bundle(
        &self,
        list: DefaultList,
        cross_signed: bool,
    ) -> Result<Vec<u8>, esp_formats::Error> {
        self.last.bundle(BundleSettings {
            list,
            deprecated: false,
            cross_signed,
        })
    }

    /// The mbedTLS that the engine's verdicts were held against for releases like these, if one was: 2.28 and
    /// 3.6, and for 3.2 to 3.5 the latter, from which they differ in what the rules say.
    pub fn oracle(&self) -> Option<&'static str> {
        match self.mbedtls() {
            MbedTls {
                major: 2,
                minor: 28,
                ..
            } => Some("mbedTLS 2.28"),
            MbedTls { major: 3, .. } => Some("mbedTLS 3.6"),
            _ => None,
        }
    }

    /// What makes releases believe differently.
    fn key(release: &'static Release) -> (Rules, LoadChecks, [Vec<&'static Root>; 2]) {
        let numbers = IdfRelease::from(release);
        let roots = [DefaultList::Full, DefaultList::Common].map(|list| {
            let settings = BundleSettings {
                list,
                ..release.settings()
            };
            release.roots(settings).collect()
        });
        (
            // Nobody has a certificate that these would tell apart.
            Rules {
                empty_bits: false,
                compressed_points: false,
                ..Rules::of(numbers)
            },
            numbers.load_checks(DEFAULT_MAX_ENTRIES),
            roots,
        )
    }
}

/// `v4.2.3 to v4.2.5`, `v5.4`, `master`.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            return self.last.fmt(f);
        }
        write!(f, "{} to {}", self.first, self.last)
    }
}

fn assemble() -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for release in Release::all() {
        let [major, minor, _] = release.numbers();
        if let Some(line) = lines.last_mut() {
            let [line_major, line_minor, _] = line.last.numbers();
            let same_minor = (line_major, line_minor) == (major, minor)
                && line.last.is_branch() == release.is_branch();
            if same_minor && Line::key(line.last) == Line::key(release) {
                line.last = release;
                continue;
            }
        }
        lines.push(Line {
            first: release,
            last: release,
        });
    }
    lines
}

static LINES: LazyLock<Vec<Line>> = LazyLock::new(assemble);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_believes_the_same() {
        let shown: Vec<String> = lines().iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "v4.2",
                "v4.2.1 to v4.2.2",
                "v4.2.3 to v4.2.5",
                "v4.3 to v4.3.1",
                "v4.3.2",
                "v4.3.3",
                "v4.3.4 to v4.3.7",
                "v4.4",
                "v4.4.1",
                "v4.4.2 to v4.4.8",
                "v5.0 to v5.0.4",
                "v5.0.5 to v5.0.9",
                "v5.1 to v5.1.1",
                "v5.1.2 to v5.1.6",
                "v5.1.7",
                "v5.2 to v5.2.5",
                "v5.2.6 to v5.2.7",
                "v5.3 to v5.3.2",
                "v5.3.3 to v5.3.5",
                "v5.4",
                "v5.4.1 to v5.4.4",
                "v5.5 to v5.5.5",
                "v6.0 to v6.0.2",
                "release/v6.1",
                "master",
            ]
        );
    }

    #[test]
    fn every_release_has_its_line() {
        let of = |text: &str| {
            let line = Line::of(text.parse().unwrap());
            line.map(ToString::to_string)
        };
        for (release, line) in [
            ("v4.2.4", Some("v4.2.3 to v4.2.5")),
            ("v5.5.1", Some("v5.5 to v5.5.5")),
            // A patch that is not known yet is taken for the newest that is.
            ("v5.4.9", Some("v5.4.1 to v5.4.4")),
            ("v6.1", Some("release/v6.1")),
            ("v4.1", None),
            ("v9.0", None),
        ] {
            assert_eq!(of(release).as_deref(), line, "{release}");
        }
    }
}
