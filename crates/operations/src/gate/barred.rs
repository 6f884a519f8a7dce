//! Barred certificates, a million of them in little memory.

use std::collections::HashSet;

use countersign_fleet::Barred;
use countersign_protocol::Digest;

/// Why the holder of a certificate is turned away.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Bar {
    /// The certificate was revoked, for good.
    Revoked,
    /// The device is suspended, for now.
    Suspended,
}

/// The barred certificates, by the first half of their SHA-256: 16 bytes each, and nobody can make a second certificate with
/// the first half of another's.
#[derive(Debug, Default)]
pub(super) struct BarredSet {
    /// Those that were revoked when this was made, in order.
    sorted: Vec<Key>,
    /// Those that were revoked since.
    recent: HashSet<Key>,
    suspended: HashSet<Key>,
}

type Key = [u8; 16];

impl BarredSet {
    pub(super) fn of(all: &[Barred]) -> Self {
        let keys = |for_good| {
            let of_kind = all.iter().filter(move |one| one.for_good == for_good);
            of_kind.map(|one| key(&one.fingerprint))
        };
        let mut sorted: Vec<Key> = keys(true).collect();
        sorted.sort_unstable();
        sorted.dedup();
        sorted.shrink_to_fit();
        Self {
            sorted,
            recent: HashSet::new(),
            suspended: keys(false).collect(),
        }
    }

    pub(super) fn find(&self, fingerprint: &Digest) -> Option<Bar> {
        let key = key(fingerprint);
        if self.recent.contains(&key) || self.sorted.binary_search(&key).is_ok() {
            Some(Bar::Revoked)
        } else if self.suspended.contains(&key) {
            Some(Bar::Suspended)
        } else {
            None
        }
    }

    pub(super) fn add(&mut self, fingerprint: &Digest, bar: Bar) {
        let key = key(fingerprint);
        match bar {
            Bar::Suspended => drop(self.suspended.insert(key)),
            Bar::Revoked => {
                self.suspended.remove(&key);
                if self.sorted.binary_search(&key).is_err() {
                    self.recent.insert(key);
                }
            }
        }
        if self.recent.len() >= RECENT {
            self.sorted.extend(self.recent.drain());
            self.sorted.sort_unstable();
        }
    }

    pub(super) fn lift(&mut self, fingerprint: &Digest) {
        self.suspended.remove(&key(fingerprint));
    }

    pub(super) fn len(&self) -> usize {
        self.sorted.len() + self.recent.len() + self.suspended.len()
    }
}

fn key(fingerprint: &Digest) -> Key {
    let mut key = Key::default();
    for (to, from) in key.iter_mut().zip(fingerprint.0) {
        *to = from;
    }
    key
}

/// How many are kept apart before they are put in order with the others.
const RECENT: usize = 4096;
