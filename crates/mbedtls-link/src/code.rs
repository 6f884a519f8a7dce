//! The library's own number for what went wrong.

use core::fmt;

/// One of the library's negative error numbers, shown as its headers and ESP-IDF's log show it: `-0x2700`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Code(i32);

impl Code {
    /// Wraps the library's number.
    pub const fn new(code: i32) -> Self {
        Self(code)
    }

    /// Gives the library's number.
    pub const fn get(self) -> i32 {
        self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{:#06x}", self.0.unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString as _;

    use super::Code;

    #[test]
    fn is_shown_as_in_the_headers() {
        for (code, shown) in [
            (-0x2700, "-0x2700"),
            (-0x4C, "-0x004c"),
            (i32::MIN, "-0x80000000"),
            (1, "0x0001"),
        ] {
            assert_eq!(Code::new(code).to_string(), shown);
        }
    }
}
