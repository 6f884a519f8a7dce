//! App images: what the build makes, what an update carries, what lies in a slot.
//!
//! | part            | length                                                                              |
//! |-----------------|-------------------------------------------------------------------------------------|
//! | [`Header`]      | 24                                                                                  |
//! | segments        | [`SegmentHeader`] (8) and its data, 1 to 16 times; the first data begins with the [`AppDescriptor`] |
//! | padding         | zeros, so that the checksum is the last byte of a block of 16                       |
//! | checksum        | 1: 0xEF xor every byte of the segments' data                                        |
//! | digest          | 32, if the header says so: SHA-256 of all bytes before it                           |
//! | signature       | none, 0xFF up to a multiple of 4096 and a sector of 4096, or 68 bytes               |
//!
//! Source: ESP-IDF v5.5.5, `components/bootloader_support/src/esp_image_format.c`.

mod chip;
mod compose;
mod descriptor;
mod extent;
mod header;
mod memory;
mod regions;
mod survey;

pub use chip::ChipId;
pub use compose::{Composition, compose, composed_len};
pub use descriptor::AppDescriptor;
pub use extent::Extent;
pub use header::{CHIP_OFFSET, Header, MAGIC, MAX_SEGMENTS, SEGMENT_LIMIT, SegmentHeader};
pub use memory::Memory;
pub use regions::{flash_mode, flash_size};
pub use survey::{BootDescriptor, Found, Survey};

use crate::bytes::{array, slice, to_u32, to_usize};
use crate::{Error, ErrorKind, secure_boot};

/// What the first 288 bytes of an image say, for readers that have no more yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head<'a> {
    /// The image's header.
    pub header: Header,
    /// The app's description, where the image has one.
    pub descriptor: Option<AppDescriptor<'a>>,
}

impl<'a> Head<'a> {
    /// How many bytes are needed: header, first segment's header, descriptor.
    pub const LEN: usize = HEAD_LEN;

    /// Parses the start of an image; further bytes are not looked at.
    ///
    /// # Errors
    ///
    /// Those of [`Header::parse`], [`SegmentHeader::parse`] and [`AppDescriptor::parse`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let start: &[u8; HEAD_LEN] = array(bytes, 0)?;
        let header = Header::parse(start)?;
        let segment = SegmentHeader::parse(start, Header::LEN)?;
        let data = slice(start, DESCRIPTOR_OFFSET, AppDescriptor::LEN)?;
        Ok(Self {
            header,
            descriptor: descriptor(segment, data)?,
        })
    }
}

/// A whole app image whose segments, checksum and appended digest have been found to be right.
#[derive(Clone, Copy, Debug)]
pub struct AppImage<'a> {
    header: Header,
    descriptor: Option<AppDescriptor<'a>>,
    bytes: &'a [u8],
    checksum: u8,
    digest: Option<&'a [u8; 32]>,
    signature: Signature<'a>,
}

impl<'a> AppImage<'a> {
    /// Parses a file that holds an app image, signed or not, and nothing else.
    ///
    /// `sha256` is called once where the image has an appended digest, otherwise not at all. Whether the chip, its
    /// revision and its MMU suit the image is for the caller, who knows the device: see [`Header`] and
    /// [`Segment::is_page_aligned`]. Signatures are found, not verified.
    ///
    /// # Errors
    ///
    /// - those of [`Header::parse`], [`SegmentHeader::parse`] and [`AppDescriptor::parse`];
    /// - [`ErrorKind::Truncated`]: a segment, the checksum or the digest lies beyond the end;
    /// - [`ErrorKind::Checksum`], [`ErrorKind::AppendedDigest`]: damage; the offset is that of checksum or digest;
    /// - [`ErrorKind::ImageTooLong`]: 16 MiB or more;
    /// - [`ErrorKind::TrailingData`]: what follows the image is neither one signature nor padding to a sector's end
    ///   with one byte, 0x00 or 0xFF, as `esptool elf2image --pad-to-size` and `--secure-pad` lead to.
    pub fn parse(file: &'a [u8], sha256: impl FnOnce(&[u8]) -> [u8; 32]) -> Result<Self, Error> {
        let image = Self::parse_in_slot(file, sha256)?;
        let end = image
            .bytes
            .len()
            .saturating_add(image.signature.len_after(image.bytes.len()));
        let rest = file.get(end..).unwrap_or_default();
        let padded = file.len().is_multiple_of(SECTOR) && is_padding(rest);
        if !padded && !rest.is_empty() {
            return Err(Error::new(ErrorKind::TrailingData, end));
        }
        Ok(image)
    }

    /// Parses an app image at the start of a slot, whatever follows it.
    ///
    /// A signature sector is found where it would have to be.
    ///
    /// # Errors
    ///
    /// Those of [`Self::parse`] without [`ErrorKind::TrailingData`].
    pub fn parse_in_slot(
        slot: &'a [u8],
        sha256: impl FnOnce(&[u8]) -> [u8; 32],
    ) -> Result<Self, Error> {
        let header = Header::parse(slot)?;
        let mut computed = CHECKSUM_SEED;
        let mut described = None;
        let mut at = Header::LEN;
        for index in 0..header.segment_count {
            let segment = Segment::parse(slot, at)?;
            if index == 0 {
                described = descriptor(segment.header, segment.data)?;
            }
            computed = segment.data.iter().fold(computed, |sum, byte| sum ^ byte);
            at = segment.end();
        }
        // The byte after the padding; `at` is a multiple of 4, so at least one byte of its block is free or a
        // whole block is added.
        let checksum_at = at | (CHECKSUM_BLOCK.saturating_sub(1));
        let [stored] = *array(slot, checksum_at)?;
        if stored != computed {
            return Err(Error::new(
                ErrorKind::Checksum { stored, computed },
                checksum_at,
            ));
        }
        let hashed_len = checksum_at.saturating_add(1);
        let (digest, len) = if header.has_digest {
            let stored: &[u8; 32] = array(slot, hashed_len)?;
            if sha256(slice(slot, 0, hashed_len)?) != *stored {
                return Err(Error::new(ErrorKind::AppendedDigest, hashed_len));
            }
            (Some(stored), hashed_len.saturating_add(stored.len()))
        } else {
            (None, hashed_len)
        };
        if to_u32(len) >= SEGMENT_LIMIT {
            return Err(Error::new(
                ErrorKind::ImageTooLong { max: SEGMENT_LIMIT },
                len,
            ));
        }
        Ok(Self {
            header,
            descriptor: described,
            bytes: slice(slot, 0, len)?,
            checksum: stored,
            digest,
            signature: Signature::find(slot, len),
        })
    }

    /// Gives the header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Gives the app's description; `None` for a bootloader and for images of other tools.
    pub fn descriptor(&self) -> Option<&AppDescriptor<'a>> {
        self.descriptor.as_ref()
    }

    /// Iterates over the segments, in the order of the file.
    pub fn segments(&self) -> impl Iterator<Item = Segment<'a>> + use<'a> {
        let bytes = self.bytes;
        let mut at = Header::LEN;
        (0..self.header.segment_count).map_while(move |_| {
            let segment = Segment::parse(bytes, at).ok()?;
            at = segment.end();
            Some(segment)
        })
    }

    /// Gives the checksum.
    pub fn checksum(&self) -> u8 {
        self.checksum
    }

    /// Gives the appended SHA-256, by which ESP-IDF identifies an image (`esp_partition_get_sha256`).
    pub fn appended_digest(&self) -> Option<&'a [u8; 32]> {
        self.digest
    }

    /// Gives the length in bytes with checksum and digest, without padding for a signature and without the signature.
    pub fn image_len(&self) -> u32 {
        to_u32(self.bytes.len())
    }

    /// Gives the signature that follows the image, unverified.
    pub fn signature(&self) -> Signature<'a> {
        self.signature
    }
}

/// One segment of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Load address and length.
    pub header: SegmentHeader,
    /// Offset of the data in the image, in bytes.
    pub offset: u32,
    /// The data.
    pub data: &'a [u8],
}

impl<'a> Segment<'a> {
    fn parse(bytes: &'a [u8], at: usize) -> Result<Self, Error> {
        let header = SegmentHeader::parse(bytes, at)?;
        let start = at.saturating_add(SegmentHeader::LEN);
        let data = slice(bytes, start, to_usize(header.len))?;
        Ok(Self {
            header,
            offset: to_u32(start),
            data,
        })
    }

    /// Says whether offset and load address are congruent modulo an MMU page of 2ⁿ bytes (16 = 64 KiB).
    ///
    /// A segment that is mapped from flash (see [`ChipId::is_flash_mapped`]) does not boot otherwise.
    pub fn is_page_aligned(&self, page_size_log2: u8) -> bool {
        let page = 1_u32.checked_shl(u32::from(page_size_log2)).unwrap_or(0);
        let mask = page.wrapping_sub(1);
        (self.offset ^ self.header.load_addr) & mask == 0
    }

    fn end(&self) -> usize {
        to_usize(self.offset).saturating_add(self.data.len())
    }
}

/// What follows an image that was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature<'a> {
    /// Nothing.
    None,
    /// Secure Boot v1 or "signed app verification" with ECDSA: version 0 (4 bytes), r and s (32 bytes each, big-endian).
    V1(&'a [u8; 68]),
    /// Secure Boot v2: the sector of up to three signature blocks ([`secure_boot`]), at the next multiple of 4096. Signed is what
    /// lies before it, so the padding may be of 0xFF, by `espsecure`, or of zeros, by `elf2image --pad-to-size`.
    V2(&'a [u8; 4096]),
}

impl<'a> Signature<'a> {
    /// Looks behind an image of `len` bytes; a v1 signature only where nothing but padding follows it.
    fn find(bytes: &'a [u8], len: usize) -> Self {
        let rest = bytes.get(len..).unwrap_or_default();
        if let Some((v1, after)) = rest.split_first_chunk::<68>()
            && v1.starts_with(&[0; 4])
            && !is_padding(v1)
            && is_padding(after)
        {
            return Self::V1(v1);
        }
        let padding = padding_to_sector(len);
        match (
            rest.get(..padding),
            rest.get(padding..).and_then(<[u8]>::first_chunk::<4096>),
        ) {
            (Some(padding), Some(sector))
                if is_padding(padding) && sector.first() == Some(&secure_boot::MAGIC) =>
            {
                Self::V2(sector)
            }
            _ => Self::None,
        }
    }

    /// Says how many bytes padding and signature take behind an image of `len` bytes.
    fn len_after(&self, len: usize) -> usize {
        match self {
            Self::None => 0,
            Self::V1(bytes) => bytes.len(),
            Self::V2(sector) => padding_to_sector(len).saturating_add(sector.len()),
        }
    }
}

fn descriptor(segment: SegmentHeader, data: &[u8]) -> Result<Option<AppDescriptor<'_>>, Error> {
    if to_usize(segment.len) < AppDescriptor::LEN {
        return Ok(None);
    }
    AppDescriptor::parse(data).map_err(|error| {
        Error::new(
            error.kind,
            to_usize(error.offset).saturating_add(DESCRIPTOR_OFFSET),
        )
    })
}

fn padding_to_sector(len: usize) -> usize {
    len.next_multiple_of(SECTOR).saturating_sub(len)
}

/// Whether all bytes are 0x00, or all are 0xFF.
fn is_padding(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0xFF) || bytes.iter().all(|byte| *byte == 0)
}

const HEAD_LEN: usize = 288;
const SECTOR: usize = secure_boot::SECTOR;
const DESCRIPTOR_OFFSET: usize = 32;
const CHECKSUM_SEED: u8 = 0xEF;
const CHECKSUM_BLOCK: usize = 16;

#[cfg(test)]
mod tests;
