#![no_main]
use esp_formats::bundle::{Bundle, encode};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = Bundle::parse_prefix(bytes);
    let Ok(bundle) = Bundle::parse(bytes) else {
        return;
    };
    let (mut entries, mut out) = (bundle.iter().collect::<Vec<_>>(), vec![0; bytes.len()]);
    let len = encode(bundle.format(), &mut entries, &mut out).unwrap();
    assert!(
        Bundle::parse_as(bundle.format(), &out[..len])
            .unwrap()
            .iter()
            .eq(entries)
    );
});
