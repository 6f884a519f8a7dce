//! The sessions of one plane: what resumes a connection without another proof of the key.
//!
//! A client is given a handle and no more; what it stands for is kept here, with whose it is and what vouched for it. So a
//! session is good on the plane that gave it alone, and it ends with whatever it stands on: the certificate's dates, the
//! authorities of its time, the device's good standing, and its own age.

use std::{
    collections::{HashMap, HashSet},
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use countersign_protocol::Digest;

use super::verifier::Vouched;

/// The sessions of one plane. Bounded.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<Generations>);

/// Sessions that were used lately, and those before: where the first are half of all, the second are forgotten.
#[derive(Debug, Default)]
struct Generations {
    young: HashMap<Vec<u8>, Session>,
    old: HashMap<Vec<u8>, Session>,
}

/// One session.
#[derive(Clone, Debug)]
pub(super) struct Session {
    /// What rustls wants back.
    pub(super) value: Vec<u8>,
    /// Whose it is.
    pub(super) vouched: Vouched,
    /// When the client last proved that it holds the certificate's key, in seconds since 1970. A session that comes of a
    /// resumed one has the time of that one.
    pub(super) proved_at: u64,
}

impl Session {
    /// Whether it may resume anything at `now`, with the anchors of `generation`.
    pub(super) fn is_good(&self, generation: u64, now: u64) -> bool {
        let ends = self.proved_at.saturating_add(LIFE_S);
        self.vouched.generation == generation
            && self.vouched.dates.contain(now)
            && (self.proved_at..=ends).contains(&now)
    }
}

impl Sessions {
    /// Keeps a session.
    pub(super) fn put(&self, handle: Vec<u8>, session: Session) {
        self.lock().add(handle, session);
    }

    /// Gives a session and keeps it.
    pub(super) fn get(&self, handle: &[u8]) -> Option<Session> {
        let mut all = self.lock();
        if let Some(session) = all.young.get(handle) {
            return Some(session.clone());
        }
        let (handle, session) = all.old.remove_entry(handle)?;
        all.add(handle, session.clone());
        Some(session)
    }

    /// Gives a session away.
    pub(super) fn take(&self, handle: &[u8]) -> Option<Session> {
        let mut all = self.lock();
        let young = all.young.remove(handle);
        young.or_else(|| all.old.remove(handle))
    }

    /// Forgets all sessions of the holders of these certificates.
    pub(super) fn forget(&self, fingerprints: &[Digest]) {
        let theirs: HashSet<&Digest> = fingerprints.iter().collect();
        let others =
            |_: &Vec<u8>, session: &mut Session| !theirs.contains(&session.vouched.fingerprint);
        let mut all = self.lock();
        all.young.retain(others);
        all.old.retain(others);
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn add(&mut self, handle: Vec<u8>, session: Session) {
        if self.young.len() >= MOST / 2 {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(handle, session);
    }
}

/// How many sessions a plane remembers: about 20 MiB. A larger fleet makes full handshakes.
const MOST: usize = 10_000;

/// How long a device may come back without proving again that it holds its key, in seconds: what its ticket says too (rustls,
/// `stateful_lifetime`). A session key that leaked is good for a day.
const LIFE_S: u64 = 24 * 3600;

#[cfg(test)]
mod tests {
    use super::{super::paths::Dates, *};

    fn session(device: u8) -> Session {
        Session {
            value: vec![device],
            vouched: Vouched {
                fingerprint: Digest([device; 32]),
                authority: None,
                dates: Dates {
                    first: 100,
                    last: 1_000_000,
                },
                generation: 4,
            },
            proved_at: 500,
        }
    }

    #[test]
    fn ends_with_what_it_stands_on() {
        let session = session(1);
        for (generation, now, good) in [
            (4, 499, false),
            (4, 500, true),
            (4, 500 + LIFE_S, true),
            (4, 501 + LIFE_S, false),
            (3, 600, false),
            (5, 600, false),
        ] {
            assert_eq!(session.is_good(generation, now), good, "{generation} {now}");
        }
        let mut ends_soon = session;
        ends_soon.vouched.dates.last = 600;
        assert!(ends_soon.is_good(4, 600));
        assert!(!ends_soon.is_good(4, 601));
    }

    #[test]
    fn forgets_a_device_and_nobody_else_and_stays_within_its_bound() {
        let sessions = Sessions::default();
        for n in 0..3 * u32::try_from(MOST).unwrap() {
            let device = u8::try_from(n % 3).unwrap();
            sessions.put(n.to_be_bytes().to_vec(), session(device));
            let all = sessions.lock();
            assert!(all.young.len() + all.old.len() <= MOST);
        }
        let count = |device: u8| {
            let all = sessions.lock();
            let mut found = all.young.values().chain(all.old.values());
            let of = |one: &&Session| one.value == [device];
            found.by_ref().filter(of).count()
        };
        let before = [count(0), count(1), count(2)];
        assert!(before.iter().all(|count| *count > 1000), "{before:?}");
        sessions.forget(&[Digest([1; 32])]);
        assert_eq!([count(0), count(1), count(2)], [before[0], 0, before[2]]);
    }
}
