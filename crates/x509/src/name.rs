//! A distinguished name that stands alone, as in a trust bundle (RFC 5280 §4.1.2.4).

use crate::{
    Error,
    certificate::read,
    der::{Reader, SEQUENCE},
};

/// A DER `Name` as text, its parts in their order; made harmless as [`escaped`] does.
///
/// # Errors
/// [`Error::Malformed`] where the bytes are not one `Name` and nothing else.
pub fn text(der: &[u8]) -> Result<String, Error> {
    let mut input = Reader::new(der);
    let element = input.expect(SEQUENCE, "name")?;
    input.finish("name")?;
    Ok(read::name(&element, "name")?.text)
}

/// Text of strangers for people to read: what moves a terminal's cursor, ends a string, hides or turns letters round
/// is written as its number, such as `\u{1b}`.
pub fn escaped(text: &str) -> String {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    let mut harmless = String::with_capacity(text.len());
    for c in text.chars() {
        if does_harm(c) {
            harmless.extend(c.escape_unicode());
        } else {
            harmless.push(c);
        }
    }
    harmless
}

/// Whether a text can be shown as it is: [`escaped`] leaves it alone.
pub fn is_harmless(text: &str) -> bool {
    !text.contains(does_harm)
}

fn does_harm(c: char) -> bool {
    c.is_control() || hides(c)
}

/// Letters without width, and those that change the direction of others (Unicode 17, general category Cf, in part).
const fn hides(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_move_the_cursor_is_written_as_its_number() {
        for (text, shown) in [
            ("Amazon Root CA 1", "Amazon Root CA 1"),
            ("Z\u{fc}rich \u{4e2d}", "Z\u{fc}rich \u{4e2d}"),
            ("a\0b", "a\\u{0}b"),
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("\u{9b}2J\r\n", "\\u{9b}2J\\u{d}\\u{a}"),
            ("moc.\u{202e}live", "moc.\\u{202e}live"),
        ] {
            assert_eq!(escaped(text), shown);
            assert_eq!(is_harmless(text), text == shown);
            assert!(is_harmless(shown));
        }
    }
}
