//! The releases of ESP-IDF that a bundle is made for.

use anyhow::{Result, bail};
use countersign_protocol::UnixTime;
use countersign_roots::{CrossSigned, Release, ReleaseSet};
use countersign_trust::{Clock, IdfRelease, choose::Target};
use esp_formats::bundle::Format;

/// What is said of the devices beside their release.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Devices {
    /// Whether they verify chains that are signed across, where their release can; without it, its default.
    pub(crate) cross_signed: Option<bool>,
    /// They look at dates, and it is now this.
    pub(crate) dates: Option<UnixTime>,
}

/// Reads what was asked for: `v5.3`, `5.3.2`, `v5.3.x`, `v4.4..v5.5.1`, `release/v6.1`, `master`; oldest first, each once.
///
/// A patch that is not known yet is taken by the rules of its line.
pub(crate) fn targets(asked: &[String], devices: Devices) -> Result<Vec<Target>> {
    let mut targets: Vec<Target> = Vec::new();
    for text in asked {
        for target in read(text, devices)? {
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
    }
    targets.sort_by_key(|target| target.release);
    Ok(targets)
}

fn read(text: &str, devices: Devices) -> Result<Vec<Target>> {
    if let Some(release) = Release::find(text) {
        return Ok(vec![known(release, devices)]);
    }
    if let Some(line) = text.strip_suffix(".x") {
        let line = line.strip_prefix('v').unwrap_or(line);
        let numbers = |release: &&Release| {
            let [major, minor, _] = release.numbers();
            !release.is_branch() && format!("{major}.{minor}") == line
        };
        let all: Vec<Target> = Release::all()
            .iter()
            .filter(numbers)
            .map(|release| known(release, devices))
            .collect();
        if !all.is_empty() {
            return Ok(all);
        }
    }
    if text.contains("..") {
        let with_letter = |end: &str| Release::find(end).map(Release::name);
        let range = text.split_once("..").and_then(|(first, last)| {
            ReleaseSet::parse(&format!("{}..{}", with_letter(first)?, with_letter(last)?))
        });
        if let Some(set) = range {
            return Ok(set.iter().map(|release| known(release, devices)).collect());
        }
    }
    if let Ok(release) = text.parse::<IdfRelease>()
        && let Some(newest) = Release::newest_of(release.major, release.minor)
        && release.patch > newest.numbers()[2]
    {
        let mut target = known(newest, devices);
        target.label = release.to_string();
        target.release = release;
        return Ok(vec![target]);
    }
    let newest = Release::all()
        .iter()
        .rfind(|release| !release.is_branch())
        .map_or("v6.0", Release::name);
    bail!(
        "`{text}` is no release of ESP-IDF that is known here; say v5.3, v5.3.x, v4.4..v5.5, or master (v4.2 to {newest} are known)"
    )
}

fn known(release: &Release, devices: Devices) -> Target {
    let [major, minor, patch] = release.numbers();
    Target {
        label: release.name().to_owned(),
        release: IdfRelease::new(major, minor, patch),
        format: release.bundle_format(),
        cross_signed: match release.cross_signed() {
            CrossSigned::Absent => false,
            CrossSigned::OffByDefault => devices.cross_signed.unwrap_or(false),
            CrossSigned::OnByDefault => devices.cross_signed.unwrap_or(true),
        },
        clock: devices.dates.map_or(Clock::Ignored, Clock::At),
    }
}

/// The known release that stands for a target: itself, or the newest of its line.
pub(crate) fn stands_for(target: &Target) -> Option<&'static Release> {
    let IdfRelease { major, minor, .. } = target.release;
    Release::find(&target.label).or_else(|| Release::newest_of(major, minor))
}

/// Labels as people write them: ranges where neighbours follow each other.
pub(crate) fn ranges<'a>(labels: impl Iterator<Item = &'a str>) -> String {
    let (mut known, mut others) = (Vec::new(), Vec::new());
    for label in labels {
        match Release::find(label) {
            Some(release) => known.push(release),
            None => others.push(label.to_owned()),
        }
    }
    let known: ReleaseSet = known.into_iter().collect();
    let mut all = Vec::new();
    if !known.is_empty() {
        all.push(known.to_string());
    }
    all.extend(others);
    all.join(" ")
}

/// A format's name in files.
pub(crate) const fn format_name(format: Format) -> &'static str {
    match format {
        Format::Legacy => "legacy",
        Format::Offsets => "offsets",
    }
}

/// A target as the lock file has it.
pub(crate) fn of_label(label: &str, cross_signed: bool, clock: Clock) -> Option<Target> {
    let devices = Devices {
        cross_signed: Some(cross_signed),
        dates: None,
    };
    let mut target = read(label, devices).ok()?.into_iter().next()?;
    target.clock = clock;
    Some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(asked: &[&str]) -> Vec<String> {
        let asked: Vec<String> = asked.iter().map(|&text| text.to_owned()).collect();
        let devices = Devices {
            cross_signed: None,
            dates: None,
        };
        let targets = targets(&asked, devices).unwrap();
        targets.into_iter().map(|target| target.label).collect()
    }

    #[test]
    fn releases_are_asked_for_in_every_spelling() {
        assert_eq!(labels(&["5.5.1", "v4.2", "v5.5.1"]), ["v4.2", "v5.5.1"]);
        assert_eq!(labels(&["v6.0.x"]), ["v6.0", "v6.0.1", "v6.0.2"]);
        assert_eq!(labels(&["5.3.5..v5.4"]), ["v5.3.5", "v5.4"]);
        assert_eq!(
            labels(&["master", "release/v6.1"]),
            ["release/v6.1", "master"]
        );
        assert_eq!(labels(&["v5.5.99"]), ["v5.5.99"]);
        let devices = Devices {
            cross_signed: None,
            dates: None,
        };
        for bad in [
            "",
            "v5",
            "v5.9.x",
            "v5.5..",
            "v6.0..v5.0",
            "v7.0",
            "latest",
            "..",
            "v4.1",
        ] {
            assert!(targets(&[bad.to_owned()], devices).is_err(), "{bad}");
        }
    }

    #[test]
    fn crossed_signatures_are_verified_where_a_release_can() {
        let crossed = |label: &str, asked| {
            let devices = Devices {
                cross_signed: asked,
                dates: None,
            };
            targets(&[label.to_owned()], devices).unwrap()[0].cross_signed
        };
        assert!(crossed("master", None) && !crossed("master", Some(false)));
        assert!(crossed("v6.0", Some(true)) && !crossed("v6.0", None));
        assert!(!crossed("v5.5", Some(true)));
    }

    #[test]
    fn neighbours_are_written_as_ranges() {
        assert_eq!(
            ranges(["v5.3", "v5.3.1", "v5.3.2", "v6.0"].into_iter()),
            "v5.3..v5.3.2 v6.0"
        );
        assert_eq!(ranges(["v5.5.99", "v5.5"].into_iter()), "v5.5 v5.5.99");
    }
}
