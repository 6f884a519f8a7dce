//! What an app says of itself.

use crate::bytes::{array, slice, u16_le, u32_le};
use crate::{Error, ErrorKind};

/// The app descriptor: 256 bytes at offset 32 of an app image, the start of its first segment's data.
///
/// | offset | size | field                                                    |
/// |-------:|-----:|----------------------------------------------------------|
/// |      0 |    4 | magic 0xABCD5432                                         |
/// |      4 |    4 | `secure_version`                                         |
/// |      8 |    8 | reserved                                                 |
/// |     16 |   32 | `version`                                                |
/// |     48 |   32 | `project_name`                                           |
/// |     80 |   16 | `time`, of the build                                     |
/// |     96 |   16 | `date`, of the build                                     |
/// |    112 |   32 | `idf_version`                                            |
/// |    144 |   32 | `app_elf_sha256`                                         |
/// |    176 |    2 | `min_efuse_blk_rev`, major × 100 + minor (v5.1.7 and on) |
/// |    178 |    2 | `max_efuse_blk_rev`                                      |
/// |    180 |    1 | `mmu_page_size_log2`, 0 before v5.4                      |
/// |    181 |   75 | reserved                                                 |
///
/// Integers are little-endian. Texts are padded with NUL; one that fills its field has none.
///
/// Source: ESP-IDF v5.5.5, `components/esp_app_format/include/esp_app_desc.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "esp_app_desc_t")]
pub struct AppDescriptor<'a> {
    /// Security version; a device with anti-rollback boots none below its own.
    pub secure_version: u32,
    /// The app's version, as the team writes it.
    pub version: &'a str,
    /// The project's name.
    pub project_name: &'a str,
    /// Time of the build.
    pub time: &'a str,
    /// Date of the build.
    pub date: &'a str,
    /// ESP-IDF's version.
    pub idf_version: &'a str,
    /// SHA-256 of the ELF file that the image was made from.
    pub app_elf_sha256: &'a [u8; 32],
    /// Least revision of the chip's eFuse block; 0 = no limit.
    pub min_efuse_blk_rev: u16,
    /// Greatest revision of the chip's eFuse block; 0 or 65535 = no limit.
    pub max_efuse_blk_rev: u16,
    /// Binary logarithm of the MMU's page in bytes (16 = 64 KiB); 0 = not stated.
    pub mmu_page_size_log2: u8,
}

impl<'a> AppDescriptor<'a> {
    /// Length of the descriptor in bytes.
    pub const LEN: usize = DESCRIPTOR_LEN;

    /// Parses a descriptor; `None` where the magic is another one, as in a bootloader.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Truncated`]: fewer than 256 bytes.
    /// - [`ErrorKind::Text`]: a text that is not UTF-8.
    pub fn parse(bytes: &'a [u8]) -> Result<Option<Self>, Error> {
        array::<DESCRIPTOR_LEN>(bytes, 0)?;
        if u32_le(bytes, 0)? != MAGIC {
            return Ok(None);
        }
        let [mmu_page_size_log2] = *array(bytes, 180)?;
        Ok(Some(Self {
            secure_version: u32_le(bytes, 4)?,
            version: text(bytes, 16, 32)?,
            project_name: text(bytes, 48, 32)?,
            time: text(bytes, 80, 16)?,
            date: text(bytes, 96, 16)?,
            idf_version: text(bytes, 112, 32)?,
            app_elf_sha256: array(bytes, 144)?,
            min_efuse_blk_rev: u16_le(bytes, 176)?,
            max_efuse_blk_rev: u16_le(bytes, 178)?,
            mmu_page_size_log2,
        }))
    }

    /// Writes the descriptor as it lies in flash, reserved bytes zero.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::FieldTooLong`]: a text longer than its field.
    /// - [`ErrorKind::Text`]: a text that holds a NUL.
    ///
    /// The offset is that of the field.
    pub fn encode(&self) -> Result<[u8; DESCRIPTOR_LEN], Error> {
        for (at, max, value) in [
            (16, 32, self.version),
            (48, 32, self.project_name),
            (80, 16, self.time),
            (96, 16, self.date),
            (112, 32, self.idf_version),
        ] {
            fits(value, max, at)?;
        }
        let fields: [(&[u8], usize); 12] = [
            (&MAGIC.to_le_bytes(), 4),
            (&self.secure_version.to_le_bytes(), 4),
            (&[], 8),
            (self.version.as_bytes(), 32),
            (self.project_name.as_bytes(), 32),
            (self.time.as_bytes(), 16),
            (self.date.as_bytes(), 16),
            (self.idf_version.as_bytes(), 32),
            (self.app_elf_sha256, 32),
            (&self.min_efuse_blk_rev.to_le_bytes(), 2),
            (&self.max_efuse_blk_rev.to_le_bytes(), 2),
            (&[self.mmu_page_size_log2], 76),
        ];
        let mut out = [0; DESCRIPTOR_LEN];
        let padded = fields
            .into_iter()
            .flat_map(|(field, len)| field.iter().copied().chain(core::iter::repeat(0)).take(len));
        for (byte, value) in out.iter_mut().zip(padded) {
            *byte = value;
        }
        Ok(out)
    }
}

pub(super) fn text(bytes: &[u8], at: usize, len: usize) -> Result<&str, Error> {
    let field = slice(bytes, at, len)?;
    let text = field.split(|byte| *byte == 0).next().unwrap_or_default();
    core::str::from_utf8(text)
        .map_err(|error| Error::new(ErrorKind::Text, at.saturating_add(error.valid_up_to())))
}

fn fits(value: &str, max: usize, at: usize) -> Result<(), Error> {
    if value.len() > max {
        let (len, max) = (crate::bytes::to_u32(value.len()), crate::bytes::to_u32(max));
        return Err(Error::new(ErrorKind::FieldTooLong { len, max }, at));
    }
    if value.contains('\0') {
        return Err(Error::new(ErrorKind::Text, at));
    }
    Ok(())
}

const DESCRIPTOR_LEN: usize = 256;
const MAGIC: u32 = 0xABCD_5432;
