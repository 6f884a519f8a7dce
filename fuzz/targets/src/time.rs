//! A time as text ([`countersign_operations::text`]).

use countersign_operations::text::{from_rfc3339, rfc3339};

/// A time that is read can be written, and reads the same.
pub fn run(text: &[u8]) {
    if let Some(at) = from_rfc3339(&String::from_utf8_lossy(text)) {
        assert_eq!(from_rfc3339(&rfc3339(at)), Some(at));
    }
}
