#![no_main]
use esp_formats::otadata::SelectEntry;

libfuzzer_sys::fuzz_target!(|bytes: [u8; SelectEntry::LEN]| {
    assert_eq!(SelectEntry::parse(&bytes).encode(), bytes);
});
