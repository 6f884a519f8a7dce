//! `trust.toml`, and a list of names ([`countersign_trust::config`]).

use countersign_trust::config::{Config, names};

use crate::plain::assert_plain_error;

/// What is wrong is said without moving a terminal; names are read as they are.
pub fn run(text: &[u8]) {
    let Ok(text) = str::from_utf8(text) else {
        return;
    };
    match Config::parse(text) {
        Err(error) => assert_plain_error(&error),
        // A comment changes nothing.
        Ok(config) => assert_eq!(Config::parse(&format!("{text}\n# end")), Ok(config)),
    }
    let read = names(text);
    let whole =
        |name: &String| !name.is_empty() && name.trim() == name && !name.contains(['\n', '#']);
    assert!(read.iter().all(whole));
    assert_eq!(names(&read.join("\n")), read);
}
