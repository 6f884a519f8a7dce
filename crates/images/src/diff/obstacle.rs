//! What would stop a device on the step from one image to another.

use esp_formats::app_image::ChipId;

use super::Facts;
use crate::check::Signed;

/// What would stop the step, and on which devices.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Obstacle {
    /// Another chip.
    #[error("it is for another chip ({new}, not {old}): every device refuses it")]
    Chip {
        /// Of the old image.
        old: ChipId,
        /// Of the new one.
        new: ChipId,
    },
    /// The first signature is by another key.
    #[error(
        "block 0 is by another key: a device that verifies signed apps without Secure Boot compares that one with block 0 of \
         what runs, and refuses it, whatever the other blocks are"
    )]
    FirstKey,
    /// No signature is by a key of before.
    #[error(
        "no signature block is by a key of the old image: a device with Secure Boot that knows those keys alone refuses it"
    )]
    Keys,
    /// The least revision of the chip rises.
    #[error("it needs revision v{}.{} of the chip: a device with an older one, v{}.{} or up, refuses it", new / 100, new % 100, old / 100, old % 100)]
    MinChipRevision {
        /// Of the old image, major × 100 + minor.
        old: u16,
        /// Of the new one.
        new: u16,
    },
    /// The greatest revision of the chip falls.
    #[error("it allows revisions of the chip up to v{}.{}: a device with a newer one refuses it, unless that check is off in eFuse", new / 100, new % 100)]
    MaxChipRevision {
        /// Of the new image, major × 100 + minor.
        new: u16,
    },
    /// Another project.
    #[error(
        "it is of another project (`{new}`, not `{old}`): ESP-IDF does not look at that, so that a device may well run it"
    )]
    Project {
        /// Of the old image.
        old: String,
        /// Of the new one.
        new: String,
    },
    /// The anti-rollback version falls.
    #[error(
        "secure_version falls from {old} to {new}: a device with anti-rollback refuses it once its eFuse is at {old}"
    )]
    SecureVersion {
        /// Of the old image.
        old: u32,
        /// Of the new one.
        new: u32,
    },
    /// The same version on another image.
    #[error(
        "both say version `{version}` and are not the same: a device that asks for news by version takes the new one for what \
         it runs"
    )]
    SameVersion {
        /// The version.
        version: String,
    },
    /// The signature is of another kind, or gone.
    #[error(
        "its signature is {new}, that of the old image {old}: a device that verifies signatures refuses it"
    )]
    Signature {
        /// Of the old image.
        old: &'static str,
        /// Of the new one.
        new: &'static str,
    },
}

/// What would stop the step, the surest first.
pub(super) fn between(old: &Facts, new: &Facts) -> Vec<Obstacle> {
    let mut found = Vec::new();
    if old.chip != new.chip {
        found.push(Obstacle::Chip {
            old: old.chip,
            new: new.chip,
        });
    }
    if new.min_chip_rev > old.min_chip_rev {
        found.push(Obstacle::MinChipRevision {
            old: old.min_chip_rev,
            new: new.min_chip_rev,
        });
    }
    if let Some(most) = new.max_chip_rev
        && old.max_chip_rev.is_none_or(|before| most < before)
    {
        found.push(Obstacle::MaxChipRevision { new: most });
    }
    if let (Some(old), Some(new)) = (old.secure_version, new.secure_version)
        && new < old
    {
        found.push(Obstacle::SecureVersion { old, new });
    }
    found.extend(signatures(old, new));
    if let (Some(old), Some(new)) = (&old.project, &new.project)
        && old != new
    {
        found.push(Obstacle::Project {
            old: old.clone(),
            new: new.clone(),
        });
    }
    if old.version == new.version
        && old.fields != new.fields
        && let Some(version) = &new.version
    {
        found.push(Obstacle::SameVersion {
            version: version.clone(),
        });
    }
    found
}

fn signatures(old: &Facts, new: &Facts) -> Option<Obstacle> {
    match (old.signed, new.signed) {
        // Whoever runs what is not signed asks for no signature.
        (Signed::No, _) => None,
        (before, now) if before != now => Some(Obstacle::Signature {
            old: said(before),
            new: said(now),
        }),
        _ => {
            let known = |block| old.blocks.contains(block);
            if !new.blocks.iter().any(known) && !old.blocks.is_empty() {
                return Some(Obstacle::Keys);
            }
            (old.blocks.first() != new.blocks.first()).then_some(Obstacle::FirstKey)
        }
    }
}

fn said(signed: Signed) -> &'static str {
    match signed {
        Signed::No => "missing",
        Signed::V1 => "secure boot v1",
        Signed::V2 => "secure boot v2",
    }
}
