//! The fixed fields at the start of an image and of each segment.

use super::chip::ChipId;
use crate::bytes::{array, u16_le, u32_le};
use crate::{Error, ErrorKind};

/// The first 24 bytes of an app image.
///
/// | offset | size | field                                                                     |
/// |-------:|-----:|---------------------------------------------------------------------------|
/// |      0 |    1 | magic 0xE9                                                                |
/// |      1 |    1 | `segment_count`, 1 to 16                                                  |
/// |      2 |    1 | `spi_mode`: 0 QIO, 1 QOUT, 2 DIO, 3 DOUT, 4 fast read, 5 slow read        |
/// |      3 |    1 | low half `spi_speed` (a divider, by chip), high half `flash_size` (2ⁿ MiB) |
/// |      4 |    4 | `entry_addr`                                                              |
/// |      8 |    1 | `wp_pin`, 0xEE = none                                                     |
/// |      9 |    3 | `spi_pin_drive`                                                           |
/// |     12 |    2 | `chip`                                                                    |
/// |     14 |    1 | `min_chip_rev`, superseded                                                |
/// |     15 |    2 | `min_chip_rev_full`, major × 100 + minor                                  |
/// |     17 |    2 | `max_chip_rev_full`, 0 or 65535 = no limit                                |
/// |     19 |    4 | reserved                                                                  |
/// |     23 |    1 | `has_digest`, 0 or 1                                                      |
///
/// Integers are little-endian. Source: ESP-IDF v5.5.5, `components/bootloader_support/include/esp_app_format.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "esp_image_header_t")]
pub struct Header {
    /// How many segments follow.
    pub segment_count: u8,
    /// How the flash is read.
    pub spi_mode: u8,
    /// How fast the flash is read: four bits whose meaning depends on the chip.
    pub spi_speed: u8,
    /// Size of the flash: four bits, 0 = 1 MiB, 2 = 4 MiB.
    pub flash_size: u8,
    /// Where the app starts.
    pub entry_addr: u32,
    /// The flash's write-protect pin.
    pub wp_pin: u8,
    /// Drive strengths of the flash pins.
    pub spi_pin_drive: [u8; 3],
    /// The chip that the image is for.
    pub chip: ChipId,
    /// Least chip revision in the old form.
    pub min_chip_rev: u8,
    /// Least chip revision.
    pub min_chip_rev_full: u16,
    /// Greatest chip revision.
    pub max_chip_rev_full: u16,
    /// Reserved bytes.
    pub reserved: [u8; 4],
    /// Whether the SHA-256 of the image is appended to it.
    pub has_digest: bool,
}

impl Header {
    /// Length of the header in bytes.
    pub const LEN: usize = 24;

    /// Parses a header.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Truncated`]: fewer than 24 bytes.
    /// - [`ErrorKind::ImageMagic`], [`ErrorKind::SegmentCount`], [`ErrorKind::DigestFlag`]: a field that no
    ///   image has.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        // First: of a short file of another kind it says more than that it is short.
        if let Some(&found) = bytes.first().filter(|magic| **magic != MAGIC) {
            return Err(Error::new(ErrorKind::ImageMagic { found }, 0));
        }
        let [_, segment_count, spi_mode, spi, ..] = *array::<{ Self::LEN }>(bytes, 0)?;
        if !(1..=MAX_SEGMENTS).contains(&segment_count) {
            return Err(Error::new(
                ErrorKind::SegmentCount {
                    found: segment_count,
                },
                1,
            ));
        }
        let [wp_pin, spi_pin_drive @ ..] = *array::<4>(bytes, 8)?;
        let [min_chip_rev] = *array(bytes, 14)?;
        let [digest_flag] = *array(bytes, DIGEST_FLAG_OFFSET)?;
        if digest_flag > 1 {
            let kind = ErrorKind::DigestFlag { found: digest_flag };
            return Err(Error::new(kind, DIGEST_FLAG_OFFSET));
        }
        Ok(Self {
            segment_count,
            spi_mode,
            spi_speed: spi & 0x0F,
            flash_size: spi >> 4,
            entry_addr: u32_le(bytes, 4)?,
            wp_pin,
            spi_pin_drive,
            chip: ChipId(u16_le(bytes, CHIP_OFFSET)?),
            min_chip_rev,
            min_chip_rev_full: u16_le(bytes, 15)?,
            max_chip_rev_full: u16_le(bytes, 17)?,
            reserved: *array(bytes, 19)?,
            has_digest: digest_flag == 1,
        })
    }

    /// Writes the header as it lies in flash.
    pub fn encode(&self) -> [u8; Self::LEN] {
        let [e0, e1, e2, e3] = self.entry_addr.to_le_bytes();
        let [d0, d1, d2] = self.spi_pin_drive;
        let [c0, c1] = self.chip.0.to_le_bytes();
        let [min0, min1] = self.min_chip_rev_full.to_le_bytes();
        let [max0, max1] = self.max_chip_rev_full.to_le_bytes();
        let [r0, r1, r2, r3] = self.reserved;
        let spi = (self.spi_speed & 0x0F) | (self.flash_size << 4);
        [
            MAGIC,
            self.segment_count,
            self.spi_mode,
            spi,
            e0,
            e1,
            e2,
            e3,
            self.wp_pin,
            d0,
            d1,
            d2,
            c0,
            c1,
            self.min_chip_rev,
            min0,
            min1,
            max0,
            max1,
            r0,
            r1,
            r2,
            r3,
            u8::from(self.has_digest),
        ]
    }
}

/// The eight bytes before the data of a segment: load address and length, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "esp_image_segment_header_t")]
pub struct SegmentHeader {
    /// Where the data goes, or where flash is mapped to.
    pub load_addr: u32,
    /// Length of the data in bytes.
    pub len: u32,
}

impl SegmentHeader {
    /// Length of the segment header in bytes.
    pub const LEN: usize = 8;

    /// Parses the segment header at `at`.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Truncated`]: fewer than 8 bytes there.
    /// - [`ErrorKind::SegmentLength`]: a length that is no multiple of 4, or not below 16 MiB.
    pub fn parse(bytes: &[u8], at: usize) -> Result<Self, Error> {
        let header = Self {
            load_addr: u32_le(bytes, at)?,
            len: u32_le(bytes, at.saturating_add(4))?,
        };
        if !header.len.is_multiple_of(4) || header.len >= SEGMENT_LIMIT {
            return Err(Error::new(
                ErrorKind::SegmentLength { found: header.len },
                at,
            ));
        }
        Ok(header)
    }

    /// Writes the segment header as it lies in flash.
    pub fn encode(&self) -> [u8; Self::LEN] {
        let [a0, a1, a2, a3] = self.load_addr.to_le_bytes();
        let [l0, l1, l2, l3] = self.len.to_le_bytes();
        [a0, a1, a2, a3, l0, l1, l2, l3]
    }
}

/// First byte of every app image.
pub const MAGIC: u8 = 0xE9;
/// Most segments that an image may have.
pub const MAX_SEGMENTS: u8 = 16;
/// A segment, and an image, is shorter than this: 16 MiB.
pub const SEGMENT_LIMIT: u32 = 16 << 20;
/// Offset of the chip's number in an image.
pub const CHIP_OFFSET: usize = 12;

const DIGEST_FLAG_OFFSET: usize = 23;
