//! Releases, and sets of them.

use super::*;

#[test]
fn a_tag_says_its_numbers_and_stands_in_their_order() {
    let tags: Vec<&Release> = RELEASES.iter().filter(|r| !r.is_branch()).collect();
    assert!(tags.is_sorted_by_key(|release| release.numbers));
    assert!(RELEASES.is_sorted_by_key(Release::is_branch));
    for release in tags {
        let [major, minor, patch] = release.numbers;
        let tag = match patch {
            0 => format!("v{major}.{minor}"),
            _ => format!("v{major}.{minor}.{patch}"),
        };
        assert_eq!(release.name(), tag);
        assert_eq!(Release::of(major, minor, patch), Some(release));
    }
}

#[test]
fn a_release_is_found_with_or_without_its_letter() {
    for (text, name) in [
        ("v5.5.1", "v5.5.1"),
        ("5.5.1", "v5.5.1"),
        ("v4.2", "v4.2"),
        ("master", "master"),
        ("release/v6.1", "release/v6.1"),
    ] {
        assert_eq!(Release::find(text).unwrap().name(), name);
    }
    for unknown in ["", "v", "5", "v5.5.99", "vmaster", "vv5.5", "6.1"] {
        assert_eq!(Release::find(unknown), None, "{unknown}");
    }
    assert_eq!(Release::newest_of(5, 3).unwrap().name(), "v5.3.5");
    assert_eq!(Release::of(6, 1, 0), None);
    assert_eq!(Release::newest_of(6, 1), None);
}

#[test]
fn what_differs_between_releases_is_what_esp_idf_says() {
    for (name, format, deprecated, cross_signed, date) in [
        (
            "v4.2.3",
            Format::Legacy,
            false,
            CrossSigned::Absent,
            "2019-01-23",
        ),
        (
            "v4.3.4",
            Format::Legacy,
            false,
            CrossSigned::Absent,
            "2022-04-26",
        ),
        (
            "v4.4.1",
            Format::Legacy,
            false,
            CrossSigned::Absent,
            "2021-10-05",
        ),
        (
            "v5.0.9",
            Format::Legacy,
            false,
            CrossSigned::Absent,
            "2022-07-19",
        ),
        (
            "v5.2.7",
            Format::Legacy,
            false,
            CrossSigned::Absent,
            "2023-01-10",
        ),
        (
            "v5.3.5",
            Format::Legacy,
            true,
            CrossSigned::Absent,
            "2024-03-11",
        ),
        (
            "v5.4",
            Format::Offsets,
            true,
            CrossSigned::Absent,
            "2024-09-24",
        ),
        (
            "v5.5.5",
            Format::Offsets,
            true,
            CrossSigned::Absent,
            "2025-02-25",
        ),
        (
            "v6.0.2",
            Format::Offsets,
            true,
            CrossSigned::OffByDefault,
            "2025-12-02",
        ),
        (
            "release/v6.1",
            Format::Offsets,
            true,
            CrossSigned::OffByDefault,
            "2026-02-11",
        ),
        (
            "master",
            Format::Offsets,
            true,
            CrossSigned::OnByDefault,
            "2026-05-14",
        ),
    ] {
        let release = Release::find(name).unwrap();
        assert_eq!(release.bundle_format(), format, "{name}");
        assert_eq!(release.has_deprecated_list(), deprecated, "{name}");
        assert_eq!(release.cross_signed(), cross_signed, "{name}");
        assert_eq!(release.mozilla_date().to_string(), date, "{name}");
    }
}

#[test]
fn a_set_is_written_as_it_is_read() {
    for text in [
        "",
        "v4.2",
        "v4.2..v4.3.3 v4.4..v4.4.1",
        "v6.0..release/v6.1",
        "v4.2..master",
    ] {
        let set = ReleaseSet::parse(text).unwrap();
        assert_eq!(set.to_string(), text);
        assert_eq!(set.iter().collect::<ReleaseSet>(), set);
        assert_eq!(set.is_empty(), text.is_empty());
    }
    let set = ReleaseSet::parse("v4.2.5..v4.3.1").unwrap();
    let names: Vec<&str> = set.iter().map(Release::name).collect();
    assert_eq!(names, ["v4.2.5", "v4.3", "v4.3.1"]);
    for bad in ["v4.2..", "..v4.2", "v5.0..v4.2", "v9.9", "v4.2-v4.3"] {
        assert_eq!(ReleaseSet::parse(bad), None, "{bad}");
    }
}
