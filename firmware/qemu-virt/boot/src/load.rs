//! Putting an image's segments where they are wanted.
//!
//! On a chip the memory management unit shows a slot's code at the address that it was linked for. This machine has
//! none, so the code is copied: into the region of the first flash that code runs in, unless it lies there already.
//! Segments for RAM are copied as a chip's boot loader copies them.

#![expect(
    unsafe_code,
    reason = "an image's segments go to addresses that nothing of Rust has"
)]

use core::{ops::Range, ptr::with_exposed_provenance_mut, slice};

use esp_formats::app_image::{AppImage, ChipId, Segment};
use qemu_virt_machine::{
    APP_RAM, RUN_REGION,
    pflash::{Fault, Pflash},
};

use crate::stage::to_usize;

/// Why an image cannot be started.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(crate) enum LoadError {
    /// Only this machine's builds pass for that chip.
    #[error("it is for {0}")]
    OtherChip(ChipId),
    /// A segment goes neither to the region that code runs in, nor to the app's RAM.
    #[error("a segment of {len} bytes wants to be at {load_addr:#010x}")]
    Place { load_addr: u32, len: u32 },
    /// It does not start within its segments.
    #[error("it starts at {0:#010x}, outside its segments")]
    Entry(u32),
    /// The flash that code runs from did not take it.
    #[error(transparent)]
    Rom(Fault),
}

/// What it took.
pub(crate) struct Loaded {
    /// Whether code had to be copied.
    pub(crate) copied: bool,
}

/// Loads an image; on an error other than the flash's, nothing was changed.
pub(crate) fn load(rom: &mut Pflash, image: &AppImage<'_>) -> Result<Loaded, LoadError> {
    let chip = image.header().chip;
    if chip != ChipId::ESP32_C3 {
        return Err(LoadError::OtherChip(chip));
    }
    for segment in image.segments() {
        if place(&segment).is_none() {
            let (load_addr, len) = (segment.header.load_addr, segment.header.len);
            return Err(LoadError::Place { load_addr, len });
        }
    }
    let entry = image.header().entry_addr;
    let has_entry = |segment: Segment<'_>| addresses(&segment).contains(&to_usize(entry));
    if !image.segments().any(has_entry) {
        return Err(LoadError::Entry(entry));
    }
    let in_rom = || {
        image
            .segments()
            .filter(|segment| place(segment) == Some(Place::Rom))
    };
    let copied = !in_rom().all(|segment| *present(&segment) == *segment.data);
    if copied {
        // A cut of power anywhere in here leaves what is not the image; the next boot copies it again.
        let (from, to) = in_rom()
            .map(|segment| addresses(&segment))
            .fold((RUN_REGION.end, RUN_REGION.start), |(from, to), range| {
                (from.min(range.start), to.max(range.end))
            });
        let base = rom.base();
        let first = (from - base) / Pflash::BLOCK * Pflash::BLOCK;
        for block in (first..to - base).step_by(Pflash::BLOCK) {
            rom.erase_block(block).map_err(LoadError::Rom)?;
        }
        for segment in in_rom() {
            let at = addresses(&segment).start - base;
            rom.program(at, segment.data).map_err(LoadError::Rom)?;
        }
        for segment in in_rom() {
            if *present(&segment) != *segment.data {
                let at = addresses(&segment).start - base;
                return Err(LoadError::Rom(Fault::Failed { at, status: 0 }));
            }
        }
    }
    for segment in image.segments() {
        if place(&segment) == Some(Place::Ram) {
            let start = with_exposed_provenance_mut(addresses(&segment).start);
            // SAFETY: it lies in the app's RAM, in which nothing of the boot stage is.
            unsafe { slice::from_raw_parts_mut(start, segment.data.len()) }
                .copy_from_slice(segment.data);
        }
    }
    Ok(Loaded { copied })
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Place {
    Rom,
    Ram,
}

/// Where a segment goes, if it may go there.
fn place(segment: &Segment<'_>) -> Option<Place> {
    let range = addresses(segment);
    let within = |region: Range<usize>| region.start <= range.start && range.end <= region.end;
    let aligned = range.start.is_multiple_of(4);
    match () {
        () if aligned && within(RUN_REGION) => Some(Place::Rom),
        () if aligned && within(APP_RAM) => Some(Place::Ram),
        () => None,
    }
}

fn addresses(segment: &Segment<'_>) -> Range<usize> {
    let start = to_usize(segment.header.load_addr);
    start..start.saturating_add(segment.data.len())
}

/// What lies in the first flash where a segment belongs.
fn present<'a>(segment: &Segment<'_>) -> &'a [u8] {
    let range = addresses(segment);
    let start = core::ptr::with_exposed_provenance(range.start);
    // SAFETY: callers ask for segments that belong there; the flash is memory between two calls, and nobody keeps the
    // bytes over one that changes it.
    unsafe { slice::from_raw_parts(start, range.len()) }
}
