//! The `Range` header (RFC 9110 §14).

/// What part of an image is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Asked {
    /// All of it: no `Range`, or one that a server may pass over (RFC 9110 §14.2).
    All,
    /// From the first byte to the last, both included.
    Part {
        /// Offset of the first byte.
        first: u64,
        /// Offset of the last byte.
        last: u64,
    },
    /// A range that begins beyond the end.
    Beyond,
}

/// Reads a `Range` header's value for a file of `size` bytes. One range is understood; several are passed over.
///
/// A part that is given lies within the file, and its first byte is not behind its last.
pub fn parse(value: Option<&str>, size: u64) -> Asked {
    let Some((first, last)) = value
        .and_then(|value| value.strip_prefix("bytes="))
        .and_then(|range| range.split_once('-'))
    else {
        return Asked::All;
    };
    let end = size.saturating_sub(1);
    match (number(first), number(last)) {
        (Some(first), _) if first >= size => Asked::Beyond,
        (Some(first), Some(last)) if last >= first => Asked::Part {
            first,
            last: last.min(end),
        },
        (Some(first), None) if last.is_empty() => Asked::Part { first, last: end },
        (None, Some(0)) if first.is_empty() => Asked::Beyond,
        (None, Some(length)) if first.is_empty() && size > 0 => Asked::Part {
            first: size.saturating_sub(length),
            last: end,
        },
        _ => Asked::All,
    }
}

/// Digits and nothing else: `parse` alone would take a sign.
fn number(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_rfc_9110_has_them() {
        let part = |first, last| Asked::Part { first, last };
        let cases = [
            (None, Asked::All),
            (Some("bytes=0-0"), part(0, 0)),
            (Some("bytes=0-99"), part(0, 99)),
            (Some("bytes=0-1000"), part(0, 99)),
            (Some("bytes=50-"), part(50, 99)),
            (Some("bytes=-10"), part(90, 99)),
            (Some("bytes=-1000"), part(0, 99)),
            (Some("bytes=99-99"), part(99, 99)),
            (Some("bytes=100-"), Asked::Beyond),
            (Some("bytes=100-200"), Asked::Beyond),
            (Some("bytes=-0"), Asked::Beyond),
            (Some("bytes=5-4"), Asked::All),
            (Some("bytes=0-1,5-6"), Asked::All),
            (Some("bytes=+1-2"), Asked::All),
            (Some("bytes=-"), Asked::All),
            (Some("bytes="), Asked::All),
            (Some("items=0-1"), Asked::All),
            (Some("bytes=18446744073709551616-"), Asked::All),
        ];
        for (value, wanted) in cases {
            assert_eq!(parse(value, 100), wanted, "{value:?}");
        }
        assert_eq!(parse(Some("bytes=0-"), 0), Asked::Beyond);
    }
}
