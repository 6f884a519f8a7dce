//! What devices said in the last moment, written in batches.
//!
//! A fleet's check-ins would otherwise be as many transactions. A crash loses the last second of "last seen", which the
//! next check-in says again; offers and outcomes are never kept here.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use countersign_fleet::{DeviceId, Running, Seen};

use crate::{Context, Error};

/// What devices last said and is not yet in the store, one entry a device.
#[derive(Debug, Default)]
pub struct SeenBuffer(Mutex<HashMap<DeviceId, Seen>>);

impl SeenBuffer {
    /// Remembers what a device said, in place of what it said before.
    pub fn push(&self, seen: Seen) {
        self.lock().insert(seen.device.clone(), seen);
    }

    /// What a device last said, where that is not in the store yet.
    pub fn latest(&self, device: &DeviceId) -> Option<Running> {
        self.lock().get(device).map(|seen| seen.running.clone())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<DeviceId, Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes what is remembered to the store.
///
/// # Errors
/// [`Error::Store`] where the store could not take it; it is remembered on, unless the device has spoken since.
pub async fn flush(context: &Context) -> Result<(), Error> {
    let batch: Vec<Seen> = context.seen.lock().drain().map(|(_, seen)| seen).collect();
    if batch.is_empty() {
        return Ok(());
    }
    if let Err(error) = context.store.note_seen(&batch).await {
        let mut waiting = context.seen.lock();
        for seen in batch {
            waiting.entry(seen.device.clone()).or_insert(seen);
        }
        return Err(error.into());
    }
    Ok(())
}
