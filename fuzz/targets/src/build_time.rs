//! When an image was built, by its app descriptor: date, line feed, time.

use countersign_virtual_node::machine::fuzz::built;

/// A time that is read lies between 1970 and the year 10000.
pub fn run(text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    let (date, time) = text.split_once('\n').unwrap_or((&text, ""));
    if let Some(at) = built(date, time) {
        assert!(at.0 < 253_402_300_800, "{at:?}");
    }
}
