//! The signed manifest: what an author says of one release.

mod author;
mod release;
mod signed;
pub(crate) mod signing;

pub use author::{Author, AuthorId, Es256Verifier, NotAnAuthorId};
pub use release::{CoSignatures, MAX_SIGNED_RELEASE, SignedRelease};
pub use signed::{SignedManifest, VerifiedManifest};
pub use signing::{assemble, to_be_signed};

use crate::cbor::{Reader, Writer, offset, require};
use crate::message::MAX_NAME;
use crate::{Digest, Error, ErrorKind, UnixTime};

/// What an author says of one release (RFC 9019; the fields map to RFC 9124's information model).
///
/// A deterministic CBOR map: 0 manifest version (1), 1 product, 2 chip, 3 project, 4 version, 5 image digest,
/// 6 image size, 7 counter, 8 secure version, 9 created, 10 not after (absent when it has no end).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Manifest<'a> {
    /// The product that the release is for, 1 to 32 bytes.
    pub product: &'a str,
    /// The chip, by its ESP-IDF `esp_chip_id_t`.
    pub chip: u16,
    /// The project name in the image's app descriptor, 0 to 32 bytes.
    pub project: &'a str,
    /// The version in the image's app descriptor, 1 to 32 bytes.
    pub version: &'a str,
    /// SHA-256 of the image file, every byte of it, as the device will hold it in its slot.
    pub image: Digest,
    /// The image file's length in bytes.
    pub size: u32,
    /// Grows with every release of a product; a device takes none that does not.
    pub counter: u64,
    /// The app descriptor's anti-rollback version.
    pub secure_version: u32,
    /// When the author signed it, by his clock.
    pub created: UnixTime,
    /// The last second in which a device may accept it.
    pub not_after: Option<UnixTime>,
}

impl<'a> Manifest<'a> {
    /// Writes the manifest, which an author may then sign, and tells its length.
    ///
    /// # Errors
    /// `NoRoom`, and `BadField` where a text is too short or too long; the offset is that of the output.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, Error> {
        let mut writer = Writer::new(out);
        writer.map(if self.not_after.is_some() { 11 } else { 10 })?;
        writer.uint_entry(0, VERSION.into())?;
        writer.text_entry(1, self.product, 1..=MAX_NAME)?;
        writer.uint_entry(2, self.chip.into())?;
        writer.text_entry(3, self.project, 0..=MAX_NAME)?;
        writer.text_entry(4, self.version, 1..=MAX_NAME)?;
        writer.bytes_entry(5, &self.image.0, 32..=32)?;
        writer.uint_entry(6, self.size.into())?;
        writer.uint_entry(7, self.counter)?;
        writer.uint_entry(8, self.secure_version.into())?;
        writer.uint_entry(9, self.created.0)?;
        if let Some(not_after) = self.not_after {
            writer.uint_entry(10, not_after.0)?;
        }
        Ok(writer.len())
    }

    /// Reads a manifest. It says nothing of who wrote it: see [`SignedManifest::verify`].
    ///
    /// Unlike a message, a manifest may hold no field that this crate does not know: what an author demands and a
    /// device cannot obey must not be passed over.
    ///
    /// # Errors
    /// `NotCbor`, `NotDeterministic`, `Surplus`, `UnknownVersion`; `BadField` at a value of the wrong type, length or
    /// range; `UnknownField` at its key; `MissingField` at the start of the map.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(bytes, 0)?;
        let rest = reader.versioned_map(VERSION..=VERSION)?;
        let (mut product, mut chip, mut project, mut version) = (None, None, None, None);
        let (mut image, mut size, mut counter, mut secure_version) = (None, None, None, None);
        let (mut created, mut not_after) = (None, None);
        for _ in 0..rest {
            let key_at = reader.position();
            match reader.key()? {
                Some(1) => product = Some(reader.text(1..=MAX_NAME)?),
                Some(2) => chip = Some(reader.u16()?),
                Some(3) => project = Some(reader.text(0..=MAX_NAME)?),
                Some(4) => version = Some(reader.text(1..=MAX_NAME)?),
                Some(5) => image = Some(Digest(*reader.fixed()?)),
                Some(6) => size = Some(reader.u32()?),
                Some(7) => counter = Some(reader.u64()?),
                Some(8) => secure_version = Some(reader.u32()?),
                Some(9) => created = Some(UnixTime(reader.u64()?)),
                Some(10) => not_after = Some(UnixTime(reader.u64()?)),
                _ => {
                    return Err(Error {
                        kind: ErrorKind::UnknownField,
                        offset: offset(key_at),
                    });
                }
            }
        }
        Ok(Self {
            product: require(product, 0)?,
            chip: require(chip, 0)?,
            project: require(project, 0)?,
            version: require(version, 0)?,
            image: require(image, 0)?,
            size: require(size, 0)?,
            counter: require(counter, 0)?,
            secure_version: require(secure_version, 0)?,
            created: require(created, 0)?,
            not_after,
        })
    }
}

/// The longest [`SignedManifest`], in bytes; what [`Manifest`] can hold today stays well below.
pub const MAX_MANIFEST: usize = 512;

/// The manifest's own version, counted apart from that of the messages.
const VERSION: u8 = 1;
