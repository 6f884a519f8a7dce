//! The slot that an update is written to (`components/app_update/esp_ota_ops.c`).

use aws_lc_rs::digest::{SHA256, digest};
use esp_formats::app_image::{AppImage, ChipId, MAGIC};

use super::outcome::{EspErr, Failure};

/// A slot, with what the partition table and the chip say.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    chip: ChipId,
    size: usize,
    /// What was written, from the slot's beginning.
    pub(crate) bytes: Vec<u8>,
    /// Whether the whole slot was erased at once.
    pub(crate) erased: bool,
    /// Whether it is what boots next.
    pub(crate) selected: bool,
}

impl Slot {
    pub(super) fn new(chip: ChipId, size: usize, bytes: Vec<u8>) -> Self {
        Self {
            chip,
            size,
            bytes,
            erased: false,
            selected: false,
        }
    }

    /// `esp_ota_begin` with `OTA_SIZE_UNKNOWN`.
    pub(super) fn erase(&mut self) {
        self.bytes.clear();
        self.erased = true;
    }

    /// `esp_ota_write`.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if self.bytes.is_empty()
            && let Some(first) = bytes.first().filter(|first| **first != MAGIC)
        {
            let words =
                format!("OTA image has invalid magic byte (expected 0xE9, saw 0x{first:02x})");
            return Err(EspErr::OtaValidateFailed.because(words));
        }
        if self.bytes.len() + bytes.len() > self.size {
            return Err(EspErr::InvalidSize.because("the image does not fit the slot"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// `esp_ota_end`.
    pub(super) fn end(&self) -> Result<(), Failure> {
        if self.bytes.is_empty() {
            return Err(EspErr::InvalidArg.because("nothing was written"));
        }
        let sha256 = |bytes: &[u8]| digest(&SHA256, bytes).as_ref().try_into().unwrap();
        let image = AppImage::parse_in_slot(&self.bytes, sha256)
            .map_err(|error| EspErr::OtaValidateFailed.because(error.to_string()))?;
        let (found, wanted) = (image.header().chip, self.chip);
        if found != wanted {
            let words = format!("mismatch chip ID, expected {}, found {}", wanted.0, found.0);
            return Err(EspErr::OtaValidateFailed.because(words));
        }
        Ok(())
    }
}
