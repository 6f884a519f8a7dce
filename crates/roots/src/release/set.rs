//! Sets of releases, as `data/roots.csv` writes them.

use std::fmt;

use super::{RELEASES, Release};

/// Some of the known releases.
///
/// As text: ranges by the order of [`Release::all`], both ends included, with a blank between them, such as
/// `v4.2..v4.3.3 v4.4..v4.4.1 master`. A release that is added within a range is thereby in it.
#[derive(Clone, Copy, Default, Eq, Hash, PartialEq)]
pub struct ReleaseSet(u128);

impl ReleaseSet {
    /// Reads the text form; nothing where an end is no known release, or a range runs backwards.
    pub fn parse(text: &str) -> Option<Self> {
        let mut set = 0;
        for range in text.split_ascii_whitespace() {
            let (first, last) = range.split_once("..").unwrap_or((range, range));
            let (first, last) = (position(first)?, position(last)?);
            if last < first {
                return None;
            }
            for index in first..=last {
                set |= bit(index);
            }
        }
        Some(Self(set))
    }

    /// Whether this release is in it.
    pub fn contains(self, release: &Release) -> bool {
        release
            .index()
            .is_some_and(|index| self.0 & bit(index) != 0)
    }

    /// Whether no release is in it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its releases, oldest first.
    pub fn iter(self) -> impl Iterator<Item = &'static Release> {
        let places = RELEASES.iter().enumerate();
        places.filter_map(move |(index, release)| (self.0 & bit(index) != 0).then_some(release))
    }
}

/// The releases that are in either.
impl std::ops::BitOr for ReleaseSet {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl<'a> FromIterator<&'a Release> for ReleaseSet {
    fn from_iter<I: IntoIterator<Item = &'a Release>>(releases: I) -> Self {
        let indices = releases.into_iter().filter_map(Release::index);
        Self(indices.fold(0, |set, index| set | bit(index)))
    }
}

/// The text form.
impl fmt::Display for ReleaseSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for index in (0..RELEASES.len()).filter(|&index| self.0 & bit(index) != 0) {
            match runs.last_mut() {
                Some((_, last)) if *last + 1 == index => *last = index,
                _ => runs.push((index, index)),
            }
        }
        for (place, &(first, last)) in runs.iter().enumerate() {
            let (first, last) = (RELEASES[first].name, RELEASES[last].name);
            let gap = if place == 0 { "" } else { " " };
            write!(f, "{gap}{first}")?;
            if first != last {
                write!(f, "..{last}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for ReleaseSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReleaseSet({self})")
    }
}

fn position(name: &str) -> Option<usize> {
    RELEASES.iter().position(|release| release.name == name)
}

fn bit(index: usize) -> u128 {
    1 << index
}

const _: () = assert!(RELEASES.len() <= 128, "a set has a bit for each release");
