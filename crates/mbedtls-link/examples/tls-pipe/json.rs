//! One flat JSON object on one line.

use std::fmt::Write as _;

/// An object under way.
pub(crate) struct Line(String);

impl Line {
    pub(crate) fn new() -> Self {
        Self(String::new())
    }

    /// Adds a string.
    pub(crate) fn text(mut self, name: &str, value: &str) -> Self {
        self.name(name);
        self.0.push('"');
        for c in value.chars() {
            match c {
                '"' | '\\' => self.0.extend(['\\', c]),
                // A `String` takes all that it is given.
                c if c < ' ' => write!(self.0, "\\u{:04x}", u32::from(c)).unwrap_or_default(),
                c => self.0.push(c),
            }
        }
        self.0.push('"');
        self
    }

    /// Adds a number.
    pub(crate) fn number(mut self, name: &str, value: u32) -> Self {
        self.name(name);
        self.0 += &value.to_string();
        self
    }

    pub(crate) fn end(self) -> String {
        format!("{{{}}}", self.0)
    }

    fn name(&mut self, name: &str) {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        self.0.extend(["\"", name, "\":"]);
    }
}
