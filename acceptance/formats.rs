//! What we write, read by strangers: Espressif's own tools, and scripts written from the layouts alone.

mod flash;
mod images;
mod trust;

use std::path::Path;

use crate::harness::espressif;

/// Demands that Espressif's tool calls an image's checksum and digest valid. Its words count: it ends with 0 for bad
/// ones too. Gives them.
fn valid_by_esptool(python: &Path, image: &str) -> String {
    let words = espressif(python, "esptool", &["image-info", image]);
    for begin in ["Checksum: 0x", "Validation hash: "] {
        let line = words.lines().find(|line| line.starts_with(begin));
        let line = line.unwrap_or_else(|| panic!("no `{begin}` in {words}"));
        assert!(line.ends_with("(valid)"), "{line}");
    }
    assert!(!words.contains("invalid"), "{words}");
    words
}

/// The value in the words of Espressif's tool, where a line begins with `name: `.
fn word<'a>(words: &'a str, name: &str) -> &'a str {
    let line = words
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_else(|| panic!("no `{name}` in {words}"))
}
