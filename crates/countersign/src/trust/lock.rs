//! `trust.lock`, read from its file, and its devices.

use std::path::Path;

use anyhow::{Context, Result};
use countersign_protocol::UnixTime;
use countersign_trust::{
    Clock,
    choose::Target,
    lock::{Lock, LockedDevice},
};

use crate::{files, trust::releases};

/// Reads a lock file and checks it, its devices too.
pub(crate) fn read(path: &Path) -> Result<Lock> {
    let shown = || path.display().to_string();
    let lock = Lock::parse(&files::read_text(path)?).with_context(shown)?;
    targets(&lock, None).with_context(shown)?;
    Ok(lock)
}

/// The devices. Those that look at dates take `now`.
pub(crate) fn targets(lock: &Lock, now: Option<UnixTime>) -> Result<Vec<Target>> {
    let target = |device: &LockedDevice| {
        let clock = match now {
            Some(now) if device.dates => Clock::At(now),
            _ => Clock::Ignored,
        };
        let max_certs = lock.policy.max_certs;
        releases::of_label(&device.idf, device.cross_signed_verify, clock, max_certs)
            .with_context(|| format!("ESP-IDF {} is not known here", device.idf))
    };
    lock.device.iter().map(target).collect()
}
