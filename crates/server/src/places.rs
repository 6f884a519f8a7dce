//! Who holds a plane's places. A *newcomer* has proved nothing yet; a device that has is no longer one.
//!
//! Newcomers have a bounded share of the places. Where there is none left, the address that has most newcomers loses one of
//! them, by lot, to the one who comes: a host that opens many connections competes with itself, and an honest device that
//! needs a moment for its handshake keeps its place with a chance that sinks slowly, however many hosts there are. A
//! device that proved itself loses its place to another connection of its own only.

use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    hash::{BuildHasher as _, RandomState},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use countersign_operations::source::Source;
use countersign_protocol::{Digest, UnixTime};
use tokio::sync::oneshot;

use crate::Limits;

/// The places of one plane.
#[derive(Debug)]
pub(crate) struct Places {
    most: Most,
    lot: RandomState,
    held: Mutex<Held>,
}

/// How many there are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Most {
    /// In all.
    pub(crate) connections: usize,
    /// Of them, for newcomers.
    pub(crate) newcomers: usize,
    /// For one source.
    pub(crate) per_source: usize,
    /// New ones of one source in a second.
    pub(crate) per_source_per_second: usize,
    /// For one certificate.
    pub(crate) per_device: usize,
}

/// Why somebody has no place, or no longer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Full {
    /// All places are held by those who proved themselves.
    Connections,
    /// There were too many newcomers, and this one drew the lot.
    Newcomers,
    /// The source has all that it may have.
    Source,
    /// The source comes too often.
    SourceInASecond,
    /// The device has newer connections, as many as it may have.
    Device,
    /// The device was barred.
    Barred,
}

/// A place that is held, until this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    number: u64,
    source: Source,
    /// Set once its holder proved itself: by which certificate, where by one.
    proved: OnceLock<Option<Digest>>,
}

/// Says when the place was given to somebody else.
pub(crate) type Lost = oneshot::Receiver<Full>;

type Holders = BTreeMap<u64, oneshot::Sender<Full>>;

#[derive(Debug, Default)]
struct Held {
    /// The number of the next place.
    next: u64,
    open: usize,
    newcomers: usize,
    sources: HashMap<Source, OfSource>,
    devices: HashMap<Digest, Holders>,
    second: UnixTime,
    arrivals: HashMap<Source, usize>,
}

#[derive(Debug, Default)]
struct OfSource {
    open: usize,
    newcomers: Holders,
}

impl Places {
    pub(crate) fn new(most: Most) -> Arc<Self> {
        Arc::new(Self {
            most,
            lot: RandomState::new(),
            held: Mutex::default(),
        })
    }

    /// Gives a newcomer a place.
    pub(crate) fn enter(
        self: &Arc<Self>,
        from: IpAddr,
        now: UnixTime,
    ) -> Result<(Place, Lost), Full> {
        let source = Source::of(from);
        let mut held = self.held();
        let held = &mut *held;
        if held.arrivals_of(source, now) > self.most.per_source_per_second {
            return Err(Full::SourceInASecond);
        }
        let number = held.next;
        held.next = held.next.wrapping_add(1);
        let lot = self.lot.hash_one(number);
        let of_source = held.sources.get(&source);
        if of_source.is_some_and(|of| of.open >= self.most.per_source) {
            if !held.take_from(source, lot, Full::Source) {
                return Err(Full::Source);
            }
        } else if held.newcomers >= self.most.newcomers || held.open >= self.most.connections {
            let crowded = held.crowded(lot).ok_or(Full::Connections)?;
            held.take_from(crowded, lot, Full::Newcomers);
        }
        let (sender, lost) = oneshot::channel();
        let of_source = held.sources.entry(source).or_default();
        of_source.open += 1;
        of_source.newcomers.insert(number, sender);
        held.open += 1;
        held.newcomers += 1;
        let place = Place {
            places: Arc::clone(self),
            number,
            source,
            proved: OnceLock::new(),
        };
        Ok((place, lost))
    }

    /// Takes the places of all who proved themselves by one of these certificates.
    pub(crate) fn cut(&self, fingerprints: &[Digest]) {
        let mut held = self.held();
        for fingerprint in fingerprints {
            for holder in held.devices.remove(fingerprint).into_iter().flatten() {
                // It still counts until it is gone.
                let _ = holder.1.send(Full::Barred);
            }
        }
    }

    /// How many there are.
    pub(crate) const fn most(&self) -> &Most {
        &self.most
    }

    /// How many places are held, and how many of them by newcomers.
    pub(crate) fn open(&self) -> (usize, usize) {
        let held = self.held();
        (held.open, held.newcomers)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Its holder proved itself, by a certificate or otherwise, and is a newcomer no longer. Of a device that has too many, the
    /// oldest is given up: it may be one that the device, reset since, knows nothing of.
    pub(crate) fn prove(&self, device: Option<Digest>) {
        let mut held = self.places.held();
        let Some(holder) = held.leave_newcomers(self.source, self.number) else {
            return;
        };
        let _ = self.proved.set(device);
        let Some(device) = device else {
            return;
        };
        let all = held.devices.entry(device).or_default();
        let oldest = if all.len() >= self.places.most.per_device {
            all.pop_first()
        } else {
            None
        };
        all.insert(self.number, holder);
        if let Some((_, oldest)) = oldest {
            // It still counts until it is gone: its source is known to itself alone.
            let _ = oldest.send(Full::Device);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.places.held();
        match self.proved.get() {
            Some(Some(device)) => {
                if let Entry::Occupied(mut all) = held.devices.entry(*device) {
                    all.get_mut().remove(&self.number);
                    if all.get().is_empty() {
                        all.remove();
                    }
                }
            }
            Some(None) => {}
            None => {
                if held.leave_newcomers(self.source, self.number).is_none() {
                    // It was taken, and is counted no more.
                    return;
                }
            }
        }
        held.leave(self.source);
    }
}

impl Held {
    /// Counts one more arrival of a source in this second.
    fn arrivals_of(&mut self, source: Source, now: UnixTime) -> usize {
        if self.second != now {
            self.second = now;
            self.arrivals.clear();
        }
        let arrivals = self.arrivals.entry(source).or_default();
        *arrivals += 1;
        *arrivals
    }

    /// The source that has most newcomers; of several, one by lot.
    fn crowded(&self, lot: u64) -> Option<Source> {
        let newcomers = |of: &OfSource| of.newcomers.len();
        let most = self.sources.values().map(newcomers).max()?;
        let crowded = || {
            let all = self.sources.iter();
            all.filter(move |(_, of)| newcomers(of) == most && most > 0)
        };
        let count = u64::try_from(crowded().count()).ok()?;
        let drawn = usize::try_from(lot.checked_rem(count)?).ok()?;
        crowded().nth(drawn).map(|(source, _)| *source)
    }

    /// Takes a place from one of a source's newcomers, by lot; `false` where there is none.
    fn take_from(&mut self, source: Source, lot: u64, why: Full) -> bool {
        let Some(of) = self.sources.get_mut(&source) else {
            return false;
        };
        let (Some((first, _)), Some((last, _))) = (
            of.newcomers.first_key_value(),
            of.newcomers.last_key_value(),
        ) else {
            return false;
        };
        let drawn = first + lot % (last - first + 1);
        let Some(number) = of
            .newcomers
            .range(drawn..)
            .next()
            .map(|(number, _)| *number)
        else {
            return false;
        };
        if let Some(holder) = self.leave_newcomers(source, number) {
            let _ = holder.send(why);
            self.leave(source);
        }
        true
    }

    fn leave_newcomers(&mut self, source: Source, number: u64) -> Option<oneshot::Sender<Full>> {
        let holder = self.sources.get_mut(&source)?.newcomers.remove(&number)?;
        self.newcomers -= 1;
        Some(holder)
    }

    fn leave(&mut self, source: Source) {
        self.open -= 1;
        if let Entry::Occupied(mut of) = self.sources.entry(source) {
            of.get_mut().open -= 1;
            if of.get().open == 0 {
                of.remove();
            }
        }
    }
}

impl Most {
    /// Those of a plane of devices.
    pub(crate) const fn of_devices(limits: &Limits) -> Self {
        Self {
            connections: limits.connections,
            newcomers: limits.handshakes,
            per_source: limits.per_address,
            per_source_per_second: limits.per_address_per_second,
            per_device: limits.per_device,
        }
    }

    /// Those of the operator's address: who has no token is a newcomer to the end.
    pub(crate) const fn of_operators(limits: &Limits) -> Self {
        Self {
            connections: limits.operator_connections,
            newcomers: limits.operator_connections,
            per_source: limits.operator_connections,
            per_source_per_second: limits.per_address_per_second,
            per_device: limits.operator_connections,
        }
    }
}

impl Full {
    /// The stable code.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Connections => "too-many-connections",
            Self::Newcomers => "too-many-handshakes",
            Self::Source => "too-many-from-address",
            Self::SourceInASecond => "too-often-from-address",
            Self::Device => "too-many-from-device",
            Self::Barred => "device-barred",
        }
    }

    /// The same in words.
    pub(crate) fn reason(self, most: &Most) -> String {
        match self {
            Self::Connections => format!(
                "all {} connections are held by devices that proved themselves",
                most.connections
            ),
            Self::Newcomers => format!(
                "of {} places for handshakes this one was given to another",
                most.newcomers
            ),
            Self::Source => format!(
                "this address may have {} connections at once",
                most.per_source
            ),
            Self::SourceInASecond => format!(
                "this address may make {} connections in a second",
                most.per_source_per_second
            ),
            Self::Device => format!(
                "this device may have {} connections at once, and made a newer one",
                most.per_device
            ),
            Self::Barred => "this device was barred".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
