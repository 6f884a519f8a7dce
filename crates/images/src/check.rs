//! An app image, checked as a device will check it.

use countersign_protocol::Digest;
use esp_formats::{
    ErrorKind,
    app_image::{AppDescriptor, AppImage, ChipId, Segment, Signature},
};

use crate::digest::Hashing;

/// An app image that was found whole, and what it says of itself; only [`check_image`] makes one.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Checked {
    /// SHA-256 of the file, every byte of it.
    pub digest: Digest,
    /// The file's length in bytes.
    pub size: u32,
    /// The chip that it is for, by its ESP-IDF `esp_chip_id_t`.
    pub chip: u16,
    /// The project's name.
    pub project: String,
    /// The app's version.
    pub version: String,
    /// ESP-IDF's version, for example `v5.5.1`.
    pub idf_version: String,
    /// The anti-rollback version.
    pub secure_version: u32,
    /// Date and time of the build, as the build wrote them.
    pub built: String,
    /// How many segments it has.
    pub segments: u8,
    /// Whether its own SHA-256 is appended to it.
    pub has_appended_digest: bool,
    /// Which kind of signature follows it. It was not verified: that takes the key that is in the device.
    pub signed: Signed,
}

/// Which signature of Espressif's follows an image.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Signed {
    /// None.
    No,
    /// That of Secure Boot v1, or of signed apps with ECDSA.
    V1,
    /// A sector of Secure Boot v2.
    V2,
}

/// Why a file is not an app image that a device would run.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The file is not a whole app image.
    #[error("not a whole app image: {kind}, at byte {offset:#x}")]
    Format {
        /// What is wrong.
        kind: ErrorKind,
        /// Where, in bytes from the start of the file.
        offset: u32,
    },
    /// A segment that is mapped from flash lies where the MMU cannot map it.
    #[error(
        "the segment at byte {offset:#x} is mapped from flash to {load_addr:#010x}, which does not fit its place in \
         pages of {page} bytes"
    )]
    Misplaced {
        /// Where the segment's data begins, in bytes from the start of the file.
        offset: u32,
        /// Where it shall be mapped.
        load_addr: u32,
        /// The MMU's page in bytes.
        page: u32,
    },
    /// The image has no app descriptor: a boot loader, a partition table, or another tool's file.
    #[error(
        "no app descriptor at byte 0x20: an app image by ESP-IDF has one, a boot loader has not"
    )]
    NoDescriptor,
    /// The app descriptor's version is empty, and devices are told apart by it.
    #[error("the version in the app descriptor is empty (set PROJECT_VER)")]
    NoVersion,
}

/// Checks that `file` is a whole app image with an app descriptor, signed or not, and nothing else.
///
/// Segments, checksum and appended digest are checked as ESP-IDF v5.5.5 does in
/// `components/bootloader_support/src/esp_image_format.c`, and so are the addresses at which segments are mapped from
/// flash. Chip revision, slot size and signature are for whoever knows the device.
///
/// # Errors
/// [`CheckError`], which names the first thing that is wrong.
pub fn check_image(file: &[u8]) -> Result<Checked, CheckError> {
    let mut hashing = Hashing::of(file);
    let image = AppImage::parse(file, |bytes| hashing.beginning(bytes).0).map_err(|error| {
        CheckError::Format {
            kind: error.kind,
            offset: error.offset,
        }
    })?;
    let descriptor = image.descriptor().ok_or(CheckError::NoDescriptor)?;
    if descriptor.version.is_empty() {
        return Err(CheckError::NoVersion);
    }
    check_mapping(&image, descriptor)?;
    Ok(Checked {
        digest: hashing.whole(),
        // A whole image with a sector of signature is far below 4 GiB.
        size: u32::try_from(file.len()).unwrap_or(u32::MAX),
        chip: image.header().chip.0,
        project: descriptor.project_name.to_owned(),
        version: descriptor.version.to_owned(),
        idf_version: descriptor.idf_version.to_owned(),
        secure_version: descriptor.secure_version,
        built: format!("{} {}", descriptor.date, descriptor.time)
            .trim()
            .to_owned(),
        segments: image.header().segment_count,
        has_appended_digest: image.appended_digest().is_some(),
        signed: match image.signature() {
            Signature::None => Signed::No,
            Signature::V1(_) => Signed::V1,
            Signature::V2(_) => Signed::V2,
        },
    })
}

fn check_mapping(image: &AppImage<'_>, descriptor: &AppDescriptor<'_>) -> Result<(), CheckError> {
    let chip = image.header().chip;
    let page = descriptor.mmu_page_size_log2;
    let mut wrong = image
        .segments()
        .filter_map(|segment| misplaced(chip, &segment, page));
    wrong.next().map_or(Ok(()), Err)
}

/// Why a segment cannot be mapped, if it cannot; `page_log2` is what the descriptor says, 0 for nothing.
pub(crate) fn misplaced(chip: ChipId, segment: &Segment<'_>, page_log2: u8) -> Option<CheckError> {
    let page_log2 = chip.mmu_page_log2(page_log2);
    let load_addr = segment.header.load_addr;
    let is_mapped = chip.is_flash_mapped(load_addr) == Some(true);
    (is_mapped && !segment.is_page_aligned(page_log2)).then(|| CheckError::Misplaced {
        offset: segment.offset,
        load_addr,
        page: 1_u32.checked_shl(page_log2.into()).unwrap_or(0),
    })
}

#[cfg(test)]
mod tests;
