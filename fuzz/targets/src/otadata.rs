//! One entry of the `otadata` partition ([`esp_formats::otadata`]).

use esp_formats::otadata::SelectEntry;

use crate::seal;

/// Every entry has one value, and the value writes that entry.
pub fn run(bytes: &[u8]) {
    let bytes = seal::flash::<{ SelectEntry::LEN }>(bytes);
    let entry = SelectEntry::parse(&bytes);
    assert_eq!(entry.encode(), bytes);
    assert!(!entry.is_usable() || entry.has_valid_crc());
}
