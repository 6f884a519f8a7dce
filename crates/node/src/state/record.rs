//! One record of the node's state as bytes.
//!
//! 256 bytes, little-endian; a field whose flag is not set is zero:
//!
//! | offset | size | field                                                                              |
//! |-------:|-----:|------------------------------------------------------------------------------------|
//! |      0 |    4 | magic `CSN1`                                                                       |
//! |      4 |    4 | sequence number, from 1                                                            |
//! |      8 |    8 | latest time stated, seconds since 1970                                             |
//! |     16 |    8 | counter of the newest confirmed release                                            |
//! |     24 |    1 | flags: 1 confirmed, 2 pending, 4 progress, 8 barred, 16 ended, 32 report owed      |
//! |     25 |    1 | confirmed image: slot                                                              |
//! |     26 |    1 | pending image: slot                                                                |
//! |     27 |    1 | progress: slot                                                                     |
//! |     28 |    1 | ended: outcome, by its wire value                                                  |
//! |     29 |    1 | ended: reason, by its wire value; 0 = none                                         |
//! |     30 |    2 | zero                                                                               |
//! |     32 |   32 | confirmed image: SHA-256                                                           |
//! |     64 |    4 | confirmed image: CRC-32 of its first 288 bytes                                     |
//! |     68 |   16 | pending: offer id                                                                  |
//! |     84 |    8 | pending: counter                                                                   |
//! |     92 |   32 | pending image: SHA-256                                                             |
//! |    124 |    4 | pending image: CRC-32 of its first 288 bytes                                       |
//! |    128 |   32 | progress: SHA-256 of the whole image                                               |
//! |    160 |    4 | progress: length of the whole image                                                |
//! |    164 |    4 | progress: bytes written                                                            |
//! |    168 |   32 | barred: SHA-256                                                                    |
//! |    200 |    8 | barred: counter                                                                    |
//! |    208 |   16 | ended: offer id                                                                    |
//! |    224 |    8 | latest time at which a server proved itself, seconds since 1970                    |
//! |    232 |   20 | zero                                                                               |
//! |    252 |    4 | CRC-32 (as zlib's) of the 252 bytes before                                         |

use countersign_protocol::{Digest, OfferId, Outcome, Reason, UnixTime};

use super::{Barred, Ended, Installed, Pending, Progress, State};

/// A record's length, a multiple of every write unit that flash encryption or another chip may ask for up to 32.
pub(crate) const RECORD: usize = 256;

/// Writes a record.
pub(crate) fn encode(sequence: u32, state: &State) -> [u8; RECORD] {
    let no_image = Installed {
        slot: 0,
        digest: Digest([0; 32]),
        head: 0,
    };
    let confirmed = state.confirmed.unwrap_or(no_image);
    let no_offer = OfferId([0; 16]);
    let pending = state.pending.unwrap_or(Pending {
        offer: no_offer,
        counter: 0,
        image: no_image,
    });
    let progress = state.progress.unwrap_or(Progress {
        slot: 0,
        digest: no_image.digest,
        size: 0,
        written: 0,
    });
    let barred = state.barred.unwrap_or(Barred {
        digest: no_image.digest,
        counter: 0,
    });
    let flag = |set: bool, bit: u8| if set { bit } else { 0 };
    let flags = flag(state.confirmed.is_some(), CONFIRMED)
        | flag(state.pending.is_some(), PENDING)
        | flag(state.progress.is_some(), PROGRESS)
        | flag(state.barred.is_some(), BARRED)
        | flag(state.ended.is_some(), ENDED)
        | flag(state.ended.is_some_and(|ended| ended.owed), OWED);
    let outcome = state.ended.map_or(0, |ended| ended.outcome.wire());
    let reason = state
        .ended
        .and_then(|ended| ended.reason)
        .map_or(0, Reason::wire);
    let ended_offer = state.ended.map_or(no_offer, |ended| ended.offer);

    let fields: [&[u8]; 19] = [
        &MAGIC,
        &sequence.to_le_bytes(),
        &state.time.0.to_le_bytes(),
        &state.counter.to_le_bytes(),
        &[
            flags,
            confirmed.slot,
            pending.image.slot,
            progress.slot,
            outcome,
            reason,
            0,
            0,
        ],
        &confirmed.digest.0,
        &confirmed.head.to_le_bytes(),
        &pending.offer.0,
        &pending.counter.to_le_bytes(),
        &pending.image.digest.0,
        &pending.image.head.to_le_bytes(),
        &progress.digest.0,
        &progress.size.to_le_bytes(),
        &progress.written.to_le_bytes(),
        &barred.digest.0,
        &barred.counter.to_le_bytes(),
        &ended_offer.0,
        &state.proven.0.to_le_bytes(),
        &[0; 20],
    ];
    let mut record = [0; RECORD];
    for (place, byte) in record.iter_mut().zip(fields.into_iter().flatten()) {
        *place = *byte;
    }
    if let Some((body, crc)) = record.split_last_chunk_mut::<4>() {
        *crc = crc32fast::hash(body).to_le_bytes();
    }
    record
}

/// Reads a record; `None` for one that is blank, torn, or says what no record says.
pub(crate) fn decode(record: &[u8; RECORD]) -> Option<(u32, State)> {
    let (body, crc) = record.split_last_chunk::<4>()?;
    if crc32fast::hash(body) != u32::from_le_bytes(*crc) {
        return None;
    }
    let mut fields = Fields(body);
    if fields.array()? != MAGIC {
        return None;
    }
    let sequence = fields.u32()?;
    let time = UnixTime(fields.u64()?);
    let counter = fields.u64()?;
    let [
        flags,
        confirmed_slot,
        pending_slot,
        progress_slot,
        outcome,
        reason,
        _,
        _,
    ] = fields.array()?;
    let confirmed = fields.image(confirmed_slot)?;
    let pending = Pending {
        offer: OfferId(fields.array()?),
        counter: fields.u64()?,
        image: fields.image(pending_slot)?,
    };
    let progress = Progress {
        slot: progress_slot,
        digest: Digest(fields.array()?),
        size: fields.u32()?,
        written: fields.u32()?,
    };
    let barred = Barred {
        digest: Digest(fields.array()?),
        counter: fields.u64()?,
    };
    let ended_offer = OfferId(fields.array()?);
    let proven = UnixTime(fields.u64()?);
    let ended = match flags & ENDED {
        0 => None,
        _ => Some(Ended {
            offer: ended_offer,
            outcome: Outcome::from_wire(outcome)?,
            reason: Reason::from_wire(reason),
            owed: flags & OWED != 0,
        }),
    };
    let state = State {
        time,
        proven,
        counter,
        confirmed: (flags & CONFIRMED != 0).then_some(confirmed),
        pending: (flags & PENDING != 0).then_some(pending),
        progress: (flags & PROGRESS != 0).then_some(progress),
        barred: (flags & BARRED != 0).then_some(barred),
        ended,
    };
    Some((sequence, state))
}

/// Fields taken one after the other.
struct Fields<'r>(&'r [u8]);

impl Fields<'_> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*field)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn image(&mut self, slot: u8) -> Option<Installed> {
        Some(Installed {
            slot,
            digest: Digest(self.array()?),
            head: self.u32()?,
        })
    }
}

const MAGIC: [u8; 4] = *b"CSN1";
const CONFIRMED: u8 = 1;
const PENDING: u8 = 2;
const PROGRESS: u8 = 4;
const BARRED: u8 = 8;
const ENDED: u8 = 16;
const OWED: u8 = 32;
