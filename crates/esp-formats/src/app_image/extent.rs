//! Where an image ends, found while its bytes go by.

use super::{CHECKSUM_BLOCK, Header, SECTOR, SegmentHeader};
use crate::Error;
use crate::bytes::{to_u32, to_usize};

/// Finds where an image ends for a reader that never holds more than a piece of it.
///
/// Only headers are looked at: whether checksum and digest are right is for whoever has all of it, as a device has that
/// compares it with a digest of the whole.
#[derive(Clone, Debug, Default)]
pub struct Extent {
    /// Bytes that went by.
    at: usize,
    /// Of these that come next, how many are a segment's data.
    skip: usize,
    gathered: [u8; Header::LEN],
    gathered_len: usize,
    header: Option<Header>,
    /// Segments whose headers went by.
    segments: u8,
    image_len: Option<usize>,
}

impl Extent {
    /// Takes the next bytes of the image; what lies behind its end is passed over.
    ///
    /// # Errors
    ///
    /// Those of [`Header::parse`] and [`SegmentHeader::parse`]; the offset is that in the image.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let mut rest = bytes;
        while self.image_len.is_none() && !rest.is_empty() {
            let skipped = self.skip.min(rest.len());
            self.skip = self.skip.saturating_sub(skipped);
            self.at = self.at.saturating_add(skipped);
            rest = rest.get(skipped..).unwrap_or_default();

            let wanted = match self.header {
                None => Header::LEN,
                Some(_) => SegmentHeader::LEN,
            };
            let place = self.gathered.get_mut(self.gathered_len..wanted);
            let place = place.unwrap_or_default();
            let len = place.len().min(rest.len());
            let (taken, later) = rest.split_at_checked(len).unwrap_or_default();
            for (place, byte) in place.iter_mut().zip(taken) {
                *place = *byte;
            }
            self.gathered_len = self.gathered_len.saturating_add(len);
            self.at = self.at.saturating_add(len);
            rest = later;
            if self.gathered_len == wanted {
                self.gathered_len = 0;
                self.step(self.at.saturating_sub(wanted))?;
            }
        }
        Ok(())
    }

    /// Gives the length of the image with checksum and digest in bytes, once all of its segments' headers went by.
    pub fn image_len(&self) -> Option<u32> {
        self.image_len.map(to_u32)
    }

    /// Gives the offset of the sector in which a signed image has its Secure Boot v2 signature.
    pub fn signature_at(&self) -> Option<u32> {
        self.image_len
            .map(|len| to_u32(len.next_multiple_of(SECTOR)))
    }

    /// Reads the header that was gathered, which began at `at`.
    fn step(&mut self, at: usize) -> Result<(), Error> {
        let Some(header) = self.header else {
            self.header = Some(Header::parse(&self.gathered)?);
            return Ok(());
        };
        let segment = SegmentHeader::parse(&self.gathered, 0)
            .map_err(|error| Error::new(error.kind, to_usize(error.offset).saturating_add(at)))?;
        self.skip = to_usize(segment.len);
        self.segments = self.segments.saturating_add(1);
        if self.segments == header.segment_count {
            let data_end = self.at.saturating_add(self.skip);
            let checksum_at = data_end | CHECKSUM_BLOCK.saturating_sub(1);
            let digest_len = if header.has_digest { 32 } else { 0 };
            self.image_len = Some(checksum_at.saturating_add(1).saturating_add(digest_len));
        }
        Ok(())
    }
}
