//! What a device gets, decided when it asks: one pure function over what is known of that device.

use countersign_protocol::{Reason, UnixTime};

use crate::{Device, DeviceState, OfferRecord, OfferState, Release, Running};

/// All that a decision is made from.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// The server's time.
    pub now: UnixTime,
    /// The device, as it is kept.
    pub device: &'a Device,
    /// What the device says now that it runs.
    pub running: &'a Running,
    /// The release that the device runs, looked up by what it says; `None` for an image that is none of ours.
    pub current: Option<&'a Release>,
    /// What the device said of its own bounds, all absent for a stock client.
    pub bounds: Bounds,
    /// Whether the device tells how an offer ended: our node does, a stock client cannot.
    pub reports: bool,
    /// How often a release is tried on a device before it is given up for it, 1 or more.
    pub attempts: u32,
    /// The release that the device should run in the end.
    pub newest: Option<&'a Release>,
    /// The device's open offer.
    pub open: Option<OpenOffer<'a>>,
    /// The device's offers before, in any order.
    pub past: &'a [OfferRecord],
}

/// Below what a device takes no release, as it said itself.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Bounds {
    /// The counter of the newest manifest that it accepted; it takes none that is not above.
    pub counter: Option<u64>,
    /// The secure version below which it refuses images.
    pub secure_version: Option<u32>,
}

/// An open offer and what became of its release.
#[derive(Clone, Copy, Debug)]
pub struct OpenOffer<'a> {
    /// The offer.
    pub offer: &'a OfferRecord,
    /// Its release; `None` where that is gone.
    pub release: Option<&'a Release>,
}

/// What is to be done for a device.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Decision<'a> {
    /// How the open offer ends now; `None` where it stays, or where there is none.
    pub end: Option<End>,
    /// What the device is told.
    pub next: Next<'a>,
}

/// How a decision ends an open offer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// As [`OfferState::Confirmed`]: the device runs it, and it needs no more confirmation.
    Confirmed,
    /// As [`OfferState::RolledBack`]: handed over whole as often as it is tried, and the device, which cannot say
    /// why, still runs another.
    RolledBack,
    /// As [`OfferState::Superseded`]: it can no longer be had, or the device would no longer take it.
    Superseded,
}

/// What a device is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Next<'a> {
    /// Nothing is there for it.
    Nothing(Why),
    /// The release of its open offer, under the same offer.
    Keep(&'a Release),
    /// This release, under a new offer.
    Offer(&'a Release),
}

/// Why there is nothing for a device.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Why {
    /// The device may not come.
    NotActive,
    /// Its running image waits for its confirmation, and no other can be written before.
    Unconfirmed,
    /// Its product has no release.
    NoRelease,
    /// It runs the newest release, or one that is as new.
    UpToDate,
    /// The newest release went back on this device.
    RolledBack,
    /// This device refused the newest release.
    Refused,
    /// The newest release is for another chip.
    OtherChip,
    /// The newest release has ended.
    Ended,
    /// The newest release's secure version is below the device's.
    LowSecureVersion,
}

impl End {
    /// The state in which the offer ends.
    pub const fn state(self) -> OfferState {
        match self {
            Self::Confirmed => OfferState::Confirmed,
            Self::RolledBack => OfferState::RolledBack,
            Self::Superseded => OfferState::Superseded,
        }
    }

    /// Why it ends so, where there is a reason.
    pub const fn reason(self) -> Option<Reason> {
        match self {
            Self::RolledBack => Some(Reason::NotConfirmed),
            Self::Confirmed | Self::Superseded => None,
        }
    }
}

/// Decides what a device gets.
///
/// An open offer stays what it is, even where a newer release came since: ranges, retries and resumption must see one
/// image. It ends when the device confirmed it, or when it can no longer be taken. A release that went back or was
/// refused on this device is never offered to it again, and neither is one that it confirmed and left as often as a
/// release is tried.
///
/// A stock client cannot say that it went back. Where it was handed the whole image as often as a release is tried and
/// still asks with another version, the release is taken as rolled back.
///
/// A device that runs none of our releases and states no counter (a stock client with an image that came by cable)
/// is offered the newest release, for nothing tells which of the two is older.
pub fn decide<'a>(situation: &Situation<'a>) -> Decision<'a> {
    if situation.device.state != DeviceState::Active {
        return Decision::stay(Next::Nothing(Why::NotActive));
    }
    // ESP-IDF writes no image while the running one is unconfirmed (ESP_ERR_OTA_ROLLBACK_INVALID_STATE), and what
    // the device says of itself may still go back with the image.
    if situation.running.pending_verify {
        return Decision::stay(Next::Nothing(Why::Unconfirmed));
    }
    let end = match situation.open {
        None => None,
        Some(OpenOffer { release: None, .. }) => Some(End::Superseded),
        Some(OpenOffer {
            release: Some(release),
            offer,
        }) => {
            if runs(situation.running, release) {
                Some(End::Confirmed)
            } else if situation.objection(release).is_some() {
                Some(End::Superseded)
            } else if !situation.reports && offer.deliveries >= situation.attempts {
                Some(End::RolledBack)
            } else {
                return Decision::stay(Next::Keep(release));
            }
        }
    };
    let next = match situation.newest {
        Some(newest) if newest.product == situation.device.product => {
            let given_up = end == Some(End::RolledBack) && situation.is_open(newest);
            let why = situation.objection(newest);
            let why = why.or(given_up.then_some(Why::RolledBack));
            match why.or_else(|| situation.history(newest)) {
                None => Next::Offer(newest),
                Some(why) => Next::Nothing(why),
            }
        }
        _ => Next::Nothing(Why::NoRelease),
    };
    Decision { end, next }
}

/// Tells whether what a device says that it runs is `release`: the same version, and the same image where it knows it.
pub fn runs(running: &Running, release: &Release) -> bool {
    running.version == release.version && running.image.is_none_or(|image| image == release.image)
}

impl Situation<'_> {
    /// Why the device would not take `release` now, whether or not it was offered before.
    fn objection(&self, release: &Release) -> Option<Why> {
        let bound = self.current.map(|current| current.counter);
        let bound = bound.max(self.bounds.counter);
        if runs(self.running, release) || bound.is_some_and(|bound| release.counter <= bound) {
            Some(Why::UpToDate)
        } else if self.running.chip.is_some_and(|chip| chip != release.chip) {
            Some(Why::OtherChip)
        } else if release.not_after.is_some_and(|end| self.now > end) {
            Some(Why::Ended)
        } else if (self.bounds.secure_version).is_some_and(|bound| release.secure_version < bound) {
            Some(Why::LowSecureVersion)
        } else {
            None
        }
    }

    /// Why `release` was done with on this device.
    fn history(&self, release: &Release) -> Option<Why> {
        let of_release = |offer: &&OfferRecord| offer.release == release.id;
        let past = || self.past.iter().filter(of_release);
        let done_with = past().find_map(|offer| match offer.state {
            OfferState::RolledBack => Some(Why::RolledBack),
            OfferState::Refused => Some(Why::Refused),
            OfferState::Open | OfferState::Confirmed | OfferState::Superseded => None,
        });
        let confirmed = past().filter(|offer| offer.state == OfferState::Confirmed);
        let often = usize::try_from(self.attempts).is_ok_and(|most| confirmed.count() >= most);
        done_with.or(often.then_some(Why::RolledBack))
    }

    fn is_open(&self, release: &Release) -> bool {
        self.open
            .is_some_and(|open| open.offer.release == release.id)
    }
}

impl<'a> Decision<'a> {
    const fn stay(next: Next<'a>) -> Self {
        Self { end: None, next }
    }
}

#[cfg(test)]
mod tests;
