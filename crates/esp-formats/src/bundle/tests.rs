use std::vec;
use std::vec::Vec;

use super::*;
use crate::testing::{XorShift, survives_hostile_bytes};

const LEGACY: &[u8] = include_bytes!("../../tests/data/ok_bundle_legacy.bin");
const OFFSETS: &[u8] = include_bytes!("../../tests/data/ok_bundle_offsets.bin");
const ROOT_A: &[u8] = include_bytes!("../../tests/data/root_a.der");
const ROOT_B: &[u8] = include_bytes!("../../tests/data/root_b.der");

/// Both subjects and keys stand in the certificates byte for byte; so the vector's own entries can be checked there.
fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}

fn encoded(format: Format, entries: &mut [Entry<'_>]) -> Vec<u8> {
    let mut out = vec![0; encoded_len(format, entries)];
    assert_eq!(encode(format, entries, &mut out).unwrap(), out.len());
    out
}

#[test]
fn reads_what_esp_idf_wrote() {
    for (bytes, format) in [(LEGACY, Format::Legacy), (OFFSETS, Format::Offsets)] {
        let bundle = Bundle::parse(bytes).unwrap();
        assert_eq!(bundle.format(), format);
        assert_eq!(bundle.len(), 2);
        assert!(bundle.is_sorted());
        let entries: Vec<_> = bundle.iter().collect();
        // The shorter name of root B sorts first: DER begins with the length.
        for (entry, certificate) in entries.iter().zip([ROOT_B, ROOT_A]) {
            assert!(contains(certificate, entry.name) && contains(certificate, entry.key));
            assert_eq!(bundle.find(entry.name), Some(*entry));
        }
        assert_eq!(bundle.find(b"\x30\x00"), None);
        assert_eq!(bundle.find(b""), None);
    }
}

#[test]
fn writes_what_esp_idf_writes() {
    let mut entries: Vec<_> = Bundle::parse(OFFSETS).unwrap().iter().collect();
    entries.reverse();
    assert_eq!(encoded(Format::Offsets, &mut entries.clone()), OFFSETS);
    assert_eq!(encoded(Format::Legacy, &mut entries), LEGACY);
}

#[test]
fn begins_as_the_golden_bundles_of_esp_idf() {
    // One root of 92 bytes of subject and 294 of key: `0001 005c 0126` and `04000000 5c00 2601`.
    let mut entries = [Entry {
        name: &[0x30; 92],
        key: &[0x30; 294],
    }];
    assert_eq!(
        encoded(Format::Legacy, &mut entries)[..6],
        [0, 1, 0, 0x5C, 1, 0x26]
    );
    assert_eq!(
        encoded(Format::Offsets, &mut entries)[..8],
        [4, 0, 0, 0, 0x5C, 0, 0x26, 1]
    );
}

#[test]
fn knows_which_release_reads_which() {
    for (major, minor, format) in [
        (4, 2, Format::Legacy),
        (5, 3, Format::Legacy),
        (5, 4, Format::Offsets),
        (6, 0, Format::Offsets),
    ] {
        assert_eq!(Format::of_release(major, minor), format);
    }
}

#[test]
fn refuses_what_a_device_refuses_and_what_it_would_misread() {
    use Format::{Legacy, Offsets};
    let damaged = |format, at: usize, value: u8| {
        let mut bytes = if format == Legacy { LEGACY } else { OFFSETS }.to_vec();
        bytes[at] = value;
        Bundle::parse_as(format, &bytes).unwrap_err().kind
    };
    assert_eq!(damaged(Legacy, 1, 0), ErrorKind::EmptyBundle);
    assert!(matches!(damaged(Legacy, 1, 3), ErrorKind::Truncated { .. }));
    assert_eq!(damaged(Legacy, 1, 1), ErrorKind::TrailingData);
    assert_eq!(damaged(Offsets, 0, 0), ErrorKind::EmptyBundle);
    assert_eq!(
        damaged(Offsets, 0, 9),
        ErrorKind::EntryOffset {
            found: 9,
            expected: 12
        }
    );
    assert!(matches!(
        damaged(Offsets, 4, 0),
        ErrorKind::EntryOffset { found: 0, .. }
    ));
    for (format, bytes) in [(Legacy, LEGACY), (Offsets, OFFSETS)] {
        let short = &bytes[..bytes.len() - 1];
        let kind = Bundle::parse_as(format, short).unwrap_err().kind;
        assert!(
            matches!(kind, ErrorKind::Truncated { .. }),
            "the last entry's end is checked"
        );
        assert_eq!(Bundle::parse(short).unwrap_err().kind, kind);
        let long = [bytes, &[0xFF; 100]].concat();
        assert_eq!(
            Bundle::parse(&long).unwrap_err().kind,
            ErrorKind::TrailingData
        );
        assert_eq!(Bundle::parse_prefix(&long).unwrap().as_bytes(), bytes);
    }
    assert!(Bundle::parse_as(Legacy, OFFSETS).is_err());
    assert!(Bundle::parse_as(Offsets, LEGACY).is_err());
    let kind = Bundle::parse(&[0xFF; 64]).unwrap_err().kind;
    assert!(
        matches!(kind, ErrorKind::Truncated { len: 64, .. }),
        "erased flash"
    );
}

#[test]
fn finds_every_entry_of_every_size_as_the_device_does() {
    let mut random = XorShift(99);
    for count in (1..40).chain([63, 64, 65, 200]) {
        let names: Vec<_> = (0..count)
            .map(|n: u32| {
                [
                    &[0x30, 8, 0x0C, 6][..],
                    &random.next().to_be_bytes(),
                    &n.to_be_bytes()[2..],
                ]
                .concat()
            })
            .collect();
        let mut entries: Vec<_> = names
            .iter()
            .map(|name| Entry {
                name,
                key: &name[4..],
            })
            .collect();
        for format in [Format::Legacy, Format::Offsets] {
            let bytes = encoded(format, &mut entries);
            let bundle = Bundle::parse(&bytes).unwrap();
            assert_eq!((bundle.format(), bundle.len()), (format, names.len()));
            assert!(bundle.is_sorted());
            for entry in &entries {
                assert_eq!(bundle.find(entry.name), Some(*entry));
            }
        }
    }
}

#[test]
fn keeps_equal_names_in_order_and_reaches_one_of_them() {
    let entry = |name, key| Entry { name, key };
    let mut entries = [
        entry(b"b", b"2"),
        entry(b"b", b"1"),
        entry(b"a", b"x"),
        entry(b"c", b"y"),
    ];
    let bytes = encoded(Format::Offsets, &mut entries);
    let bundle = Bundle::parse(&bytes).unwrap();
    let keys: Vec<_> = bundle.iter().map(|entry| entry.key[0]).collect();
    assert_eq!(keys, *b"x21y");
    // (0 + 3) / 2 = 1: the first of the two.
    assert_eq!(bundle.find(b"b").unwrap().key, b"2");
}

#[test]
fn compares_names_by_the_shorter_one_as_the_format_says() {
    let mut entries = [Entry {
        name: b"abc",
        key: b"k",
    }];
    for (format, issuer, found) in [
        (Format::Offsets, &b"abcd"[..], true),
        (Format::Offsets, b"ab", true),
        (Format::Legacy, b"abcd", true),
        (Format::Legacy, b"ab", false),
        (Format::Legacy, b"abd", false),
    ] {
        let bytes = encoded(format, &mut entries);
        assert_eq!(
            Bundle::parse(&bytes).unwrap().find(issuer).is_some(),
            found,
            "{format:?}"
        );
    }
}

#[test]
fn misses_entries_of_an_unsorted_bundle_like_the_device() {
    let bytes = [
        &[0, 3][..],
        &[0, 1, 0, 1, b'c', 1],
        &[0, 1, 0, 1, b'b', 1],
        &[0, 1, 0, 1, b'a', 1],
    ]
    .concat();
    let bundle = Bundle::parse(&bytes).unwrap();
    assert!(!bundle.is_sorted());
    assert!(bundle.find(b"b").is_some());
    assert!(bundle.find(b"a").is_none());
}

#[test]
fn refuses_to_write_what_no_device_could_use() {
    let kind = |entries: &mut [Entry<'_>], out: &mut [u8]| {
        encode(Format::Legacy, entries, out).unwrap_err().kind
    };
    let long = vec![0; 65536];
    assert_eq!(kind(&mut [], &mut []), ErrorKind::EmptyBundle);
    assert_eq!(
        kind(
            &mut [Entry {
                name: b"",
                key: b"k"
            }],
            &mut [0; 9]
        ),
        ErrorKind::EmptyEntry
    );
    assert_eq!(
        kind(
            &mut [Entry {
                name: &long,
                key: b"k"
            }],
            &mut [0; 9]
        ),
        ErrorKind::FieldTooLong {
            len: 65536,
            max: 65535
        }
    );
    assert!(matches!(
        kind(
            &mut [Entry {
                name: b"n",
                key: b"k"
            }],
            &mut [0; 7]
        ),
        ErrorKind::BufferTooSmall { len: 7, needed: 8 }
    ));
}

#[test]
fn survives_hostile_bundles() {
    for valid in [LEGACY, OFFSETS] {
        survives_hostile_bytes(valid, |bytes| {
            let parsed = [Bundle::parse(bytes), Bundle::parse_prefix(bytes)];
            for bundle in parsed.into_iter().flatten() {
                assert_eq!(bundle.iter().count(), bundle.len());
                let _ = (
                    bundle.is_sorted(),
                    bundle.find(b"\x30\x16"),
                    bundle.find(bytes),
                );
            }
        });
    }
}

/// What the release makes of the bytes.
fn loaded(release: (u16, u16, u16), bytes: &[u8]) -> Result<Bundle<'_>, ErrorKind> {
    let (major, minor, patch) = release;
    let checks = LoadChecks::of_release(major, minor, patch, DEFAULT_MAX_ENTRIES);
    Bundle::load(bytes, checks).map_err(|error| error.kind)
}

#[test]
fn each_release_looks_at_what_its_own_code_looks_at() {
    let cut = |bytes: &'static [u8]| &bytes[..bytes.len() - 1];
    for (release, knows_its_length) in [
        ((4, 2, 5), false),
        ((4, 3, 3), false),
        ((4, 3, 4), true),
        ((4, 4, 1), false),
        ((4, 4, 2), true),
        ((5, 0, 0), true),
        ((5, 3, 5), true),
    ] {
        assert_eq!(loaded(release, LEGACY).unwrap().len(), 2, "{release:?}");
        let refused = loaded(release, cut(LEGACY));
        assert_eq!(refused.is_err(), knows_its_length, "{release:?}");
        assert_eq!(loaded(release, OFFSETS).is_err(), knows_its_length);
        // What comes behind does no harm.
        loaded(release, &[LEGACY, &[0xFF; 9]].concat()).unwrap();
    }
    for (release, sees_the_last) in [((5, 4, 0), false), ((6, 0, 2), false), ((6, 1, 0), true)] {
        assert_eq!(loaded(release, OFFSETS).unwrap().len(), 2, "{release:?}");
        let refused = loaded(release, cut(OFFSETS));
        assert_eq!(refused.is_err(), sees_the_last, "{release:?}");
        loaded(release, LEGACY).unwrap_err();
        let mut bent = OFFSETS.to_vec();
        bent[4] ^= 4;
        let kind = loaded(release, &bent).unwrap_err();
        assert!(matches!(kind, ErrorKind::EntryOffset { .. }), "{kind}");
    }
}

#[test]
fn a_device_takes_200_entries_and_no_more() {
    for (release, format) in [((5, 3, 5), Format::Legacy), ((5, 5, 5), Format::Offsets)] {
        let names: Vec<_> = (0..201_u32).map(u32::to_be_bytes).collect();
        let entries: Vec<_> = names.iter().map(|name| Entry { name, key: b"k" }).collect();
        let most = encoded(format, &mut entries[..200].to_vec());
        assert_eq!(loaded(release, &most).unwrap().len(), 200);
        let many = encoded(format, &mut entries.clone());
        let refused = loaded(release, &many).unwrap_err();
        let kind = ErrorKind::TooManyEntries {
            found: 201,
            max: 200,
        };
        assert_eq!(refused, kind);
        // Before v4.3.4 nothing was counted.
        if format == Format::Legacy {
            assert_eq!(loaded((4, 3, 3), &many).unwrap().len(), 201);
        }
    }
}

#[test]
fn a_search_says_where_it_would_read_what_is_not_there() {
    let bundle = loaded((6, 0, 2), &OFFSETS[..OFFSETS.len() - 1]).unwrap();
    let names: Vec<_> = Bundle::parse(OFFSETS)
        .unwrap()
        .iter()
        .map(|entry| entry.name.to_vec())
        .collect();
    assert!(matches!(
        bundle.search(&names[0]),
        Search::Found { index: 0, .. }
    ));
    assert_eq!(bundle.search(&names[1]), Search::Beyond { index: 1 });
    assert_eq!(bundle.search(b"\x30\x00"), Search::Missing);
    let bundle = loaded((4, 3, 3), &LEGACY[..10]).unwrap();
    assert_eq!(bundle.search(&names[1]), Search::Beyond { index: 0 });
}

#[test]
fn loading_survives_hostile_bytes() {
    for (bytes, release) in [
        (LEGACY, (4, 2, 0)),
        (LEGACY, (5, 3, 5)),
        (OFFSETS, (5, 4, 0)),
    ] {
        survives_hostile_bytes(bytes, |bytes| {
            if let Ok(bundle) = loaded(release, bytes) {
                let _ = bundle.search(b"\x30\x0b\x31\x09");
                let _ = bundle.iter().take(300).count();
            }
        });
    }
}
