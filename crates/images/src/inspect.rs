//! An image as far as it can be read, and all that a device would refuse in it.

use esp_formats::{
    ErrorKind,
    app_image::{ChipId, SEGMENT_LIMIT, Segment, Signature, Survey},
};

use crate::{
    check::{CheckError, misplaced},
    kind::table_behind,
    secure_boot::{BlockReport, Fault, Image},
    sha256,
};

/// What an image is, as far as it can be read.
#[derive(Clone, Debug)]
pub struct Inspected<'a> {
    /// Its fields.
    pub survey: Survey<'a>,
    /// What it is for.
    pub kind: ImageKind,
    /// The signature blocks that follow it.
    pub blocks: Vec<BlockReport>,
    /// Why a device would refuse it; none where it would not.
    pub refusals: Vec<Refusal>,
}

/// What an image is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ImageKind {
    /// An app, with its descriptor.
    App,
    /// A boot loader, or another program that runs in RAM alone.
    Loader,
    /// A program that is mapped from flash and says nothing of itself.
    Bare,
}

/// Why a device would refuse an image.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It cannot be read, or something in it does not match.
    #[error("{kind}, at byte {offset:#x}")]
    Format {
        /// What is wrong.
        kind: ErrorKind,
        /// Where, in bytes from the start of the file.
        offset: u32,
    },
    /// Behind it lies a partition table: it is the boot loader of a whole flash.
    #[error(
        "a whole flash, with a partition table at byte {table:#x}; shown is the image that it begins with: take the app's own file, \
         or cut it out"
    )]
    Flash {
        /// Where the table lies, in bytes from the start of the file.
        table: usize,
    },
    /// A segment lies where it cannot be mapped.
    #[error(transparent)]
    Mapping(CheckError),
    /// Nothing is said of the MMU's page, and the chip's can be set.
    #[error(
        "no app descriptor at byte 0x20, and the {chip}, whose MMU page can be set, asks for it"
    )]
    NoDescriptor {
        /// The image's chip.
        chip: ChipId,
    },
    /// A signature block that a chip with Secure Boot would not take.
    #[error("signature block {number} {fault}")]
    Signature {
        /// Its number, from 0.
        number: usize,
        /// What is wrong with it.
        fault: Fault,
    },
}

/// Reads an image as far as it goes.
///
/// # Errors
/// Where not even the header can be read.
pub fn inspect(file: &[u8]) -> Result<Inspected<'_>, CheckError> {
    let survey =
        Survey::read(file, |bytes| sha256(bytes).0).map_err(|error| CheckError::Format {
            kind: error.kind,
            offset: error.offset,
        })?;
    let mut refusals: Vec<_> = [survey.stopped, survey.descriptor_error]
        .into_iter()
        .flatten()
        .map(|error| Refusal::Format {
            kind: error.kind,
            offset: error.offset,
        })
        .collect();
    let checksum = survey.checksum.filter(|sum| sum.stored != sum.computed);
    refusals.extend(checksum.map(|sum| Refusal::Format {
        kind: ErrorKind::Checksum {
            stored: sum.stored,
            computed: sum.computed,
        },
        offset: sum.offset,
    }));
    let digest = survey.digest.filter(|sum| sum.stored != sum.computed);
    refusals.extend(digest.map(|sum| Refusal::Format {
        kind: ErrorKind::AppendedDigest,
        offset: sum.offset,
    }));
    let chip = survey.header().chip;
    let page = survey
        .descriptor
        .map_or(0, |found| found.mmu_page_size_log2);
    let wrong = survey
        .segments()
        .filter_map(|segment| misplaced(chip, &segment, page));
    refusals.extend(wrong.map(Refusal::Mapping));

    let is_mapped =
        |segment: Segment<'_>| chip.is_flash_mapped(segment.header.load_addr) == Some(true);
    let is_described = survey.descriptor.is_some() || survey.descriptor_error.is_some();
    let kind = if is_described {
        ImageKind::App
    } else if survey.segments().any(is_mapped) {
        ImageKind::Bare
    } else {
        ImageKind::Loader
    };
    if kind == ImageKind::Bare
        && chip.has_mmu_pages_to_choose()
        && survey.descriptor_error.is_none()
    {
        refusals.push(Refusal::NoDescriptor { chip });
    }
    let mut blocks = Vec::new();
    if let Some(table) = table_behind(file) {
        refusals.push(Refusal::Flash { table });
    }
    match Image::read(file) {
        Ok(image) => blocks = image.blocks(),
        // What is wrong before the end was said above.
        Err(error) if refusals.is_empty() => refusals.extend(behind(&error)),
        Err(_) => {}
    }
    let found_len = flash_len(&survey).filter(|len| *len > SEGMENT_LIMIT);
    // Without its signature it would have been said already.
    if let Some(offset) = found_len.filter(|_| refusals.is_empty()) {
        let kind = ErrorKind::ImageTooLong { max: SEGMENT_LIMIT };
        refusals.push(Refusal::Format { kind, offset });
    }
    let faults = blocks
        .iter()
        .filter_map(|block| Some((block.number, block.fault?)));
    refusals.extend(faults.map(|(number, fault)| Refusal::Signature { number, fault }));
    Ok(Inspected {
        survey,
        kind,
        blocks,
        refusals,
    })
}

fn behind(error: &crate::secure_boot::Error) -> Option<Refusal> {
    use crate::secure_boot::Error;
    match error {
        Error::Format { kind, offset } => Some(Refusal::Format {
            kind: *kind,
            offset: *offset,
        }),
        Error::SecondSector { offset } => Some(Refusal::Format {
            kind: ErrorKind::TrailingData,
            offset: *offset,
        }),
        _ => None,
    }
}

impl Inspected<'_> {
    /// How many bytes of a partition it takes, with its signature; `None` where it has no end.
    pub fn flash_len(&self) -> Option<u32> {
        flash_len(&self.survey)
    }
}

fn flash_len(survey: &Survey<'_>) -> Option<u32> {
    let len = survey.image_len?;
    Some(match survey.signature() {
        Signature::None => len,
        Signature::V1(signature) => {
            len.saturating_add(u32::try_from(signature.len()).unwrap_or(u32::MAX))
        }
        Signature::V2(_) => len.next_multiple_of(SECTOR).saturating_add(SECTOR),
    })
}

const SECTOR: u32 = 4096;

#[cfg(test)]
mod tests;
