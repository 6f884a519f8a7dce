//! What was read of devices lately, so that one that comes again costs no statement.
//!
//! Only for who holds the database alone: nobody else's write is seen here. A commit of ours takes out what it changed before
//! its call returns. One that nobody saw the end of, as its call was given up on, makes all of it void until the next
//! transaction has begun: there is one connection that writes, and so the commit is through by then.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use countersign_fleet::{Device, DeviceId, ProductName, Release, Seen, Standing};
use countersign_protocol::Digest;

/// Standings by certificate. Bounded.
#[derive(Debug, Default)]
pub(crate) struct Standings(Mutex<Kept>);

/// What a transaction of ours changes of what may be kept.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Changed<'a> {
    /// Nothing: audit, refusals, new devices and certificates, offers that are open, which are not kept.
    Nothing,
    /// One device, its certificates, or whether it has an open offer.
    Device(&'a DeviceId),
    /// What devices said.
    Seen(&'a [Seen]),
    /// Any of it.
    All,
}

/// The commits that a read may have missed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Commits(u64);

/// A transaction of ours that is being committed. Dropped before it is done, it leaves nothing behind that is believed.
#[derive(Debug)]
pub(crate) struct Commit<'a> {
    standings: &'a Standings,
    changed: Option<Changed<'a>>,
}

#[derive(Debug, Default)]
struct Kept {
    /// How many there were: what was read before the last one may be older than it.
    commits: Commits,
    /// Whether there may be one of which it is not known what it changed, or when.
    distrusted: bool,
    /// Without the newest release.
    standings: HashMap<Digest, Standing>,
    fingerprints: HashMap<DeviceId, Vec<Digest>>,
    /// The newest release of each product that a device here is of.
    newest: HashMap<ProductName, Option<Release>>,
}

impl Standings {
    /// What is known of a certificate's device; or else what [`Self::keep`] asks for, to be had before the database is read.
    pub(crate) fn find(&self, fingerprint: &Digest) -> Result<Standing, Commits> {
        let kept = self.kept();
        kept.find(fingerprint).ok_or(kept.commits)
    }

    /// Keeps what was read, unless there was a commit since.
    pub(crate) fn keep(&self, since: Commits, standing: &Standing) {
        let mut kept = self.kept();
        if kept.commits == since && !kept.distrusted {
            kept.keep(standing);
        }
    }

    /// Forgets all, and keeps nothing until the next transaction has begun.
    pub(crate) fn distrust(&self) {
        let mut kept = self.kept();
        kept.distrusted = true;
        kept.change(Changed::All);
    }

    /// To be called when a transaction has begun: whatever was committed before is through.
    pub(crate) fn begun(&self) {
        let mut kept = self.kept();
        if kept.distrusted {
            kept.distrusted = false;
            // Of a read that is under way it is not known what it saw.
            kept.change(Changed::Nothing);
        }
    }

    /// To be called when all is done but the commit.
    pub(crate) fn committing<'a>(&'a self, changed: Changed<'a>) -> Commit<'a> {
        Commit {
            standings: self,
            changed: Some(changed),
        }
    }

    /// How many are kept.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.kept().standings.len()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Commit<'_> {
    /// It is done: takes out what it changed.
    pub(crate) fn done(mut self) {
        if let Some(changed) = self.changed.take() {
            self.standings.kept().change(changed);
        }
    }
}

impl Drop for Commit<'_> {
    fn drop(&mut self) {
        if self.changed.is_some() {
            self.standings.distrust();
        }
    }
}

impl Kept {
    fn find(&self, fingerprint: &Digest) -> Option<Standing> {
        let mut standing = self.standings.get(fingerprint)?.clone();
        standing.newest = self.newest.get(&standing.device.product)?.clone();
        Some(standing)
    }

    fn keep(&mut self, standing: &Standing) {
        // An open offer changes with each try of its device, and is open for minutes.
        if standing.open.is_some() {
            return;
        }
        if self.standings.len() >= MOST {
            self.forget_all();
        }
        let (device, fingerprint) = (&standing.device, standing.certificate.fingerprint);
        let newest = standing.newest.clone();
        self.newest.entry(device.product.clone()).or_insert(newest);
        let kept = Standing {
            newest: None,
            ..standing.clone()
        };
        if self.standings.insert(fingerprint, kept).is_none() {
            let of_device = self.fingerprints.entry(device.id.clone()).or_default();
            of_device.push(fingerprint);
        }
    }

    fn change(&mut self, changed: Changed<'_>) {
        self.commits.0 = self.commits.0.wrapping_add(1);
        match changed {
            Changed::Nothing => {}
            Changed::Device(id) => {
                for fingerprint in self.fingerprints.remove(id).unwrap_or_default() {
                    self.standings.remove(&fingerprint);
                }
            }
            Changed::Seen(batch) => {
                for seen in batch {
                    self.note(seen);
                }
            }
            Changed::All => self.forget_all(),
        }
    }

    /// As `devices::note_seen` does it.
    fn note(&mut self, seen: &Seen) {
        let fingerprints = self.fingerprints.get(&seen.device);
        for fingerprint in fingerprints.into_iter().flatten() {
            let Some(standing) = self.standings.get_mut(fingerprint) else {
                continue;
            };
            let Device {
                last_seen, running, ..
            } = &mut standing.device;
            if last_seen.is_none_or(|last| last <= seen.at) {
                *last_seen = Some(seen.at);
                *running = Some(seen.running.clone());
            }
        }
    }

    fn forget_all(&mut self) {
        self.standings.clear();
        self.fingerprints.clear();
        self.newest.clear();
    }
}

/// How many certificates are kept: some 50 MiB. Of a larger fleet, each device is read from the database now and then.
const MOST: usize = 1 << 15;
