//! From ELF files to what lies in flash: app images as ESP-IDF has them, and the machine's own flash.

use std::{
    fs::{File, OpenOptions},
    io::{Seek as _, SeekFrom, Write as _},
    path::Path,
};

use anyhow::{Context as _, Result, bail};
use esp_formats::app_image::{AppDescriptor, AppImage, ChipId, Header, SegmentHeader};
use sha2::{Digest as _, Sha256};

use crate::elf::Elf;

/// Makes an app image of an ELF file.
///
/// Segments are in the order of their addresses, of which the lowest holds the app descriptor; its digest of the ELF
/// file is filled in here, as `esptool elf2image` does.
pub(super) fn app_image(elf: &[u8]) -> Result<Vec<u8>> {
    let parsed = Elf::parse(elf)?;
    let loads = parsed.loads()?;
    let header = Header {
        segment_count: u8::try_from(loads.len()).context("more segments than an image has")?,
        spi_mode: 2,
        spi_speed: 0,
        flash_size: 2,
        entry_addr: parsed.entry,
        wp_pin: 0xEE,
        spi_pin_drive: [0; 3],
        // The machine passes for one, as its processor is of the same kind: rv32imc.
        chip: ChipId::ESP32_C3,
        min_chip_rev: 0,
        min_chip_rev_full: 0,
        max_chip_rev_full: u16::MAX,
        reserved: [0; 4],
        has_digest: true,
    };
    let mut image = header.encode().to_vec();
    let mut checksum = 0xEF;
    for (index, load) in loads.iter().enumerate() {
        let mut data = load.data.to_vec();
        data.resize(data.len().next_multiple_of(4), 0);
        if index == 0 {
            describe(&mut data, elf)?;
        }
        let segment = SegmentHeader {
            load_addr: load.address,
            len: u32::try_from(data.len())?,
        };
        image.extend(segment.encode());
        checksum = data.iter().fold(checksum, |sum, byte| sum ^ byte);
        image.extend(data);
    }
    // The checksum is the last byte of a block of 16.
    image.resize(image.len() | 15, 0);
    image.push(checksum);
    image.extend(sha256(&image));
    let made = AppImage::parse(&image, sha256);
    let made = made.map_err(|error| anyhow::anyhow!("the image that was made: {error}"))?;
    if made.descriptor().is_none() {
        bail!("the lowest segment does not begin with an app descriptor");
    }
    Ok(image)
}

/// Writes the ELF file's digest into the descriptor.
fn describe(data: &mut [u8], elf: &[u8]) -> Result<()> {
    let field = data
        .get_mut(..AppDescriptor::LEN)
        .and_then(|descriptor| descriptor.get_mut(ELF_DIGEST..ELF_DIGEST + 32));
    field
        .context("the lowest segment is too short for an app descriptor")?
        .copy_from_slice(&sha256(elf));
    Ok(())
}

/// Makes the file of the machine's first flash: the boot stage at its start, nothing else.
pub(super) fn rom(elf: &[u8], path: &Path) -> Result<()> {
    let parsed = Elf::parse(elf)?;
    let mut file = File::create(path).with_context(|| format!("making {}", path.display()))?;
    file.set_len(FLASH_LEN)?;
    for load in parsed.loads()? {
        let at = load.kept_at.checked_sub(FIRST_FLASH);
        let at = at.context("the boot stage is not in the first flash")?;
        file.seek(SeekFrom::Start(at.into()))?;
        file.write_all(load.data)?;
    }
    Ok(())
}

/// Lengthens the file of a chip's flash to that of the machine's, which has one size only. What is added reads as erased.
pub(super) fn lengthen(path: &Path) -> Result<()> {
    let mut file = OpenOptions::new()
        .append(true)
        .open(path)
        .with_context(|| format!("opening {}", path.display()))?;
    let len = file.metadata()?.len();
    let missing = FLASH_LEN
        .checked_sub(len)
        .context("the flash is too long")?;
    file.write_all(&vec![0xFF; usize::try_from(missing)?])?;
    Ok(())
}

pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Offset of the ELF file's digest in a descriptor.
const ELF_DIGEST: usize = 144;
/// Where the machine has its first flash.
const FIRST_FLASH: u32 = 0x2000_0000;
/// How long the file of each of its flashes has to be.
const FLASH_LEN: u64 = 32 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    /// An ELF file with one segment to be loaded.
    fn elf(data: &[u8]) -> Vec<u8> {
        let mut elf = vec![0; 84];
        elf[..6].copy_from_slice(b"\x7FELF\x01\x01");
        for (at, word) in [
            (24, 0x2004_0100),
            (28, 52),
            (52, 1),
            (56, 84),
            (60, 0x2004_0000),
            (64, 0x2004_0000),
            (68, u32::try_from(data.len()).unwrap()),
        ] {
            elf[at..at + 4].copy_from_slice(&u32::to_le_bytes(word));
        }
        elf[42] = 32;
        elf[44] = 1;
        elf.extend(data);
        elf
    }

    #[test]
    fn an_app_image_is_made_of_what_an_elf_file_loads() {
        let descriptor = AppDescriptor {
            secure_version: 0,
            version: "1.2.3",
            project_name: "test",
            time: "00:00:00",
            date: "Jan  1 2026",
            idf_version: "none",
            app_elf_sha256: &[0; 32],
            min_efuse_blk_rev: 0,
            max_efuse_blk_rev: 0,
            mmu_page_size_log2: 16,
        };
        let mut data = descriptor.encode().unwrap().to_vec();
        // Not of whole words.
        data.extend(b"\x13\x00\x00\x00\x13");
        let elf = elf(&data);
        let bytes = app_image(&elf).unwrap();
        let image = AppImage::parse(&bytes, sha256).unwrap();
        let app = image.descriptor().unwrap();
        assert_eq!((app.version, *app.app_elf_sha256), ("1.2.3", sha256(&elf)));
        assert_eq!(image.header().entry_addr, 0x2004_0100);
        let segments: Vec<_> = image.segments().collect();
        assert_eq!(segments.len(), 1);
        assert_eq!(segments[0].header.load_addr, 0x2004_0000);
        assert_eq!(segments[0].data.len(), data.len() + 3);
    }

    #[test]
    fn what_is_cut_off_or_says_nothing_of_itself_is_no_app() {
        let whole = elf(&[0; 300]);
        assert!(app_image(&whole).is_err(), "no descriptor");
        for len in 0..whole.len() {
            assert!(app_image(&whole[..len]).is_err(), "{len}");
        }
    }
}
