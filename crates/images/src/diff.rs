//! Two app images beside each other: what changes with the step from the one to the other, and what would stop it.

mod facts;
mod obstacle;

pub use facts::{Facts, Field, SignatureBlock, Value};
pub use obstacle::Obstacle;

use std::collections::BTreeMap;

use esp_formats::app_image::{AppImage, Memory, Segment};

use crate::{CheckError, sha256};

/// What there is to say of two images.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Diff {
    /// The old image.
    pub old: Facts,
    /// The new one.
    pub new: Facts,
    /// The segments: those of the new image in their order, then what is gone.
    pub segments: Vec<SegmentPair>,
    /// Bytes by the memory that they are for, in the old image and the new.
    pub memory: BTreeMap<Option<Memory>, (u32, u32)>,
    /// How much of the file is the same byte at the same place.
    pub equal_bytes: usize,
    /// Where the files begin to differ, in bytes from their start; `None` where they are the same.
    pub first_difference: Option<usize>,
    /// What would stop the step on some device.
    pub obstacles: Vec<Obstacle>,
}

/// One segment in both images.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SegmentPair {
    /// In the old image; `None` where it is new.
    pub old: Option<Place>,
    /// In the new image; `None` where it is gone.
    pub new: Option<Place>,
    /// Whether it is in both and holds the same.
    pub same_data: bool,
}

/// Where a segment lies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Place {
    /// What it is loaded or mapped to; `None` for a chip that is not known.
    pub memory: Option<Memory>,
    /// The load address.
    pub load_addr: u32,
    /// Where its data begins in the file, in bytes.
    pub offset: u32,
    /// The length of its data in bytes.
    pub len: u32,
}

/// Which of the two images a fault is in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Side {
    /// The old one.
    Old,
    /// The new one.
    New,
}

/// Compares two images, each signed or not, with a descriptor or without.
///
/// # Errors
/// [`CheckError::Format`] of the image that is not whole, and which of the two it is.
pub fn diff(old: &[u8], new: &[u8]) -> Result<Diff, (Side, CheckError)> {
    let read = |file, side| {
        AppImage::parse(file, |bytes| sha256(bytes).0).map_err(|error| {
            let (kind, offset) = (error.kind, error.offset);
            (side, CheckError::Format { kind, offset })
        })
    };
    let (old_image, new_image) = (read(old, Side::Old)?, read(new, Side::New)?);
    let segments = pair(&old_image, &new_image);
    let mut memory = BTreeMap::<_, (u32, u32)>::new();
    for SegmentPair { old, new, .. } in &segments {
        if let Some(place) = old {
            let (sum, _) = memory.entry(place.memory).or_default();
            *sum = sum.saturating_add(place.len);
        }
        if let Some(place) = new {
            let (_, sum) = memory.entry(place.memory).or_default();
            *sum = sum.saturating_add(place.len);
        }
    }
    let same = || old.iter().zip(new).map(|(old, new)| old == new);
    let first_difference = same()
        .position(|same| !same)
        .or((old.len() != new.len()).then(|| old.len().min(new.len())));
    let equal_bytes = same().filter(|same| *same).count();
    let (old, new) = (Facts::of(old, &old_image), Facts::of(new, &new_image));
    Ok(Diff {
        obstacles: obstacle::between(&old, &new),
        old,
        new,
        segments,
        memory,
        equal_bytes,
        first_difference,
    })
}

/// Finds each segment of one image in the other: at the same address, or else the next one for the same memory.
fn pair(old: &AppImage<'_>, new: &AppImage<'_>) -> Vec<SegmentPair> {
    let place = |image: &AppImage<'_>, segment: &Segment<'_>| Place {
        memory: image.header().chip.memory(segment.header.load_addr),
        load_addr: segment.header.load_addr,
        offset: segment.offset,
        len: segment.header.len,
    };
    let mut left: Vec<_> = old.segments().map(|s| (place(old, &s), s.data)).collect();
    let new: Vec<_> = new.segments().map(|s| (place(new, &s), s.data)).collect();
    let mut found = vec![None; new.len()];
    let same_address = |a: &Place, b: &Place| a.load_addr == b.load_addr;
    let same_memory = |a: &Place, b: &Place| a.memory.is_some() && a.memory == b.memory;
    for same in [same_address, same_memory] as [fn(&Place, &Place) -> bool; 2] {
        for ((place, _), found) in new.iter().zip(&mut found) {
            if found.is_none()
                && let Some(at) = left.iter().position(|(other, _)| same(other, place))
            {
                *found = Some(left.remove(at));
            }
        }
    }
    let kept = new
        .into_iter()
        .zip(found)
        .map(|((new, data), old)| SegmentPair {
            old: old.map(|(place, _)| place),
            new: Some(new),
            same_data: old.is_some_and(|(_, held)| held == data),
        });
    let gone = left.into_iter().map(|(old, _)| SegmentPair {
        old: Some(old),
        new: None,
        same_data: false,
    });
    kept.chain(gone).collect()
}

#[cfg(test)]
mod tests;
