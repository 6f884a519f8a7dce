//! An app image, as a boot loader finds it in a slot and an operator uploads it ([`esp_formats::app_image`]).

use esp_formats::app_image::{AppImage, Extent, Head};

use crate::seal;

/// Both with the checksum as it is and put right. An appended digest is taken for right, so that what follows it is
/// reached too. A reader of pieces finds the same end as one that has it all.
pub fn run(bytes: &[u8]) {
    let _ = Head::parse(bytes);
    for file in [bytes, &seal::app_image(bytes)] {
        let appended = |image: &[u8]| {
            let behind = file.get(image.len()..).and_then(<[u8]>::first_chunk);
            behind.copied().unwrap_or_default()
        };
        if let Ok(image) = AppImage::parse(file, appended) {
            assert_eq!(
                image.segments().count(),
                usize::from(image.header().segment_count)
            );
            assert!(
                AppImage::parse_in_slot(file, appended).is_ok(),
                "not in a slot"
            );
            let mut extent = Extent::default();
            for piece in file.chunks(7) {
                assert!(extent.push(piece).is_ok(), "not in pieces");
            }
            assert_eq!(extent.image_len(), Some(image.image_len()));
        }
        let _ = AppImage::parse_in_slot(file, appended).map(|image| image.signature());
    }
}
