//! A trust bundle as ESP-IDF reads it, of either format ([`esp_formats::bundle`]).

use esp_formats::bundle::{Bundle, encode};

/// What is read can be written, and reads the same.
pub fn run(bytes: &[u8]) {
    let _ = Bundle::parse_prefix(bytes);
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
