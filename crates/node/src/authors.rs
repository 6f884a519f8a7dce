//! The newest author set that the node followed, in the partition `authors`.
//!
//! The partition's first two sectors hold one record each; the valid one with the greater sequence counts, and a successor is
//! written to the other, so that a cut of power at any moment leaves the set that was there. Without a valid record the
//! factory's keys count, as in a new device. What was verified once is kept without its signatures.
//!
//! | offset | size | field                                                              |
//! |-------:|-----:|--------------------------------------------------------------------|
//! |      0 |    4 | `CSA1`                                                             |
//! |      4 |    4 | the set's sequence, little-endian as all that follows              |
//! |      8 |    4 | the set's length                                                   |
//! |     12 |   16 | zero                                                               |
//! |     28 |    4 | CRC-32 (as zlib's) of the 28 bytes before and of the set           |
//! |     32 |      | the set, as [`AuthorSet`] reads it; 0xFF to a multiple of 32 bytes |

use countersign_protocol::{AuthorSet, MAX_AUTHOR_SET};
use embedded_storage_async::nor_flash::NorFlash;

use crate::{
    Error, SECTOR,
    flash::{Place, UNIT},
};

/// Where sets are kept, and which one counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kept {
    place: Option<Place>,
    /// The sequence of the set that counts, 0 for the factory's keys.
    sequence: u32,
    /// The sector that it lies in.
    sector: u32,
}

impl Kept {
    /// Finds the newest valid record. `room` holds [`RECORD`] bytes at least.
    pub(crate) async fn open<F: NorFlash>(
        flash: &mut F,
        place: Option<Place>,
        room: &mut [u8],
    ) -> Result<Self, Error> {
        let mut kept = Self {
            place,
            sequence: 0,
            sector: 1,
        };
        let Some(place) = place else {
            return Ok(kept);
        };
        for sector in 0..2 {
            let bytes = room.get_mut(..RECORD).unwrap_or_default();
            place.read(flash, at(sector), bytes).await?;
            if let Some(set) = decode(bytes)
                && set.sequence > kept.sequence
            {
                (kept.sequence, kept.sector) = (set.sequence, sector);
            }
        }
        Ok(kept)
    }

    /// The sequence of the set that counts, 0 for the factory's keys; `None` where there is no place to keep one.
    pub(crate) fn sequence(&self) -> Option<u32> {
        self.place.map(|_| self.sequence)
    }

    /// Reads the record of the set that counts into `room`, for [`decode`]; nothing where the factory's keys do.
    pub(crate) async fn read<'r, F: NorFlash>(
        &self,
        flash: &mut F,
        room: &'r mut [u8],
    ) -> Result<Option<&'r [u8]>, Error> {
        let Some(place) = self.place.filter(|_| self.sequence > 0) else {
            return Ok(None);
        };
        let bytes = room.get_mut(..RECORD).unwrap_or_default();
        place.read(flash, at(self.sector), bytes).await?;
        Ok(Some(bytes))
    }

    /// Keeps a set that was followed, its record made in `room`.
    pub(crate) async fn keep<F: NorFlash>(
        &mut self,
        flash: &mut F,
        sequence: u32,
        set: &[u8],
        room: &mut [u8],
    ) -> Result<(), Error> {
        let Some(place) = self.place else {
            return Ok(());
        };
        let sector = u32::from(self.sector == 0);
        let too_long = Error::Flash {
            offset: place.offset,
        };
        let len = encode(sequence, set, room).ok_or(too_long)?;
        let record = room.get(..len).ok_or(too_long)?;
        place.erase_sector(flash, at(sector)).await?;
        place.write(flash, at(sector), record).await?;
        (self.sequence, self.sector) = (sequence, sector);
        Ok(())
    }
}

/// Makes a record in `room` and tells its length, a multiple of [`UNIT`]; `None` where the set is longer than any.
pub(crate) fn encode(sequence: u32, set: &[u8], room: &mut [u8]) -> Option<usize> {
    let len = u32::try_from(set.len()).ok()?;
    let whole = HEAD
        .checked_add(set.len())?
        .checked_next_multiple_of(UNIT)?;
    let record = room.get_mut(..whole.min(RECORD))?;
    record.fill(0xFF);
    let (head, rest) = record.split_first_chunk_mut::<HEAD>()?;
    rest.get_mut(..set.len())?.copy_from_slice(set);
    let fields: [&[u8]; 4] = [
        &MAGIC,
        &sequence.to_le_bytes(),
        &len.to_le_bytes(),
        &[0; 16],
    ];
    for (place, byte) in head.iter_mut().zip(fields.into_iter().flatten()) {
        *place = *byte;
    }
    let (said, crc) = head.split_last_chunk_mut::<4>()?;
    *crc = checksum(said, set).to_le_bytes();
    Some(whole)
}

/// Reads a record; `None` for one that is blank, torn, or holds no set.
pub(crate) fn decode(record: &[u8]) -> Option<AuthorSet<'_>> {
    let (head, rest) = record.split_first_chunk::<HEAD>()?;
    let (said, crc) = head.split_last_chunk::<4>()?;
    let (magic, numbers) = said.split_first_chunk::<4>()?;
    let (sequence, numbers) = numbers.split_first_chunk::<4>()?;
    let len = u32::from_le_bytes(*numbers.first_chunk::<4>()?);
    let set = rest.get(..usize::try_from(len).ok()?)?;
    if *magic != MAGIC || checksum(said, set) != u32::from_le_bytes(*crc) {
        return None;
    }
    AuthorSet::decode(set)
        .ok()
        .filter(|set| set.sequence == u32::from_le_bytes(*sequence))
}

fn checksum(head: &[u8], set: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(head);
    crc.update(set);
    crc.finalize()
}

fn at(sector: u32) -> u32 {
    sector.saturating_mul(u32::try_from(SECTOR).unwrap_or(u32::MAX))
}

const MAGIC: [u8; 4] = *b"CSA1";
const HEAD: usize = 32;

/// The longest record, in bytes.
pub(crate) const RECORD: usize = (HEAD + MAX_AUTHOR_SET).next_multiple_of(UNIT);

const _: () = assert!(RECORD <= SECTOR, "a set fits a sector");

#[cfg(test)]
mod tests;
