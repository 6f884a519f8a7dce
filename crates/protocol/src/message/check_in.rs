//! The device's question.

use crate::cbor::{Reader, Writer, require};
use crate::message::MAX_NAME;
use crate::{CURRENT, Digest, Error, MIN};

/// How the running slot stands with the boot loader.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SlotState {
    /// The running image was confirmed, or rollback is not in use (wire: 0).
    Confirmed,
    /// The running image is on its first boot and not yet confirmed (wire: 1).
    PendingVerify,
}

/// A device says what it runs and asks what is next: the body of `POST /v1/checkin`.
///
/// A CBOR map: 0 version, 1 product, 2 chip, 3 running version, 4 image digest (absent when the device does
/// not know it), 5 counter, 6 secure version, 7 slot, 8 slot state, 9 author set (absent
/// from a device that follows none).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CheckIn<'a> {
    /// The product that the device was made as, 1 to 32 bytes.
    pub product: &'a str,
    /// The chip, by its ESP-IDF `esp_chip_id_t`.
    pub chip: u16,
    /// The version in the running image's app descriptor, 0 to 32 bytes.
    pub version: &'a str,
    /// SHA-256 of the running image file, as its manifest stated it; `None` for an image that came by cable.
    pub image: Option<Digest>,
    /// The counter of the newest manifest that the device accepted and confirmed; 0 before the first.
    pub counter: u64,
    /// The secure version below which the device refuses images.
    pub secure_version: u32,
    /// The OTA slot that runs, from 0.
    pub slot: u8,
    /// How that slot stands with the boot loader.
    pub state: SlotState,
    /// The sequence of the author set that the device goes by, 0 for the factory's keys; `None` where it can follow no set.
    pub authors: Option<u32>,
}

impl<'a> CheckIn<'a> {
    /// Writes the message and tells its length; [`MAX_CHECK_IN`] bytes of room always suffice.
    ///
    /// # Errors
    /// `NoRoom`, and `BadField` where a text is too short or too long; the offset is that of the output.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, Error> {
        let mut writer = Writer::new(out);
        let entries = match (self.image, self.authors) {
            (Some(_), Some(_)) => 10,
            (None, None) => 8,
            _ => 9,
        };
        writer.map(entries)?;
        writer.uint_entry(0, CURRENT.into())?;
        writer.text_entry(1, self.product, 1..=MAX_NAME)?;
        writer.uint_entry(2, self.chip.into())?;
        writer.text_entry(3, self.version, 0..=MAX_NAME)?;
        if let Some(image) = self.image {
            writer.bytes_entry(4, &image.0, 32..=32)?;
        }
        writer.uint_entry(5, self.counter)?;
        writer.uint_entry(6, self.secure_version.into())?;
        writer.uint_entry(7, self.slot.into())?;
        writer.uint_entry(8, self.state.wire().into())?;
        if let Some(authors) = self.authors {
            writer.uint_entry(9, authors.into())?;
        }
        Ok(writer.len())
    }

    /// Reads the message; keys that it does not know, as a later version may have, are passed over.
    ///
    /// # Errors
    /// `NotCbor`, `NotDeterministic`, `Surplus`, `UnknownVersion`; `BadField` at a value of the wrong type, length or
    /// range; `MissingField` at the start of the map that lacks one.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(bytes, 0)?;
        let rest = reader.versioned_map(MIN..=CURRENT)?;
        let (mut product, mut chip, mut version, mut image) = (None, None, None, None);
        let (mut counter, mut secure_version, mut slot, mut state) = (None, None, None, None);
        let mut authors = None;
        for _ in 0..rest {
            match reader.key()? {
                Some(1) => product = Some(reader.text(1..=MAX_NAME)?),
                Some(2) => chip = Some(reader.u16()?),
                Some(3) => version = Some(reader.text(0..=MAX_NAME)?),
                Some(4) => image = Some(Digest(*reader.fixed()?)),
                Some(5) => counter = Some(reader.u64()?),
                Some(6) => secure_version = Some(reader.u32()?),
                Some(7) => slot = Some(reader.u8()?),
                Some(8) => state = Some(reader.one_of(SlotState::from_wire)?),
                Some(9) => authors = Some(reader.u32()?),
                _ => reader.skip()?,
            }
        }
        Ok(Self {
            product: require(product, 0)?,
            chip: require(chip, 0)?,
            version: require(version, 0)?,
            image,
            counter: require(counter, 0)?,
            secure_version: require(secure_version, 0)?,
            slot: require(slot, 0)?,
            state: require(state, 0)?,
            authors,
        })
    }
}

impl SlotState {
    const fn wire(self) -> u8 {
        match self {
            Self::Confirmed => 0,
            Self::PendingVerify => 1,
        }
    }

    const fn from_wire(value: u8) -> Option<Self> {
        match value {
            0 => Some(Self::Confirmed),
            1 => Some(Self::PendingVerify),
            _ => None,
        }
    }

    /// A stable name for JSON and logs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::PendingVerify => "pending-verify",
        }
    }
}

/// The longest [`CheckIn`] of this version, in bytes: the map's head, then each key with its value.
pub const MAX_CHECK_IN: usize = 1 // map
    + 2 // version
    + 1 + 2 + MAX_NAME // product
    + 1 + 3 // chip
    + 1 + 2 + MAX_NAME // running version
    + 1 + 2 + 32 // image
    + 1 + 9 // counter
    + 1 + 5 // secure version
    + 1 + 2 // slot
    + 2 // slot state
    + 1 + 5; // author set
