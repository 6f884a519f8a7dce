//! One image on its way into the slot: what is there, and what it hashes to so far.

use countersign_protocol::{Digest, Reason};
use embedded_storage_async::nor_flash::NorFlash;
use esp_formats::app_image;

use super::Pause;
use crate::{
    Crypto, SECTOR, Sha256,
    flash::UNIT,
    node::{Halt, accept::Accepted},
    places::Places,
    state::{Log, Progress},
};

/// One image on its way into the slot.
pub(super) struct Transfer<H> {
    hash: H,
    /// Bytes in the slot: whole sectors, or all.
    written: u32,
    /// Of these, how many are on record.
    recorded: Option<u32>,
    now_ms: u64,
    /// When that was.
    recorded_ms: u64,
    /// SHA-256 of the first answer's `ETag`, so that one of any length is kept.
    etag: Option<[u8; 32]>,
    resumed: bool,
}

impl<H: Sha256> Transfer<H> {
    /// Nothing is there yet.
    pub(super) fn new<C: Crypto<Sha256 = H>>(crypto: &C) -> Self {
        Self {
            hash: crypto.sha256(),
            written: 0,
            recorded: None,
            now_ms: 0,
            recorded_ms: 0,
            etag: None,
            resumed: false,
        }
    }

    pub(super) const fn written(&self) -> u32 {
        self.written
    }

    /// Tells what time it is, in milliseconds of uptime.
    pub(super) const fn now(&mut self, now_ms: u64) {
        self.now_ms = now_ms;
    }

    /// Whether some of it was written in an earlier boot or by an earlier offer.
    pub(super) const fn was_resumed(&self) -> bool {
        self.resumed
    }

    /// What was written hashes to; a transfer that was asked takes no more.
    pub(super) fn finish<C: Crypto<Sha256 = H>>(&mut self, crypto: &C) -> Digest {
        Digest(core::mem::replace(&mut self.hash, crypto.sha256()).finish())
    }

    /// Takes up the first `written` bytes of the slot.
    pub(super) async fn rehash<F: NorFlash>(
        &mut self,
        flash: &mut F,
        places: &Places,
        sector: &mut [u8; SECTOR],
        written: u32,
    ) -> Result<(), Halt> {
        self.resumed = true;
        self.recorded = Some(written);
        while self.written < written {
            let left = usize::try_from(written.saturating_sub(self.written)).unwrap_or(SECTOR);
            let len = left.min(SECTOR);
            let padded = sector
                .get_mut(..len.next_multiple_of(UNIT))
                .unwrap_or_default();
            let read = places.target.read(flash, self.written, padded).await;
            read.map_err(|_| Halt::Failed(Reason::Flash))?;
            self.take(sector.get(..len).unwrap_or_default());
        }
        Ok(())
    }

    /// Holds the server to the `ETag` of its first answer: bytes of two images are never spliced.
    pub(super) fn pin<C: Crypto<Sha256 = H>>(
        &mut self,
        crypto: &C,
        etag: Option<&[u8]>,
    ) -> Result<(), Pause> {
        let Some(etag) = etag else {
            return if self.etag.is_none() {
                Ok(())
            } else {
                Err(Pause::Changed)
            };
        };
        let mut hash = crypto.sha256();
        hash.update(etag);
        let etag = hash.finish();
        match self.etag.replace(etag) {
            Some(pinned) if pinned != etag => Err(Pause::Changed),
            _ => Ok(()),
        }
    }

    /// Writes the first `len` bytes of `sector` behind what is there, and records now and then how far it is.
    pub(super) async fn put<F: NorFlash>(
        &mut self,
        flash: &mut F,
        places: &Places,
        log: &mut Log,
        accepted: &Accepted,
        sector: &mut [u8; SECTOR],
        len: usize,
    ) -> Result<(), Halt> {
        if self.written == 0 {
            // Before anything is erased.
            let head = sector.first_chunk::<{ app_image::Head::LEN }>();
            let head = head.ok_or(Halt::Refused(Reason::WrongImage))?;
            accepted.check_head(head).map_err(Halt::Refused)?;
        }
        if self.recorded.is_none() {
            self.record(flash, places, log, accepted).await?;
        }
        let padded = len.next_multiple_of(UNIT);
        sector.get_mut(len..padded).unwrap_or_default().fill(0xFF);
        let bytes = sector.get(..padded).unwrap_or_default();
        let failed = |_| Halt::Failed(Reason::Flash);
        places
            .target
            .erase_sector(flash, self.written)
            .await
            .map_err(failed)?;
        places
            .target
            .write(flash, self.written, bytes)
            .await
            .map_err(failed)?;
        self.take(bytes.get(..len).unwrap_or_default());

        let new = self
            .written
            .saturating_sub(self.recorded.unwrap_or_default());
        let late = self.now_ms.saturating_sub(self.recorded_ms) >= RECORD_MS;
        if new >= RECORD_STEP || late || self.written == accepted.size {
            self.record(flash, places, log, accepted).await?;
        }
        Ok(())
    }

    fn take(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.written = self
            .written
            .saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    }

    async fn record<F: NorFlash>(
        &mut self,
        flash: &mut F,
        places: &Places,
        log: &mut Log,
        accepted: &Accepted,
    ) -> Result<(), Halt> {
        let progress = Progress {
            slot: places.target_slot,
            digest: accepted.digest,
            size: accepted.size,
            written: self.written,
        };
        log.save(flash, |state| state.progress = Some(progress))
            .await?;
        self.recorded = Some(self.written);
        self.recorded_ms = self.now_ms;
        Ok(())
    }
}

/// Bytes between two records of progress: what a reset costs at most, against 256 bytes of log.
const RECORD_STEP: u32 = 64 * 1024;

/// Milliseconds after which a record is made however little was gained, a sector at least. A device that is awake for a
/// minute at a time gets there by it over a link on which that minute brings less than [`RECORD_STEP`]; four hours of it
/// erase the log 90 times.
const RECORD_MS: u64 = 10 * 1000;
