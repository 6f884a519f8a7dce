//! The releases, and the lines of releases that behave alike.

use std::{fmt, ops::RangeInclusive};

use countersign_trust::{IdfRelease, bundle::format_for};
use esp_formats::bundle::Format;

use super::quirk::{Quirk, Version};

/// One release of ESP-IDF, or the tip of a branch from which one will come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Release(Version);

impl Release {
    /// The release of a tag; `v6.0.3`, `v6.1` and `v6.2` are the tips of the branches that lead to them.
    pub(crate) fn named(tag: &str) -> Self {
        let idf: IdfRelease = tag.parse().unwrap();
        let release = Self((idf.major, idf.minor, idf.patch));
        assert!(all().any(|known| known == release), "no {tag}");
        release
    }

    /// Whether it behaves so.
    pub(crate) fn has(self, quirk: Quirk) -> bool {
        let holds = |(from, before): &(Version, Version)| (*from..*before).contains(&self.0);
        quirk.spans().iter().any(holds)
    }

    /// As `countersign_trust` has it, and `device enroll --idf`.
    pub(crate) fn idf(self) -> IdfRelease {
        IdfRelease::new(self.0.0, self.0.1, self.0.2)
    }

    /// How its trust bundle is written.
    pub(crate) fn bundle_format(self) -> Format {
        format_for(self.idf())
    }

    /// How many bytes of the image it reads before it writes any (`IMAGE_HEADER_SIZE`).
    pub(crate) fn image_head(self) -> usize {
        if self.has(Quirk::ShortHead) {
            289
        } else {
            1024
        }
    }

    fn quirks(self) -> Vec<Quirk> {
        let mut quirks = Quirk::ALL.to_vec();
        quirks.retain(|quirk| self.has(*quirk));
        quirks
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            (6, 0, 3) => f.write_str("branch v6.0"),
            (6, 1, 0) => f.write_str("branch v6.1"),
            (6, 2, 0) => f.write_str("master"),
            (major, minor, 0) => write!(f, "v{major}.{minor}"),
            (major, minor, patch) => write!(f, "v{major}.{minor}.{patch}"),
        }
    }
}

/// Releases that follow each other and behave alike.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// The first of them.
    pub(crate) first: Release,
    /// The last of them.
    pub(crate) last: Release,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first)?;
        if self.first == self.last {
            return Ok(());
        }
        write!(f, " to {}", self.last)
    }
}

/// All releases in lines; a line ends with its minor release at the latest.
pub(crate) fn lines() -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for release in all() {
        match lines.last_mut() {
            Some(line)
                if (line.last.0.0, line.last.0.1) == (release.0.0, release.0.1)
                    && line.last.quirks() == release.quirks() =>
            {
                line.last = release;
            }
            _ => lines.push(Line {
                first: release,
                last: release,
            }),
        }
    }
    lines
}

/// Of each quirk the releases that have it, in words.
pub(crate) fn releases_with(quirk: Quirk) -> String {
    let mut runs: Vec<Line> = Vec::new();
    let mut before = None;
    for release in all() {
        if release.has(quirk) {
            match runs.last_mut() {
                Some(run) if before == Some(run.last) => run.last = release,
                _ => runs.push(Line {
                    first: release,
                    last: release,
                }),
            }
        }
        before = Some(release);
    }
    let texts: Vec<String> = runs.iter().map(ToString::to_string).collect();
    texts.join(", ")
}

fn all() -> impl Iterator<Item = Release> {
    let patches = |(major, minor, patches): &(u16, u16, RangeInclusive<u16>)| {
        let (major, minor) = (*major, *minor);
        patches
            .clone()
            .map(move |patch| Release((major, minor, patch)))
    };
    RELEASES.iter().flat_map(patches)
}

/// All tags from v4.2 to July 2026, and three tips of branches from then as what will follow: release/v6.0, release/v6.1
/// and master.
const RELEASES: [(u16, u16, RangeInclusive<u16>); 12] = [
    (4, 2, 0..=5),
    (4, 3, 0..=7),
    (4, 4, 0..=8),
    (5, 0, 0..=9),
    (5, 1, 0..=7),
    (5, 2, 0..=7),
    (5, 3, 0..=5),
    (5, 4, 0..=4),
    (5, 5, 0..=5),
    (6, 0, 0..=3),
    (6, 1, 0..=0),
    (6, 2, 0..=0),
];
