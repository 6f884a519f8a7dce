#![no_main]
use esp_formats::app_image::{AppImage, Head};

// An appended digest is taken for right, so that what follows it is reached too.
libfuzzer_sys::fuzz_target!(|file: &[u8]| {
    let _ = Head::parse(file);
    let appended = |image: &[u8]| {
        file[image.len()..]
            .first_chunk()
            .copied()
            .unwrap_or_default()
    };
    let _ = AppImage::parse(file, appended).map(|image| image.segments().count());
    let _ = AppImage::parse_in_slot(file, appended);
});
