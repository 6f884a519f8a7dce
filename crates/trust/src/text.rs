//! Foreign bytes for people to read.

/// A DER `Name`: its parts in their order; `?` where it is none. What moves a cursor or turns letters round is escaped.
pub(crate) fn name(der: &[u8]) -> String {
    countersign_x509::name::text(der).unwrap_or_else(|_| "?".to_owned())
}

/// A text of several lines, each made harmless as [`countersign_x509::name::escaped`] does.
pub(crate) fn lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(countersign_x509::name::escaped).collect();
    lines.join("\n")
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
