//! A trust bundle as ESP-IDF reads it, of either format ([`esp_formats::bundle`]).

use countersign_x509::{PublicKey, name};
use esp_formats::bundle::{Bundle, DEFAULT_MAX_ENTRIES, Format, LoadChecks, Search, encode};

use crate::plain::assert_all_plain;

/// What is read can be written, and reads the same; what a device would take can be searched; what we take, a device
/// takes and finds, and its names move no terminal.
pub fn run(bytes: &[u8]) {
    let _ = Bundle::parse_prefix(bytes);
    for (major, minor, patch) in RELEASES {
        let checks = LoadChecks::of_release(major, minor, patch, DEFAULT_MAX_ENTRIES);
        let format = Format::of_release(major, minor);
        let loaded = Bundle::load(bytes, checks);
        if let Ok(bundle) = loaded {
            assert!(bundle.as_bytes().len() <= bytes.len());
            let _ = bundle.search(b"\x30\x0b\x31\x09");
        }
        if let Ok(bundle) = Bundle::parse_as(format, bytes)
            && bundle.len() <= DEFAULT_MAX_ENTRIES
        {
            assert!(loaded.is_ok_and(|loaded| loaded.iter().eq(bundle.iter())));
        }
    }
    let Ok(bundle) = Bundle::parse(bytes) else {
        return;
    };
    let (mut entries, mut out) = (bundle.iter().collect::<Vec<_>>(), vec![0; bytes.len()]);
    assert_eq!(entries.len(), bundle.len());
    // Where one name is the beginning of another, as no DER is, the device's search may take either.
    let distinct = entries
        .windows(2)
        .all(|pair| !pair[1].name.starts_with(pair[0].name));
    for (at, entry) in entries.iter().enumerate() {
        if bundle.is_sorted() && distinct {
            let (entry, index) = (*entry, at);
            assert_eq!(bundle.search(entry.name), Search::Found { entry, index });
        }
        assert!(!bundle.is_sorted() || bundle.find(entry.name).is_some());
        assert_all_plain(name::text(entry.name));
        assert_all_plain(PublicKey::from_der(entry.key).map(|key| key.kind.to_string()));
    }
    let len = encode(bundle.format(), &mut entries, &mut out).unwrap();
    let again = Bundle::parse_as(bundle.format(), &out[..len]).unwrap();
    assert!(again.is_sorted() && again.iter().eq(entries));
}

/// All that look a bundle over in another way.
const RELEASES: [(u16, u16, u16); 5] = [(4, 2, 5), (4, 4, 8), (5, 3, 5), (5, 4, 0), (6, 1, 0)];
