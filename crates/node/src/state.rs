//! What the node must not forget: its own record in the partition `node_state`.
//!
//! The partition's first two sectors are a log. A record is appended; the valid one with the greatest sequence number
//! counts. A full sector stays as it is until the first record in the other one is whole, so that a cut of power at
//! any moment leaves the last record or the one before it. The partition must not be encrypted: on encrypted flash
//! erased bytes do not read as 0xFF, and what is kept here is no secret.

use countersign_protocol::{Digest, OfferId, Outcome, Reason, UnixTime};
use embedded_storage_async::nor_flash::NorFlash;

use crate::{Error, SECTOR, flash::Place};

pub(crate) mod record;

pub(crate) use record::RECORD;

/// Everything that is remembered over a reset. The default is what a new device knows.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct State {
    /// The latest time that an authenticated server stated. It goes back to `proven` where no server proves itself at
    /// it, and never further.
    pub time: UnixTime,
    /// The latest of these at which a server has proved itself since. Never goes back.
    pub proven: UnixTime,
    /// The counter of the newest release that was confirmed.
    pub counter: u64,
    /// The image that was confirmed with it.
    pub confirmed: Option<Installed>,
    /// The image that was selected and is not confirmed yet.
    pub pending: Option<Pending>,
    /// How far a download came.
    pub progress: Option<Progress>,
    /// The newest release that the boot loader went back from: neither its image nor its counter is taken again.
    pub barred: Option<Barred>,
    /// How the newest offer that ended here did so.
    pub ended: Option<Ended>,
}

/// An image in a slot.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Installed {
    /// The OTA slot, from 0.
    pub slot: u8,
    /// SHA-256 of the image file.
    pub digest: Digest,
    /// CRC-32 of the first 288 bytes, by which an image that came by cable since is told from this one.
    pub head: u32,
}

/// A selected image that has not proved itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Pending {
    /// The offer that it came by.
    pub offer: OfferId,
    /// Its manifest's counter.
    pub counter: u64,
    /// The image itself.
    pub image: Installed,
}

/// How far a download came.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Progress {
    /// The slot that it goes to.
    pub slot: u8,
    /// The digest of the whole image.
    pub digest: Digest,
    /// The whole image's length in bytes.
    pub size: u32,
    /// Bytes that are in the slot at least: whole sectors, or all.
    pub written: u32,
}

/// A release that is not taken again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Barred {
    /// The image's digest, under whatever counter it may come.
    pub digest: Digest,
    /// The counter: it and all below it are old.
    pub counter: u64,
}

/// How an offer ended, for the report.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ended {
    /// The offer.
    pub offer: OfferId,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, where the outcome has a reason.
    pub reason: Option<Reason>,
    /// Whether no server has taken the report yet.
    pub owed: bool,
}

/// The log: where it is, where its next record goes, and what the last one said.
#[derive(Debug)]
pub(crate) struct Log {
    place: Place,
    /// The sector of the newest record, 0 or 1.
    sector: u32,
    /// The first place behind everything in that sector.
    next: u32,
    sequence: u32,
    saved: State,
    state: State,
}

impl Log {
    /// Finds the newest valid record; without one the state is that of a new device.
    pub(crate) async fn open<F: NorFlash>(flash: &mut F, place: Place) -> Result<Self, Error> {
        let mut log = Self {
            place,
            sector: 1,
            next: PER_SECTOR,
            sequence: 0,
            saved: State::default(),
            state: State::default(),
        };
        for sector in 0..2 {
            let mut newest = false;
            let mut used = 0;
            for index in 0..PER_SECTOR {
                let mut bytes = [0; RECORD];
                place.read(flash, at(sector, index), &mut bytes).await?;
                if bytes.iter().any(|byte| *byte != 0xFF) {
                    used = index.saturating_add(1);
                }
                if let Some((sequence, state)) = record::decode(&bytes)
                    && sequence > log.sequence
                {
                    newest = true;
                    log.sequence = sequence;
                    log.saved = state;
                }
            }
            if newest {
                log.sector = sector;
                log.next = used;
            }
        }
        log.state = log.saved;
        Ok(log)
    }

    /// What is known now.
    pub(crate) const fn state(&self) -> &State {
        &self.state
    }

    /// Moves the time forward, in memory until the next record or until [`TIME_STEP_S`] have gathered.
    pub(crate) fn advance(&mut self, time: UnixTime) {
        self.state.time = self.state.time.max(time);
    }

    /// A server has proved itself at the time that was stated last.
    pub(crate) fn prove(&mut self) {
        self.state.proven = self.state.time;
    }

    /// No server proved itself at the time that was stated last: it is forgotten.
    pub(crate) fn doubt(&mut self) {
        self.state.time = self.state.time.min(self.state.proven);
    }

    /// Writes the time where it has moved far enough to be worth a record.
    pub(crate) async fn settle<F: NorFlash>(&mut self, flash: &mut F) -> Result<(), Error> {
        self.save(flash, |_| {}).await
    }

    /// Changes the state and writes it, unless nothing is new but a little time.
    pub(crate) async fn save<F: NorFlash>(
        &mut self,
        flash: &mut F,
        change: impl FnOnce(&mut State),
    ) -> Result<(), Error> {
        change(&mut self.state);
        let timeless = State {
            time: self.saved.time,
            proven: self.saved.proven,
            ..self.state
        };
        let gained = |now: UnixTime, saved: UnixTime| now.0.saturating_sub(saved.0) >= TIME_STEP_S;
        let worth_it = gained(self.state.time, self.saved.time)
            || gained(self.state.proven, self.saved.proven)
            || self.state.time < self.saved.time;
        if timeless == self.saved && !worth_it {
            return Ok(());
        }
        if self.sequence == u32::MAX {
            // No flash lives to write so many: somebody put the number there, and nothing could count after it.
            self.place.erase_sector(flash, at(0, 0)).await?;
            self.place.erase_sector(flash, at(1, 0)).await?;
            (self.sector, self.next, self.sequence) = (0, 0, 0);
        }
        let (sector, index) = if self.next < PER_SECTOR {
            (self.sector, self.next)
        } else {
            let other = u32::from(self.sector == 0);
            self.place.erase_sector(flash, at(other, 0)).await?;
            (other, 0)
        };
        // The place is spent even where the write fails.
        (self.sector, self.next) = (sector, index.saturating_add(1));
        let sequence = self.sequence.saturating_add(1);
        let bytes = record::encode(sequence, &self.state);
        self.place.write(flash, at(sector, index), &bytes).await?;
        self.sequence = sequence;
        self.saved = self.state;
        Ok(())
    }
}

/// The offset of a record in the partition.
fn at(sector: u32, index: u32) -> u32 {
    let record = u32::try_from(RECORD).unwrap_or(u32::MAX);
    let sector_len = u32::try_from(SECTOR).unwrap_or(u32::MAX);
    sector
        .saturating_mul(sector_len)
        .saturating_add(index.saturating_mul(record))
}

/// Records in a sector.
const PER_SECTOR: u32 = 16;

/// How far the time moves before it is written for its own sake, in seconds. At one record an hour a sector is erased
/// every 32 hours: its 100,000 cycles last longer than the device.
const TIME_STEP_S: u64 = 3600;

#[cfg(test)]
mod tests;
