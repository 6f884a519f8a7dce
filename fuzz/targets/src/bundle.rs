//! A trust bundle as ESP-IDF reads it, of either format ([`esp_formats::bundle`]).

use esp_formats::bundle::{Bundle, DEFAULT_MAX_ENTRIES, LoadChecks, encode};

/// What is read can be written, and reads the same; what a device would take can be searched.
pub fn run(bytes: &[u8]) {
    let _ = Bundle::parse_prefix(bytes);
    for (major, minor) in [(4, 2), (5, 3), (5, 4), (6, 1)] {
        let checks = LoadChecks::of_release(major, minor, 0, DEFAULT_MAX_ENTRIES);
        if let Ok(bundle) = Bundle::load(bytes, checks) {
            let _ = bundle.search(b"\x30\x0b\x31\x09");
        }
    }
    let Ok(bundle) = Bundle::parse(bytes) else {
        return;
    };
    for entry in bundle.iter() {
        assert!(!bundle.is_sorted() || bundle.find(entry.name).is_some());
    }
    let (mut entries, mut out) = (bundle.iter().collect::<Vec<_>>(), vec![0; bytes.len()]);
    let len = encode(bundle.format(), &mut entries, &mut out).unwrap();
    let again = Bundle::parse_as(bundle.format(), &out[..len]).unwrap();
    assert!(again.iter().eq(entries));
}
