//! Which chains were found good, so that a device that comes again is not verified up to the root again.
//!
//! Only the validation of the path is remembered: that the chain leads to the plane's anchors, and that each certificate in it
//! is for what it does. This comes out the same each time, but for the dates, which are kept and asked again. That the
//! client holds the key is proved in every full handshake, and whether the device may come is asked with every request.

use std::{
    collections::HashMap,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use countersign_x509::{Certificate, sha256};
use rustls_pki_types::{CertificateDer, UnixTime};

/// The paths of one plane, whose anchors stay what they are as long as it lives. Bounded.
#[derive(Debug, Default)]
pub(super) struct Paths(Mutex<Generations>);

/// Paths that were used lately, and those before: where the first are half of all, the second are forgotten.
#[derive(Debug, Default)]
struct Generations {
    young: HashMap<Key, Dates>,
    old: HashMap<Key, Dates>,
}

/// SHA-256 over each certificate with its length.
type Key = [u8; 32];

/// A chain and the seconds in which all its certificates are valid, both ends included.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Path {
    key: Key,
    dates: Dates,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Dates {
    first: u64,
    last: u64,
}

impl Paths {
    /// Whether exactly this chain was found good before, and is within its dates.
    pub(super) fn know(
        &self,
        end_entity: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> bool {
        let key = key(end_entity, others);
        let mut generations = self.lock();
        let Some(dates) = generations.find(&key) else {
            return false;
        };
        (dates.first..=dates.last).contains(&now.as_secs())
    }

    /// Remembers a chain that was found good, of a client that proved that it holds the key.
    pub(super) fn remember(&self, path: Path) {
        self.lock().add(path.key, path.dates);
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Path {
    /// A chain that can be remembered; none where we cannot read its dates.
    pub(super) fn of(
        end_entity: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
    ) -> Option<Self> {
        let mut dates = Dates {
            first: 0,
            last: u64::MAX,
        };
        for der in std::iter::once(end_entity).chain(others) {
            let certificate = Certificate::from_der(der).ok()?;
            dates.first = dates.first.max(certificate.not_before());
            dates.last = dates.last.min(certificate.not_after());
        }
        Some(Self {
            key: key(end_entity, others),
            dates,
        })
    }
}

impl Generations {
    fn find(&mut self, key: &Key) -> Option<Dates> {
        if let Some(dates) = self.young.get(key) {
            return Some(*dates);
        }
        let dates = self.old.remove(key)?;
        self.add(*key, dates);
        Some(dates)
    }

    fn add(&mut self, key: Key, dates: Dates) {
        if self.young.len() >= MOST / 2 {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(key, dates);
    }
}

fn key(end_entity: &CertificateDer<'_>, others: &[CertificateDer<'_>]) -> Key {
    let mut text = Vec::with_capacity(2048);
    for der in std::iter::once(end_entity).chain(others) {
        text.extend_from_slice(&der.len().to_be_bytes());
        text.extend_from_slice(der);
    }
    sha256(&text)
}

/// How many chains a plane remembers: about 4 MiB.
const MOST: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;

    const DATES: Dates = Dates {
        first: 100,
        last: 200,
    };

    fn chain(certificates: &[&'static str]) -> Vec<CertificateDer<'static>> {
        let der = |text: &&'static str| CertificateDer::from(text.as_bytes());
        certificates.iter().map(der).collect()
    }

    fn knows(paths: &Paths, certificates: &[&'static str], now: u64) -> bool {
        let chain = chain(certificates);
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(now));
        paths.know(&chain[0], &chain[1..], now)
    }

    #[test]
    fn knows_exactly_what_it_was_told_and_only_within_its_dates() {
        let paths = Paths::default();
        assert!(!knows(&paths, &["leaf", "issuing"], 150));
        let told = chain(&["leaf", "issuing"]);
        paths.remember(Path {
            key: key(&told[0], &told[1..]),
            dates: DATES,
        });
        for (now, known) in [(99, false), (100, true), (200, true), (201, false)] {
            assert_eq!(knows(&paths, &["leaf", "issuing"], now), known, "{now}");
        }
        for other in [
            &["leaf"][..],
            &["issuing", "leaf"],
            &["leaf", "issuing", "root"],
            &["leafi", "ssuing"],
            &["leaf", "issuinG"],
        ] {
            assert!(!knows(&paths, other, 150), "{other:?}");
        }
    }

    #[test]
    fn forgets_what_is_not_used_and_stays_within_its_bound() {
        let number = |n: usize| {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&n.to_be_bytes());
            key
        };
        let mut generations = Generations::default();
        for n in 0..3 * MOST {
            generations.add(number(n), DATES);
            // The first is used all the time, the second never.
            assert_eq!(generations.find(&number(0)), Some(DATES), "{n}");
            assert!(generations.young.len() + generations.old.len() <= MOST);
        }
        assert_eq!(generations.find(&number(1)), None);
    }
}
