//! The releases of ESP-IDF that a bundle is made for.

use anyhow::{Result, bail};
use countersign_protocol::UnixTime;
use countersign_roots::{CrossSigned, Release, ReleaseSet};
use countersign_trust::{Clock, IdfRelease, choose::Target, device::DEFAULT_MAX_ENTRIES};
use esp_formats::bundle::Format;

/// What is said of the devices beside their release.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Devices {
    /// Whether they verify chains that are signed across, where their release can; without it, its default.
    pub(crate) cross_signed: Option<bool>,
    /// They look at dates, and it is now this.
    pub(crate) dates: Option<UnixTime>,
    /// How many roots they take.
    pub(crate) max_entries: usize,
}

/// How many roots devices take, as a user says, or by default.
pub(crate) fn max_entries(said: Option<usize>) -> Result<usize> {
    match said {
        Some(said) if !(1..=MOST_ENTRIES).contains(&said) => {
            bail!("--max-certs {said}: a device can be built for 1 to {MOST_ENTRIES} roots")
        }
        said => Ok(said.unwrap_or(DEFAULT_MAX_ENTRIES)),
    }
}

/// Whether a release counts the roots of its bundle: since v4.3.4, v4.4.2 and v5.0 (`esp_crt_bundle.c`).
pub(crate) fn counts_entries(release: IdfRelease) -> bool {
    let since = match (release.major, release.minor) {
        (4, 3) => IdfRelease::new(4, 3, 4),
        _ => IdfRelease::new(4, 4, 2),
    };
    release >= since
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

/// The releases that a text names, as long as all of them are known.
///
/// # Errors
/// It names none.
pub(crate) fn named(text: &str) -> Result<Vec<&'static Release>> {
    if let Some(release) = Release::find(text) {
        return Ok(vec![release]);
    }
    let line = text.strip_suffix(".x").and_then(Release::find);
    if let Some([major, minor, _]) = line.map(Release::numbers) {
        let of_line = |release: &&Release| {
            !release.is_branch() && release.numbers().starts_with(&[major, minor])
        };
        return Ok(Release::all().iter().filter(of_line).collect());
    }
    let range = text.split_once("..").and_then(|(first, last)| {
        // A line stands for its oldest patch at the beginning, and for its newest at the end.
        let first = Release::find(first.strip_suffix(".x").unwrap_or(first))?;
        let last = match last.strip_suffix(".x") {
            Some(line) => {
                let [major, minor, _] = Release::find(line)?.numbers();
                Release::newest_of(major, minor)?
            }
            None => Release::find(last)?,
        };
        ReleaseSet::parse(&format!("{}..{}", first.name(), last.name()))
    });
    if let Some(range) = range {
        return Ok(range.iter().collect());
    }
    let newest = Release::all().iter().rfind(|release| !release.is_branch());
    bail!(
        "`{}` is no release of ESP-IDF that is known here; say v5.3, v5.3.x, v4.4..v5.5, or master (v4.2 to {} are known)",
        text.escape_debug(),
        newest.map_or("v6.0", Release::name)
    )
}

fn read(text: &str, devices: Devices) -> Result<Vec<Target>> {
    if let Ok(release) = text.parse::<IdfRelease>()
        && let Some(newest) = Release::newest_of(release.major, release.minor)
        && release.patch > newest.numbers()[2]
    {
        let mut target = known(newest, devices);
        target.label = release.to_string();
        target.release = release;
        return Ok(vec![target]);
    }
    let all = named(text)?.into_iter();
    Ok(all.map(|release| known(release, devices)).collect())
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
        max_entries: devices.max_entries,
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
pub(crate) fn of_label(
    label: &str,
    cross_signed: bool,
    clock: Clock,
    max_entries: usize,
) -> Option<Target> {
    let devices = Devices {
        cross_signed: Some(cross_signed),
        dates: None,
        max_entries,
    };
    let mut target = read(label, devices).ok()?.into_iter().next()?;
    target.clock = clock;
    Some(target)
}

/// The older format counts in 16 bits.
const MOST_ENTRIES: usize = 65_535;

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(asked: &[&str]) -> Vec<String> {
        let asked: Vec<String> = asked.iter().map(|&text| text.to_owned()).collect();
        let devices = Devices {
            cross_signed: None,
            dates: None,
            max_entries: DEFAULT_MAX_ENTRIES,
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
            max_entries: DEFAULT_MAX_ENTRIES,
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
                max_entries: DEFAULT_MAX_ENTRIES,
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

    #[test]
    fn releases_are_read_one_by_one_by_line_and_by_range() {
        for (text, names) in [
            ("v5.3", "v5.3"),
            ("5.3.2", "v5.3.2"),
            ("v5.3.x", "v5.3..v5.3.5"),
            ("v5.3.4..5.4", "v5.3.4..v5.4"),
            ("v5.2.x..v5.3.x", "v5.2..v5.3.5"),
            ("v4.2..v4.4.x", "v4.2..v4.4.8"),
            ("v5.5.x..master", "v5.5..master"),
            ("master", "master"),
        ] {
            let set: ReleaseSet = named(text).unwrap().into_iter().collect();
            assert_eq!(set.to_string(), names);
        }
        for bad in [
            "v3.3",
            "",
            "v5",
            "v5.4..v5.3",
            "v5.9.x",
            "x.x",
            "..",
            "v5.3..x",
            "v5.3...x",
        ] {
            let error = named(bad).unwrap_err().to_string();
            assert!(error.contains("v4.2 to v6.0"), "{error}");
        }
    }
}
