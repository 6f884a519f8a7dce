//! Steps 6 and 7: what the boot loader shall start, and what it did start.

use countersign_esp_boot::{self as esp_boot, OtaData, Write};
use countersign_protocol::{OfferId, Outcome};
use embedded_storage_async::nor_flash::NorFlash;
use esp_formats::otadata::{self, OtaState, SelectEntry};

use super::{Node, verify::Verified};
use crate::{
    Error, Event, Observer, Platform,
    flash::Place,
    state::{Barred, Ended, Pending},
};

/// What became of the slot that was selected last.
enum Fate {
    /// The boot loader has not looked at it yet.
    Untried,
    /// It was tried, or could not be, and something else runs.
    WentBack,
    /// `otadata` knows nothing of it: power was cut before or while that was written.
    Lost,
}

impl<P: Platform> Node<'_, P> {
    /// Whether the running image has yet to prove itself.
    pub(super) fn on_trial(&self) -> bool {
        self.pending_verify || self.log.state().pending.is_some()
    }

    /// 7, first half: finds out after a reset whether the slot that was selected is the one that runs.
    pub(super) async fn look_back(&mut self) -> Result<(), Error> {
        let otadata = read(&mut self.parts.flash, self.places.otadata).await?;
        let layout = &self.places.layout;
        self.pending_verify = self.settings.running_slot.is_some_and(|slot| {
            esp_boot::state_of(layout, &otadata, slot) == Some(OtaState::PendingVerify)
        });
        let Some(pending) = self.log.state().pending else {
            return Ok(());
        };
        let runs = self.settings.running_slot == Some(pending.image.slot)
            && self.running.head == pending.image.head;
        if runs {
            return Ok(());
        }
        let fate = match esp_boot::state_of(layout, &otadata, pending.image.slot) {
            None => Fate::Lost,
            Some(OtaState::New) => Fate::Untried,
            Some(_) => Fate::WentBack,
        };
        let flash = &mut self.parts.flash;
        match fate {
            Fate::Untried => self.reboot_due = true,
            // The slot's bytes are still what they were: the next offer of this release selects it again.
            Fate::Lost => self.log.save(flash, |state| state.pending = None).await?,
            Fate::WentBack => {
                self.log
                    .save(flash, |state| {
                        let digest = pending.image.digest;
                        state.barred = Some(Barred {
                            digest,
                            counter: pending.counter,
                        });
                        state.ended = Some(Ended {
                            offer: pending.offer,
                            outcome: Outcome::RolledBack,
                            reason: None,
                            owed: true,
                        });
                        state.pending = None;
                        state.progress = None;
                    })
                    .await?;
                // Where the image did not even load, nobody has refused its entry yet. It must not be the active one
                // any longer: the next selection would overwrite the entry of the app that runs.
                if esp_boot::active(layout, &otadata)
                    .is_some_and(|active| Some(active.slot) != self.settings.running_slot)
                    && let Some(write) = esp_boot::reject(layout, &otadata)
                {
                    apply(flash, self.places.otadata, &write).await?;
                }
                self.parts.observer.event(Event::RolledBack);
            }
        }
        Ok(())
    }

    /// 6: records what is about to be tried, then tells the boot loader.
    ///
    /// In this order, because a boot of an image that nobody remembers could neither be confirmed nor barred. Power
    /// that is cut between the two leaves [`Fate::Lost`].
    pub(super) async fn select(
        &mut self,
        offer: OfferId,
        verified: &Verified,
    ) -> Result<(), Error> {
        let pending = Pending {
            offer,
            counter: verified.counter(),
            image: verified.image(),
        };
        let flash = &mut self.parts.flash;
        self.log
            .save(flash, |state| state.pending = Some(pending))
            .await?;
        let slot = pending.image.slot;
        let otadata = read(flash, self.places.otadata).await?;
        let write = esp_boot::select(&self.places.layout, &otadata, slot);
        apply(flash, self.places.otadata, &write).await?;
        self.parts.observer.event(Event::Selected { slot });
        Ok(())
    }

    /// 7, second half: a server has answered, so the running image stays.
    pub(super) async fn confirm(&mut self) -> Result<(), Error> {
        let flash = &mut self.parts.flash;
        let otadata = read(flash, self.places.otadata).await?;
        let layout = &self.places.layout;
        let runs = esp_boot::active(layout, &otadata)
            .is_some_and(|active| Some(active.slot) == self.settings.running_slot);
        if let Some(write) = esp_boot::confirm(layout, &otadata).filter(|_| runs) {
            apply(flash, self.places.otadata, &write).await?;
        }
        self.pending_verify = false;
        if let Some(pending) = self.log.state().pending {
            self.log
                .save(flash, |state| {
                    state.counter = pending.counter;
                    state.confirmed = Some(pending.image);
                    state.ended = Some(Ended {
                        offer: pending.offer,
                        outcome: Outcome::Confirmed,
                        reason: None,
                        owed: true,
                    });
                    state.pending = None;
                    state.progress = None;
                })
                .await?;
        }
        self.parts.observer.event(Event::Confirmed);
        Ok(())
    }

    /// 7, where no confirmation comes: has the boot loader start the image before.
    ///
    /// From an entry that says pending verify it goes back by itself. Not so where it was built without rollback, or where a
    /// cut of power in its own write spoiled the entry's state, which no CRC covers: it would start this image for ever.
    pub(super) async fn give_up(&mut self) -> Result<(), Error> {
        let flash = &mut self.parts.flash;
        let otadata = read(flash, self.places.otadata).await?;
        let layout = &self.places.layout;
        let stays = esp_boot::active(layout, &otadata).is_some_and(|active| {
            let aborted = layout.rollback && active.entry.state == OtaState::PendingVerify;
            Some(active.slot) == self.settings.running_slot && !aborted
        });
        if let Some(write) = esp_boot::reject(layout, &otadata).filter(|_| stays) {
            apply(flash, self.places.otadata, &write).await?;
        }
        Ok(())
    }
}

async fn read<F: NorFlash>(flash: &mut F, place: Place) -> Result<OtaData, Error> {
    let mut first = [0; SelectEntry::LEN];
    let mut second = [0; SelectEntry::LEN];
    place.read(flash, 0, &mut first).await?;
    place.read(flash, otadata::SECTOR, &mut second).await?;
    Ok(OtaData::parse([&first, &second]))
}

async fn apply<F: NorFlash>(flash: &mut F, place: Place, write: &Write) -> Result<(), Error> {
    let at = if write.index == 0 { 0 } else { otadata::SECTOR };
    place.erase_sector(flash, at).await?;
    place.write(flash, at, &write.entry.encode()).await
}
