//! Which chains were found good, so that a device that comes again is not verified up to the root again.
//!
//! Only the validation of the path is remembered: that the chain leads to one of the plane's anchors, and that each certificate
//! in it is for what it does. This comes out the same each time, but for the dates, which are kept and asked again. That the
//! client holds the key is proved in every full handshake, who is barred is asked in every one, and whether the device may come
//! is asked with every request. So a revocation flushes nothing here.

use std::{
    collections::HashMap,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use countersign_x509::sha256;
use rustls_pki_types::{CertificateDer, UnixTime};

/// The paths of one plane. Bounded.
#[derive(Debug, Default)]
pub(super) struct Paths(Mutex<Generations>);

/// Paths that were used lately, and those before: where the first are half of all, the second are forgotten.
#[derive(Debug, Default)]
struct Generations {
    young: HashMap<Key, Path>,
    old: HashMap<Key, Path>,
}

/// What a path is remembered by: SHA-256 over the plane, the generation of its anchors, and each certificate with its length.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Key([u8; 32]);

/// What the validation of a path came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Path {
    pub(super) dates: Dates,
    /// The anchor that it leads to, by its place among those of its generation.
    pub(super) anchor: u32,
}

/// The seconds in which all certificates of a chain are valid, both ends included.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Dates {
    pub(super) first: u64,
    pub(super) last: u64,
}

impl Paths {
    /// What a chain came to, where exactly this one was found good before and is within its dates.
    pub(super) fn know(&self, key: &Key, now: UnixTime) -> Option<Path> {
        let path = self.lock().find(key)?;
        path.dates.contain(now.as_secs()).then_some(path)
    }

    /// Remembers a chain that was found good, of a client that proved that it holds the key.
    pub(super) fn remember(&self, key: Key, path: Path) {
        self.lock().add(key, path);
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Key {
    /// The key of a chain on a plane, as of one generation of its anchors.
    pub(super) fn of(
        plane: &str,
        generation: u64,
        end_entity: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
    ) -> Self {
        let mut text = Vec::with_capacity(2048);
        text.extend_from_slice(&plane.len().to_be_bytes());
        text.extend_from_slice(plane.as_bytes());
        text.extend_from_slice(&generation.to_be_bytes());
        for der in std::iter::once(end_entity).chain(others) {
            text.extend_from_slice(&der.len().to_be_bytes());
            text.extend_from_slice(der);
        }
        Self(sha256(&text))
    }
}

impl Dates {
    /// Those of all of time.
    pub(super) const ALWAYS: Self = Self {
        first: 0,
        last: u64::MAX,
    };

    /// The seconds that are in both.
    pub(super) fn and(self, first: u64, last: u64) -> Self {
        Self {
            first: self.first.max(first),
            last: self.last.min(last),
        }
    }

    /// Whether a second is among them.
    pub(super) fn contain(self, second: u64) -> bool {
        (self.first..=self.last).contains(&second)
    }
}

impl Generations {
    fn find(&mut self, key: &Key) -> Option<Path> {
        if let Some(path) = self.young.get(key) {
            return Some(*path);
        }
        let path = self.old.remove(key)?;
        self.add(*key, path);
        Some(path)
    }

    fn add(&mut self, key: Key, path: Path) {
        if self.young.len() >= MOST / 2 {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(key, path);
    }
}

/// How many chains a plane remembers: about 5 MiB.
const MOST: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: Path = Path {
        dates: Dates {
            first: 100,
            last: 200,
        },
        anchor: 3,
    };

    fn key(plane: &str, generation: u64, certificates: &[&'static str]) -> Key {
        let der = |text: &&'static str| CertificateDer::from(text.as_bytes());
        let chain: Vec<_> = certificates.iter().map(der).collect();
        Key::of(plane, generation, &chain[0], &chain[1..])
    }

    #[test]
    fn knows_exactly_what_it_was_told_and_only_within_its_dates() {
        let paths = Paths::default();
        let knows = |key: &Key, now| {
            let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(now));
            paths.know(key, now) == Some(PATH)
        };
        let told = key("device", 7, &["leaf", "issuing"]);
        assert!(!knows(&told, 150));
        paths.remember(told, PATH);
        for (now, known) in [(99, false), (100, true), (200, true), (201, false)] {
            assert_eq!(knows(&told, now), known, "{now}");
        }
        for other in [
            key("download", 7, &["leaf", "issuing"]),
            key("device", 8, &["leaf", "issuing"]),
            key("device", 7, &["leaf"]),
            key("device", 7, &["issuing", "leaf"]),
            key("device", 7, &["leaf", "issuing", "root"]),
            key("device", 7, &["leafi", "ssuing"]),
            key("device", 7, &["leaf", "issuinG"]),
        ] {
            assert!(!knows(&other, 150), "{other:?}");
        }
    }

    #[test]
    fn forgets_what_is_not_used_and_stays_within_its_bound() {
        let number = |n: usize| {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&n.to_be_bytes());
            Key(key)
        };
        let mut generations = Generations::default();
        for n in 0..3 * MOST {
            generations.add(number(n), PATH);
            // The first is used all the time, the second never.
            assert_eq!(generations.find(&number(0)), Some(PATH), "{n}");
            assert!(generations.young.len() + generations.old.len() <= MOST);
        }
        assert_eq!(generations.find(&number(1)), None);
    }
}
