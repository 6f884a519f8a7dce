#![no_main]
use esp_formats::secure_cert::{Entries, Kind, find};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = find(bytes, Kind::DEVICE_CERTIFICATE, 0);
    let _ = Entries::new(bytes).count();
});
