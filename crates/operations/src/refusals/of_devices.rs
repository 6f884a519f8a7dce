//! Refusals of devices that are known, on their way into the store: one row for each device, plane and code, so that they
//! need no more room the more often they come, and are written once a second.

use std::collections::{HashMap, hash_map::Entry};

use countersign_fleet::{DeviceId, RefusalRecord};
use countersign_protocol::{Digest, UnixTime};

use super::Refused;
use crate::{Context, Error, record};

/// Refusals that are not yet in the store.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// Of those who showed a certificate.
    shown: HashMap<(Digest, &'static str, &'static str), Sum>,
    /// Of those who are known by a name alone, which anybody may claim.
    claimed: HashMap<(String, &'static str, &'static str), Sum>,
}

/// The refusals of one kind.
#[derive(Clone, Debug)]
struct Sum {
    first_at: UnixTime,
    last: Refused,
    times: u64,
}

impl Waiting {
    /// Adds one, unless there are too many of them in this moment.
    pub(super) fn push(&mut self, refused: &Refused) {
        let sum = Sum {
            first_at: refused.at,
            last: refused.clone(),
            times: 1,
        };
        self.add(sum);
    }

    fn add(&mut self, sum: Sum) {
        let Refused { plane, code, .. } = sum.last;
        if let Some(shown) = sum.last.shown {
            add(&mut self.shown, (shown, plane, code), sum);
        } else if let Some(claimed) = sum.last.claimed.clone() {
            add(&mut self.claimed, (claimed, plane, code), sum);
        }
    }

    /// All of them, in no order.
    fn take(&mut self) -> Vec<Sum> {
        let shown = self.shown.drain().map(|(_, sum)| sum);
        let mut all: Vec<Sum> = shown.collect();
        all.extend(self.claimed.drain().map(|(_, sum)| sum));
        all
    }
}

fn add<K: std::hash::Hash + Eq>(sums: &mut HashMap<K, Sum>, key: K, sum: Sum) {
    let full = sums.len() >= AT_ONCE;
    match sums.entry(key) {
        Entry::Occupied(mut there) => {
            let there = there.get_mut();
            there.times = there.times.saturating_add(sum.times);
            there.first_at = there.first_at.min(sum.first_at);
            if there.last.at <= sum.last.at {
                there.last = sum.last;
            }
        }
        Entry::Vacant(_) if full => {}
        Entry::Vacant(free) => drop(free.insert(sum)),
    }
}

/// Writes to the store, with their devices, who was turned away in the last moment. A certificate that is known says whose
/// it is; of any other only the name in it is there, which need not be true.
///
/// # Errors
/// [`Error::Store`] where the store could not take them; they are remembered on.
pub async fn flush(context: &Context) -> Result<(), Error> {
    let sums = context.refusals.all_of_them().waiting.take();
    if sums.is_empty() {
        return Ok(());
    }
    let written = write(context, &sums).await;
    if written.is_err() {
        let mut all = context.refusals.all_of_them();
        for sum in sums {
            all.waiting.add(sum);
        }
    }
    written
}

async fn write(context: &Context, sums: &[Sum]) -> Result<(), Error> {
    let mut records = Vec::with_capacity(sums.len());
    for sum in sums {
        let device = match &sum.last.shown {
            Some(shown) => holder(context, shown).await?,
            None => None,
        };
        let proved = device.is_some();
        let claimed = || sum.last.claimed.as_deref()?.parse().ok();
        if let Some(device) = device.or_else(claimed) {
            records.push(RefusalRecord {
                device,
                plane: sum.last.plane.to_owned(),
                code: sum.last.code.to_owned(),
                reason: sum.last.reason.clone(),
                from: sum.last.from.to_canonical().to_string(),
                proved,
                first_at: sum.first_at,
                last_at: sum.last.at,
                times: sum.times,
            });
        }
    }
    context.store.note_refusals(&records).await?;
    Ok(())
}

/// The device that a certificate was issued to.
async fn holder(context: &Context, fingerprint: &Digest) -> Result<Option<DeviceId>, Error> {
    let found = record::find(context, fingerprint).await?;
    Ok(found.and_then(|one| one.device))
}

/// How many kinds of refusals wait for the store at most, of certificates and of names each. Stops a thousand strangers in
/// a second from costing as many look-ups and more memory; what comes beyond is in the log and in the counts.
const AT_ONCE: usize = 500;
