//! An image read as far as it goes, for showing what a device would refuse.

use super::{
    AppDescriptor, CHECKSUM_BLOCK, CHECKSUM_SEED, DESCRIPTOR_OFFSET, Header, Segment, Signature,
    descriptor,
};
use crate::Error;
use crate::bytes::{array, slice, to_u32};

/// What an image has, right or wrong. [`super::AppImage`] is for what must be right.
#[derive(Clone, Copy, Debug)]
pub struct Survey<'a> {
    bytes: &'a [u8],
    header: Header,
    /// How many segments are whole.
    segments: u8,
    /// Why the image could not be read to its end.
    pub stopped: Option<Error>,
    /// The app's description, if it is one.
    pub descriptor: Option<AppDescriptor<'a>>,
    /// Why the description could not be read.
    pub descriptor_error: Option<Error>,
    /// The checksum, where all segments are whole.
    pub checksum: Option<Found<u8>>,
    /// The appended digest, where the image has one.
    pub digest: Option<Found<[u8; 32]>>,
    /// Length with checksum and digest in bytes, where all of it is there.
    pub image_len: Option<u32>,
}

/// A value that an image has, and what its bytes give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found<T> {
    /// Where it lies, in bytes from the start of the image.
    pub offset: u32,
    /// What the image has.
    pub stored: T,
    /// What its bytes give.
    pub computed: T,
}

impl<'a> Survey<'a> {
    /// Reads an image as far as it goes.
    ///
    /// # Errors
    ///
    /// Those of [`Header::parse`]: then there is nothing to be shown.
    pub fn read(file: &'a [u8], sha256: impl FnOnce(&[u8]) -> [u8; 32]) -> Result<Self, Error> {
        let header = Header::parse(file)?;
        let mut survey = Self {
            bytes: file,
            header,
            segments: 0,
            stopped: None,
            descriptor: None,
            descriptor_error: None,
            checksum: None,
            digest: None,
            image_len: None,
        };
        survey.stopped = survey.walk(sha256).err();
        Ok(survey)
    }

    fn walk(&mut self, sha256: impl FnOnce(&[u8]) -> [u8; 32]) -> Result<(), Error> {
        let mut computed = CHECKSUM_SEED;
        let mut at = Header::LEN;
        for index in 0..self.header.segment_count {
            let segment = Segment::parse(self.bytes, at)?;
            if index == 0 {
                match descriptor(segment.header, segment.data) {
                    Ok(found) => self.descriptor = found,
                    Err(error) => self.descriptor_error = Some(error),
                }
            }
            computed = segment.data.iter().fold(computed, |sum, byte| sum ^ byte);
            at = segment.end();
            self.segments = self.segments.saturating_add(1);
        }
        let checksum_at = at | (CHECKSUM_BLOCK.saturating_sub(1));
        let [stored] = *array(self.bytes, checksum_at)?;
        self.checksum = Some(Found {
            offset: to_u32(checksum_at),
            stored,
            computed,
        });
        let mut end = checksum_at.saturating_add(1);
        if self.header.has_digest {
            let stored: [u8; 32] = *array(self.bytes, end)?;
            self.digest = Some(Found {
                offset: to_u32(end),
                stored,
                computed: sha256(slice(self.bytes, 0, end)?),
            });
            end = end.saturating_add(stored.len());
        }
        self.image_len = Some(to_u32(end));
        Ok(())
    }

    /// Gives the header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Iterates over the segments that are whole, in the order of the file.
    pub fn segments(&self) -> impl Iterator<Item = Segment<'a>> + use<'a> {
        let bytes = self.bytes;
        let mut at = Header::LEN;
        (0..self.segments).map_while(move |_| {
            let segment = Segment::parse(bytes, at).ok()?;
            at = segment.end();
            Some(segment)
        })
    }

    /// Gives the boot loader's description, where the image has one.
    pub fn boot_descriptor(&self) -> Option<BootDescriptor<'a>> {
        let data = self.segments().next()?.data;
        BootDescriptor::parse(data)
    }

    /// Gives the signature that follows the image, where all of that is there.
    pub fn signature(&self) -> Signature<'a> {
        match self.image_len {
            Some(len) => Signature::find(self.bytes, crate::bytes::to_usize(len)),
            None => Signature::None,
        }
    }

    /// Where an image's description lies, in bytes from its start.
    pub const DESCRIPTOR_OFFSET: usize = DESCRIPTOR_OFFSET;
}

/// What a boot loader says of itself: 80 bytes at offset 32 of its image.
///
/// | offset | size | field                                  |
/// |-------:|-----:|----------------------------------------|
/// |      0 |    1 | magic 80                               |
/// |      1 |    2 | reserved                               |
/// |      3 |    1 | `secure_version`                       |
/// |      4 |    4 | `version`, of the boot loader          |
/// |      8 |   32 | `idf_version`                          |
/// |     40 |   24 | `date_time`, of the build              |
/// |     64 |   16 | reserved                               |
///
/// Source: ESP-IDF v5.5.5, `components/esp_bootloader_format/include/esp_bootloader_desc.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "esp_bootloader_desc_t")]
pub struct BootDescriptor<'a> {
    /// Security version; 0 before ESP-IDF v5.5.
    pub secure_version: u8,
    /// The team's number of it.
    pub version: u32,
    /// ESP-IDF's version.
    pub idf_version: &'a str,
    /// Date and time of the build.
    pub date_time: &'a str,
}

impl<'a> BootDescriptor<'a> {
    /// Parses a description; `None` where there is none. The magic is one byte: the texts must be texts, too.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let [magic, _, _, secure_version] = *array(bytes, 0).ok()?;
        slice(bytes, 0, 80).ok()?;
        let text = |at, len| descriptor::text(bytes, at, len).ok();
        let idf_version = text(8, 32)?;
        let is_text = !idf_version.is_empty() && !idf_version.contains(char::is_control);
        (magic == BOOT_MAGIC && is_text).then_some(Self {
            secure_version,
            version: crate::bytes::u32_le(bytes, 4).ok()?,
            idf_version,
            date_time: text(40, 24)?,
        })
    }
}

const BOOT_MAGIC: u8 = 80;
