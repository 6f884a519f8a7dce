//! What a file is that is to be an app image, by how it begins.

use std::fmt;

use esp_formats::{app_image::Extent, partition_table::PartitionTable, sealed_image::is_sealed};

/// What a file is, by how it begins: to say more than that it is no app image.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum FileKind {
    /// An image that a boot loader or the ROM starts.
    Image,
    /// A boot loader with a partition table and more behind it, as it is flashed at once.
    Flash,
    /// An image that is sealed for `esp_encrypted_img`.
    Sealed,
    /// A patch for `esp_delta_ota`.
    Delta,
    /// A partition table.
    PartitionTable,
    /// An image of the ESP8266.
    Esp8266,
    /// An ELF file, which `esptool elf2image` makes an image of.
    Elf,
    /// A signed manifest of ours.
    Manifest,
    /// A trust bundle, a certificate or a key in PEM.
    Pem,
    /// A file of the Intel HEX or UF2 kind, which `esptool` reads and no device.
    Transport,
    /// A compressed file.
    Compressed,
    /// Blank flash.
    Blank,
    /// Nothing.
    Empty,
    /// None of these.
    Unknown,
}

impl FileKind {
    /// Says what a file is.
    pub fn of(file: &[u8]) -> Self {
        match file {
            [] => Self::Empty,
            [0xE9, ..] if table_behind(file).is_some() => Self::Flash,
            [0xE9, ..] if file.get(HASH_APPENDED).is_some_and(|flag| *flag > 1) => Self::Esp8266,
            [0xE9, ..] => Self::Image,
            [0xEA, ..] => Self::Esp8266,
            _ if is_sealed(file) => Self::Sealed,
            [0x10, 0xDE, 0xCD, 0xFC, ..] => Self::Delta,
            [0xAA, 0x50, ..] => Self::PartitionTable,
            [0x7F, b'E', b'L', b'F', ..] => Self::Elf,
            // COSE_Sign1 (RFC 9052 §4.2): tag 18, an array of four.
            [0xD2, 0x84, ..] => Self::Manifest,
            [b'U', b'F', b'2', b'\n', ..] | [b':', b'0'..=b'9' | b'A'..=b'F', ..] => {
                Self::Transport
            }
            [b'P', b'K', 3, 4, ..] | [0x1F, 0x8B, ..] | [0xFD, b'7', b'z', ..] => Self::Compressed,
            _ if file.starts_with(b"-----BEGIN ") => Self::Pem,
            // On ESP32 and ESP32-S2 nothing lies before 0x1000, on the P4, C5 and later before 0x2000.
            _ if [0x1000, 0x2000]
                .iter()
                .any(|at| file.get(*at) == Some(&0xE9))
                && table_behind(file).is_some() =>
            {
                Self::Flash
            }
            _ if file.iter().all(|byte| *byte == 0xFF) => Self::Blank,
            _ => Self::Unknown,
        }
    }
}

/// Finds the partition table behind a boot loader, in a file as it is flashed at once; gives its offset in that.
///
/// Projects move it, and the file may begin with the flash or with the boot loader. It lies on a sector behind the image that the
/// file begins with: two bytes of an app that has them there are no table.
pub fn table_behind(file: &[u8]) -> Option<usize> {
    let mut extent = Extent::default();
    // Of what is no image, nothing has to be passed over.
    let _ = extent.push(file);
    let end = extent.image_len().and_then(|len| usize::try_from(len).ok());
    let is_table = |at: &usize| {
        let rest = file.get(*at..).unwrap_or_default();
        PartitionTable::parse(rest).is_ok_and(|table| table.iter().next().is_some())
    };
    (TABLE_FIRST..=TABLE_LAST)
        .step_by(SECTOR)
        .filter(|at| *at >= end.unwrap_or(0))
        .find(is_table)
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Image => "an image",
            Self::Flash => {
                "a whole flash: a boot loader, a partition table and more; take the app's own file, or cut it out"
            }
            Self::Sealed => "a sealed image; open it first (`image open`)",
            Self::Delta => "a patch for `esp_delta_ota`, not an image",
            Self::PartitionTable => "a partition table",
            Self::Esp8266 => {
                "an image of the ESP8266, or one whose `hash_appended` at byte 0x17 is neither 0 nor 1"
            }
            Self::Elf => "an ELF file; make an image of it first (`esptool elf2image`)",
            Self::Manifest => "a signed manifest, not the image that it is about",
            Self::Pem => "a file in PEM",
            Self::Transport => "Intel HEX or UF2; make a binary of it first",
            Self::Compressed => "a compressed file",
            Self::Blank => "blank flash, nothing but 0xff",
            Self::Empty => "empty",
            Self::Unknown => "none of the files that are known here",
        })
    }
}

const SECTOR: usize = 4096;
/// No boot loader is shorter than this.
const TABLE_FIRST: usize = 2 * SECTOR;
/// Twice as far as where any example of ESP-IDF has its table.
const TABLE_LAST: usize = 0x2_0000;

/// Where an image says whether its digest is appended; the ESP8266's header has eight bytes.
const HASH_APPENDED: usize = 23;

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[u8] = include_bytes!("../../esp-formats/tests/data/ok_partition_table.bin");

    #[test]
    fn files_are_told_apart_by_how_they_begin() {
        let mut flash = vec![0xFF; 0x9000];
        flash[0x1000] = 0xE9;
        flash[0x8000..0x8C00].copy_from_slice(TABLE);
        assert_eq!(FileKind::of(&flash), FileKind::Flash);
        flash[..24].copy_from_slice(&[0xE9; 24]);
        assert_eq!(FileKind::of(&flash), FileKind::Flash);
        // As it is flashed to 0x1000, or to 0x2000.
        assert_eq!(FileKind::of(&flash[0x1000..]), FileKind::Flash);
        assert_eq!(table_behind(&flash[0x2000..]), Some(0x6000));
        flash[0x8003] ^= 1;
        assert_eq!(FileKind::of(&flash), FileKind::Esp8266);
        flash[23] = 1;
        assert_eq!(FileKind::of(&flash), FileKind::Image);
        for (file, kind) in [
            (&b""[..], FileKind::Empty),
            (b"\xCF\xB6\x88\x07", FileKind::Sealed),
            (b"\x10\xDE\xCD\xFC", FileKind::Delta),
            (b"\xAA\x50\x01\x02", FileKind::PartitionTable),
            (b"\x7FELF", FileKind::Elf),
            (b"-----BEGIN PUBLIC KEY-----", FileKind::Pem),
            (b":020000040000FA", FileKind::Transport),
            (b"\xFF\xFF", FileKind::Blank),
            (b"\xFF\xFE", FileKind::Unknown),
        ] {
            assert_eq!(FileKind::of(file), kind, "{file:?}");
        }
    }
}
