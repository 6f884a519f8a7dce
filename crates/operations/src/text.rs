//! Values as people and programs read them.

use countersign_protocol::UnixTime;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A time as RFC 3339 has it, in UTC: `2026-11-23T03:05:00Z`.
pub fn rfc3339(at: UnixTime) -> String {
    i64::try_from(at.0)
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_else(|| format!("{} s after 1970", at.0))
}

/// The day of a time, in UTC: `2026-11-23`.
pub fn day(at: UnixTime) -> String {
    let whole = rfc3339(at);
    whole.split('T').next().unwrap_or(&whole).to_owned()
}

/// A time that RFC 3339 text names, whole seconds; none before 1970, nor after the year 9999 of UTC.
pub fn from_rfc3339(text: &str) -> Option<UnixTime> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    let seconds = u64::try_from(time.unix_timestamp()).ok()?;
    // An offset may lead into the year 10000, which cannot be written.
    (seconds <= LAST).then_some(UnixTime(seconds))
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 0xf));
    }
    text
}

/// A chip's name, or its number where it has none here.
pub fn chip_name(chip: u16) -> String {
    esp_formats::app_image::ChipId(chip).to_string()
}

/// An error and what caused it, in one line; a cause that the error already says is not said twice.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}

/// 9999-12-31T23:59:59Z.
const LAST: u64 = 253_402_300_799;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_written() {
        for at in [0, 1_795_403_100, LAST] {
            assert_eq!(from_rfc3339(&rfc3339(UnixTime(at))), Some(UnixTime(at)));
        }
        assert_eq!(rfc3339(UnixTime(1_795_403_100)), "2026-11-23T03:05:00Z");
        assert_eq!(from_rfc3339("1969-12-31T23:59:59Z"), None);
        assert_eq!(from_rfc3339("9999-12-31T23:50:55-23:33"), None);
        assert_eq!(from_rfc3339("yesterday"), None);
    }
}
