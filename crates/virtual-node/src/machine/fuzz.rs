//! The private parsers of foreign bytes, for fuzzing alone: behind the feature `fuzz`.
//!
//! Each function is the parser itself. Nothing here is stable, and nothing else may call it.

use countersign_protocol::UnixTime;

use super::build_time;

/// When an image was built, by the date and time in its app descriptor.
pub fn built(date: &str, time: &str) -> Option<UnixTime> {
    build_time::build_time(date, time)
}
