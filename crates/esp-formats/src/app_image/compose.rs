//! Making app images without a compiler: for tests, benches, virtual devices and factory placeholders.

use super::header::{Header, SEGMENT_LIMIT, SegmentHeader};
use super::{AppDescriptor, CHECKSUM_BLOCK, CHECKSUM_SEED, ChipId};
use crate::bytes::{Cursor, to_u32, to_usize};
use crate::{Error, ErrorKind};

/// What a composed image says and holds.
#[derive(Clone, Copy, Debug)]
pub struct Composition<'a> {
    /// The chip that it is for.
    pub chip: ChipId,
    /// Security version.
    pub secure_version: u32,
    /// The app's version, at most 32 bytes.
    pub version: &'a str,
    /// The project's name, at most 32 bytes.
    pub project_name: &'a str,
    /// Time of the build, at most 16 bytes.
    pub time: &'a str,
    /// Date of the build, at most 16 bytes.
    pub date: &'a str,
    /// ESP-IDF's version, at most 32 bytes.
    pub idf_version: &'a str,
    /// Bytes that follow the descriptor.
    pub payload: &'a [u8],
    /// How many bytes of noise follow the payload, the same ones every time.
    pub filler_len: u32,
}

/// Says how long the image will be, in bytes.
///
/// # Errors
///
/// - [`ErrorKind::ImageTooLong`]: it would be 16 MiB or more.
pub fn composed_len(composition: &Composition<'_>) -> Result<usize, Error> {
    let mapped = mapped_len(composition);
    let fixed = Header::LEN
        .saturating_add(2 * SegmentHeader::LEN)
        .saturating_add(CODE.len());
    let hashed = mapped.saturating_add(fixed) | (CHECKSUM_BLOCK.saturating_sub(1));
    let len = hashed.saturating_add(1).saturating_add(DIGEST_LEN);
    if to_u32(len) >= SEGMENT_LIMIT {
        return Err(Error::new(
            ErrorKind::ImageTooLong { max: SEGMENT_LIMIT },
            0,
        ));
    }
    Ok(len)
}

/// Writes a valid app image, with checksum and appended digest, and gives its length.
///
/// Its first segment is mapped from flash and holds descriptor, payload and filler; its second goes to RAM and
/// holds an endless loop. `sha256` is called twice: for the digest, and over the payload for the field that names the
/// ELF file, of which there is none.
///
/// # Errors
///
/// - [`ErrorKind::UnknownChip`]: no memory map for the chip.
/// - [`ErrorKind::FieldTooLong`], [`ErrorKind::Text`]: a text that does not fit the descriptor.
/// - [`ErrorKind::ImageTooLong`]: 16 MiB or more.
/// - [`ErrorKind::BufferTooSmall`]: `out` is shorter than [`composed_len`].
pub fn compose(
    composition: &Composition<'_>,
    out: &mut [u8],
    sha256: impl Fn(&[u8]) -> [u8; 32],
) -> Result<usize, Error> {
    let unknown = ErrorKind::UnknownChip {
        chip: composition.chip,
    };
    let chip = composition
        .chip
        .known()
        .ok_or(Error::new(unknown, super::CHIP_OFFSET))?;
    let len = composed_len(composition)?;
    if out.len() < len {
        let kind = ErrorKind::BufferTooSmall {
            len: to_u32(out.len()),
            needed: to_u32(len),
        };
        return Err(Error::new(kind, 0));
    }
    let descriptor = AppDescriptor {
        secure_version: composition.secure_version,
        version: composition.version,
        project_name: composition.project_name,
        time: composition.time,
        date: composition.date,
        idf_version: composition.idf_version,
        app_elf_sha256: &sha256(composition.payload),
        min_efuse_blk_rev: 0,
        max_efuse_blk_rev: u16::MAX,
        mmu_page_size_log2: 16,
    };
    let mut cursor = Cursor::new(out);
    cursor.put(&header(composition.chip, chip.iram).encode())?;

    // A page-aligned address plus the offset in the file, so that both are congruent modulo the page.
    let data_at = to_u32(cursor.position().saturating_add(SegmentHeader::LEN));
    let load_addr = chip.drom.start.saturating_add(data_at);
    let mapped = to_u32(mapped_len(composition));
    cursor.put(
        &SegmentHeader {
            load_addr,
            len: mapped,
        }
        .encode(),
    )?;
    let data_from = cursor.position();
    cursor.put(&descriptor.encode()?)?;
    cursor.put(composition.payload)?;
    write_filler(cursor.reserve(to_usize(composition.filler_len))?);
    cursor.fill(
        0,
        to_usize(mapped).saturating_sub(cursor.position().saturating_sub(data_from)),
    )?;
    let sum = xor(
        CHECKSUM_SEED,
        cursor.written().get(data_from..).unwrap_or_default(),
    );

    let code = SegmentHeader {
        load_addr: chip.iram,
        len: to_u32(CODE.len()),
    };
    cursor.put(&code.encode())?;
    cursor.put(&CODE)?;
    let end = cursor.position();
    cursor.fill(
        0,
        (end | (CHECKSUM_BLOCK.saturating_sub(1))).saturating_sub(end),
    )?;
    cursor.put(&[xor(sum, &CODE)])?;
    let digest = sha256(cursor.written());
    cursor.put(&digest)?;
    Ok(cursor.position())
}

fn header(chip: ChipId, entry_addr: u32) -> Header {
    Header {
        segment_count: 2,
        spi_mode: 2,
        spi_speed: 0,
        flash_size: 2,
        entry_addr,
        wp_pin: 0xEE,
        spi_pin_drive: [0; 3],
        chip,
        min_chip_rev: 0,
        min_chip_rev_full: 0,
        max_chip_rev_full: u16::MAX,
        reserved: [0; 4],
        has_digest: true,
    }
}

/// Length of the first segment's data: a multiple of 4, as the device demands.
fn mapped_len(composition: &Composition<'_>) -> usize {
    let len = AppDescriptor::LEN
        .saturating_add(composition.payload.len())
        .saturating_add(to_usize(composition.filler_len));
    len.checked_next_multiple_of(4).unwrap_or(usize::MAX)
}

/// Noise that does not compress, so that transfers and stores are tested with what code is like at its worst.
fn write_filler(out: &mut [u8]) {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    for chunk in out.chunks_mut(8) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        for (byte, value) in chunk.iter_mut().zip(state.to_le_bytes()) {
            *byte = value;
        }
    }
}

fn xor(seed: u8, bytes: &[u8]) -> u8 {
    bytes.iter().fold(seed, |sum, byte| sum ^ byte)
}

/// `j .` of RISC-V four times; on Xtensa it is data, as is all of an image that no device is meant to run.
const CODE: [u8; 16] = [0x6F, 0, 0, 0, 0x6F, 0, 0, 0, 0x6F, 0, 0, 0, 0x6F, 0, 0, 0];
const DIGEST_LEN: usize = 32;
