//! Foreign bytes, and times, for people to read.

use countersign_protocol::UnixTime;
use countersign_roots::Date;

/// A DER `Name`: its parts in their order; `?` where it is none. What moves a cursor or turns letters round is escaped.
pub(crate) fn name(der: &[u8]) -> String {
    countersign_x509::name::text(der).unwrap_or_else(|_| "?".to_owned())
}

/// A text of several lines, each made harmless as [`countersign_x509::name::escaped`] does.
pub(crate) fn lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(countersign_x509::name::escaped).collect();
    lines.join("\n")
}

/// Two times that differ, such as `2026-11-23`; with hours, minutes and seconds, in UTC, where the day is the same.
pub(crate) fn times(one: UnixTime, other: UnixTime) -> [String; 2] {
    let days = [one, other].map(|time| Date::of_unix(time.0));
    if days[0] != days[1] {
        return days.map(|day| day.to_string());
    }
    [one, other].map(|time| {
        let (day, of_day) = (Date::of_unix(time.0), time.0 % 86_400);
        let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
        format!("{day}T{hour:02}:{minute:02}:{second:02}Z")
    })
}

/// The content of an OBJECT IDENTIFIER in dotted form (X.690 §8.19); `?` where it is none.
pub(crate) fn oid(content: &[u8]) -> String {
    let mut arcs: Vec<u64> = Vec::new();
    let mut arc: u64 = 0;
    for byte in content {
        if arc >> 57 != 0 {
            return "?".to_owned();
        }
        arc = (arc << 7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            arcs.push(arc);
            arc = 0;
        }
    }
    let unfinished = content.last().is_none_or(|last| last & 0x80 != 0);
    let Some((first, rest)) = arcs.split_first().filter(|_| !unfinished) else {
        return "?".to_owned();
    };
    let top = (first / 40).min(2);
    let mut text = format!("{top}.{}", first - top * 40);
    for arc in rest {
        text.push('.');
        text.push_str(&arc.to_string());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_apart() {
        let day = 1_795_392_000;
        for (one, other, texts) in [
            (0, day, ["1970-01-01", "2026-11-23"]),
            (day, day + 86_400, ["2026-11-23", "2026-11-24"]),
            (
                day,
                day + 3661,
                ["2026-11-23T00:00:00Z", "2026-11-23T01:01:01Z"],
            ),
        ] {
            assert_eq!(times(UnixTime(one), UnixTime(other)), texts);
        }
    }

    #[test]
    fn object_identifiers_are_dotted() {
        for (content, text) in [
            (&[0x55, 0x1d, 0x1e][..], "2.5.29.30"),
            (&[0x2b, 0x65, 0x70], "1.3.101.112"),
            (
                &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b],
                "1.2.840.113549.1.1.11",
            ),
            (&[0x88, 0x37], "2.999"),
            (&[], "?"),
            (&[0x2a, 0x86], "?"),
            (&[0xff; 30], "?"),
        ] {
            assert_eq!(oid(content), text);
        }
    }
}
