//! What a terminal may be sent, as the targets hold it against what is shown. Written down here once more: a list that is
//! asked whether it is whole must not be the one that is asked.

/// Panics where a line would move the cursor, or turn its letters round (Unicode 17, `Bidi_Control`).
pub(crate) fn assert_plain(line: &str) {
    let harms = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(!line.contains(harms), "{line:?}");
}

/// The same for each of several.
pub(crate) fn assert_all_plain<T: AsRef<str>>(lines: impl IntoIterator<Item = T>) {
    for line in lines {
        assert_plain(line.as_ref());
    }
}

/// The same for a text of several lines.
pub(crate) fn assert_plain_lines(text: &str) {
    text.split('\n').for_each(assert_plain);
}

/// An error and its causes.
pub(crate) fn assert_plain_error(error: &dyn std::error::Error) {
    let (mut at, mut causes) = (Some(error), 0);
    while let Some(error) = at {
        assert_plain_lines(&error.to_string());
        at = error.source();
        causes += 1;
        assert!(causes < 10, "its causes have no end");
    }
}
