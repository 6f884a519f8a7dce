//! An app image that is to be published, checked as a device will check it ([`countersign_images::check_image`]).

use countersign_images::{check_image, inspect, secure_boot::Image, sha256};

use crate::seal;

/// With checksum and appended digest put right: what is left to find is all the rest. What is published is whole to whoever
/// looks into it, and what nobody would refuse can be read to be signed.
pub fn run(bytes: &[u8]) {
    let file = seal::app_image(bytes);
    match check_image(&file) {
        Ok(checked) => {
            assert_eq!(checked.digest, sha256(&file));
            assert_eq!(usize::try_from(checked.size), Ok(file.len()));
            assert!((1..=32).contains(&checked.version.len()));
            assert!(Image::read(&file).is_ok());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    for file in [bytes, &file] {
        if let Ok(found) = inspect(file) {
            assert!(!found.refusals.is_empty() || Image::read(file).is_ok());
        }
    }
}
