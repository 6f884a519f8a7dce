//! A `Range` header ([`countersign_server::range`]): 8 bytes that say how long the file is, then the value.

use countersign_server::range::{Asked, parse};

/// A part that is given lies within the file.
pub fn run(bytes: &[u8]) {
    let Some((size, value)) = bytes.split_first_chunk() else {
        return;
    };
    let size = u64::from_le_bytes(*size);
    if let Asked::Part { first, last } = parse(Some(&String::from_utf8_lossy(value)), size) {
        assert!(first <= last && last < size, "{first}-{last} of {size}");
    }
}
