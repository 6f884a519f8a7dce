//! A sealed image ([`esp_formats::sealed_image`]).

use esp_formats::sealed_image::{Header, SealedImage, is_sealed};

/// What is read is what is written, and a file that is none is not called one.
pub fn run(bytes: &[u8]) {
    if let Ok(header) = Header::parse(bytes) {
        assert!(is_sealed(bytes));
        assert_eq!(header.encode().unwrap(), bytes[..Header::LEN]);
    }
    if let Ok(image) = SealedImage::parse(bytes) {
        assert_eq!(Header::LEN + image.ciphertext.len(), bytes.len());
    }
}
