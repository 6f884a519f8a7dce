//! The server's answer.

use crate::cbor::{Reader, Writer, require};
use crate::manifest::MAX_MANIFEST;
use crate::{CURRENT, CoSignatures, Error, MIN, OfferId, SignedAuthorSet, UnixTime};

/// The answer to a [`CheckIn`](crate::CheckIn).
///
/// A CBOR map: 0 version, 1 time, 2 seconds to the next check-in, 3 offer (absent when there is none), 4 the next
/// author set (absent when there is none, and for a device that follows none).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CheckInReply<'a> {
    /// The server's time, by which an authenticated device moves its own forward.
    pub time: UnixTime,
    /// When the device shall check in again, in seconds.
    pub next_check_in_s: u32,
    /// What the device shall run next.
    pub offer: Option<Offer<'a>>,
    /// The signed successor of the author set that the device goes by: 1 to [`SignedAuthorSet::MAX_LEN`] bytes.
    pub authors: Option<&'a [u8]>,
}

/// A release for this device: the map under key 3 of a [`CheckInReply`]: 0 offer id, 1 manifest, 2 URL, 3
/// co-signatures (absent where one author has signed).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Offer<'a> {
    /// Names the offer in reports.
    pub id: OfferId,
    /// The author's manifest as published: a tagged `COSE_Sign1`, 1 to [`MAX_MANIFEST`] bytes.
    pub manifest: &'a [u8],
    /// Where the image is: absolute, `https`, good for minutes; 1 to [`MAX_URL`] bytes.
    pub url: &'a str,
    /// What further authors have signed of the manifest.
    pub co_signatures: CoSignatures<'a>,
}

impl<'a> CheckInReply<'a> {
    /// Writes the message and tells its length; [`MAX_REPLY`] bytes of room always suffice.
    ///
    /// # Errors
    /// `NoRoom`, and `BadField` where the manifest or the URL is empty or too long; the offset is that of the output.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, Error> {
        let mut writer = Writer::new(out);
        let entries = match (&self.offer, self.authors) {
            (Some(_), Some(_)) => 5,
            (None, None) => 3,
            _ => 4,
        };
        writer.map(entries)?;
        writer.uint_entry(0, CURRENT.into())?;
        writer.uint_entry(1, self.time.0)?;
        writer.uint_entry(2, self.next_check_in_s.into())?;
        if let Some(offer) = &self.offer {
            writer.key(3)?;
            let others = offer.co_signatures.as_bytes();
            writer.map(if others.is_empty() { 3 } else { 4 })?;
            writer.bytes_entry(0, &offer.id.0, 16..=16)?;
            writer.bytes_entry(1, offer.manifest, 1..=MAX_MANIFEST)?;
            writer.text_entry(2, offer.url, 1..=MAX_URL)?;
            if !others.is_empty() {
                writer.raw_entry(3, others)?;
            }
        }
        if let Some(authors) = self.authors {
            writer.bytes_entry(4, authors, 1..=SignedAuthorSet::MAX_LEN)?;
        }
        Ok(writer.len())
    }

    /// Reads the message; keys that it does not know, as a later version may have, are passed over.
    ///
    /// The manifest's bytes are handed on as they are; nothing is said of them.
    ///
    /// # Errors
    /// `NotCbor`, `NotDeterministic`, `Surplus`, `UnknownVersion`; `BadField` at a value of the wrong type, length or
    /// range; `MissingField` at the start of the map that lacks one.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(bytes, 0)?;
        let rest = reader.versioned_map(MIN..=CURRENT)?;
        let (mut time, mut next_check_in_s, mut offer, mut authors) = (None, None, None, None);
        for _ in 0..rest {
            match reader.key()? {
                Some(1) => time = Some(UnixTime(reader.u64()?)),
                Some(2) => next_check_in_s = Some(reader.u32()?),
                Some(3) => offer = Some(Offer::read(&mut reader)?),
                Some(4) => authors = Some(reader.bytes(1..=SignedAuthorSet::MAX_LEN)?),
                _ => reader.skip()?,
            }
        }
        Ok(Self {
            time: require(time, 0)?,
            next_check_in_s: require(next_check_in_s, 0)?,
            offer,
            authors,
        })
    }
}

impl<'a> Offer<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Error> {
        let start = reader.position();
        let (mut id, mut manifest, mut url) = (None, None, None);
        let mut co_signatures = CoSignatures::NONE;
        for _ in 0..reader.map()? {
            match reader.key()? {
                Some(0) => id = Some(OfferId(*reader.fixed()?)),
                Some(1) => manifest = Some(reader.bytes(1..=MAX_MANIFEST)?),
                Some(2) => url = Some(reader.text(1..=MAX_URL)?),
                Some(3) => co_signatures = CoSignatures::read(reader)?,
                _ => reader.skip()?,
            }
        }
        Ok(Self {
            id: require(id, start)?,
            manifest: require(manifest, start)?,
            url: require(url, start)?,
            co_signatures,
        })
    }
}

/// The longest URL of an offer, in bytes.
pub const MAX_URL: usize = 512;

/// The longest [`CheckInReply`] of this version, in bytes: the map's head, then each key with its value.
pub const MAX_REPLY: usize = 1 // map
    + 2 // version
    + 1 + 9 // time
    + 1 + 5 // next check-in
    + 1 + 1 // offer
    + 1 + 1 + 16 // offer id
    + 1 + 3 + MAX_MANIFEST
    + 1 + 3 + MAX_URL
    + 1 + CoSignatures::MAX_LEN
    + 1 + 3 + SignedAuthorSet::MAX_LEN; // author set
