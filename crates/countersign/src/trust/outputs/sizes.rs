//! How large ESP-IDF's own bundles are.

use countersign_roots::ReleaseSet;
use countersign_trust::choose::Target;

use crate::trust::releases::stands_for;

/// The bytes of the full and of the common list of a target's release, as a build takes them that says nothing else.
pub(crate) fn beside(target: &Target) -> Option<[usize; 2]> {
    let release = stands_for(target)?;
    let of = |rows: &[(&str, usize)]| {
        let has = |releases: &str| {
            ReleaseSet::parse(releases).is_some_and(|releases| releases.contains(release))
        };
        let row = rows.iter().find(|(releases, _)| has(releases));
        row.map(|&(_, bytes)| bytes)
    };
    Some([of(FULL)?, of(COMMON)?])
}

/// Known beforehand, since building them takes longer than all the rest; a test builds them.
const FULL: &[(&str, usize)] = &[
    ("v4.2..v4.2.2 v4.3..v4.3.1", 64_208),
    ("v4.2.3..v4.2.5 v4.3.2..v4.3.3", 63_664),
    ("v4.3.4..v4.3.7 v4.4.2..v4.4.8", 63_739),
    ("v4.4..v4.4.1", 59_606),
    ("v5.0..v5.0.9", 65_870),
    ("v5.1..v5.2.7", 64_057),
    ("v5.3..v5.3.5", 67_806),
    ("v5.4..v5.4.4", 69_876),
    ("v5.5..v5.5.5", 68_983),
    ("v6.0..v6.0.2", 67_532),
    ("release/v6.1", 67_817),
    ("master", 56_244),
];

const COMMON: &[(&str, usize)] = &[
    ("v4.2..v4.3.3 v4.4..v4.4.1", 15_481),
    ("v4.3.4..v4.3.7 v4.4.2..v5.0.9", 14_746),
    ("v5.1..v5.1.6 v5.2..v5.2.5 v5.3..v5.3.2", 16_822),
    ("v5.1.7 v5.2.6..v5.2.7 v5.3.3..v5.3.5", 17_245),
    ("v5.4", 16_984),
    ("v5.4.1..v5.4.4", 17_411),
    ("v5.5..v5.5.5", 17_924),
    ("v6.0..release/v6.1", 16_738),
    ("master", 13_622),
];

#[cfg(test)]
mod tests {
    use countersign_roots::{BundleSettings, DefaultList, Release};
    use countersign_trust::device::DEFAULT_MAX_ENTRIES;

    use super::*;
    use crate::trust::releases::{Devices, targets};

    #[test]
    fn the_sizes_are_those_of_the_bundles() {
        let devices = Devices {
            cross_signed: None,
            dates: None,
            max_entries: DEFAULT_MAX_ENTRIES,
        };
        for release in Release::all() {
            let target = &targets(&[release.name().to_owned()], devices).unwrap()[0];
            let built = [DefaultList::Full, DefaultList::Common].map(|list| {
                let settings = BundleSettings {
                    list,
                    ..release.settings()
                };
                release.bundle(settings).unwrap().len()
            });
            assert_eq!(beside(target), Some(built), "{release}");
        }
    }
}
