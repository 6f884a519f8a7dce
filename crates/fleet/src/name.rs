//! Names of devices and products.

use std::{fmt, str::FromStr};

/// A device's id: 1 to 64 characters of `A-Z a-z 0-9 . _ : -`, the first a letter or digit.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct DeviceId(String);

/// A product's name: 1 to 32 characters of `a-z 0-9 . _ -`, the first a letter or digit.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ProductName(String);

/// A name that breaks its rule.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{name}` is not a {what}: {rule}")]
pub struct NameError {
    /// What was wanted.
    pub what: &'static str,
    /// The text that was given.
    pub name: String,
    /// What is allowed.
    pub rule: &'static str,
}

impl DeviceId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ProductName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DeviceId {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        let allowed = |c: u8| c.is_ascii_alphanumeric() || b"._:-".contains(&c);
        if is_name(name, 64, allowed) {
            return Ok(Self(name.to_owned()));
        }
        let rule = "1 to 64 of A-Z a-z 0-9 . _ : -, the first a letter or digit";
        Err(NameError {
            what: "device id",
            name: name.to_owned(),
            rule,
        })
    }
}

impl FromStr for ProductName {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b"._-".contains(&c);
        if is_name(name, 32, allowed) {
            return Ok(Self(name.to_owned()));
        }
        let rule = "1 to 32 of a-z 0-9 . _ -, the first a letter or digit";
        Err(NameError {
            what: "product name",
            name: name.to_owned(),
            rule,
        })
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ProductName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_name(name: &str, longest: usize, allowed: impl Fn(u8) -> bool) -> bool {
    name.len() <= longest
        && name
            .bytes()
            .next()
            .is_some_and(|first| first.is_ascii_alphanumeric())
        && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_to_their_rule() {
        for good in ["7cdfa1000001", "A4:CF:12:00:00:01", "x", &"d".repeat(64)] {
            assert_eq!(good.parse::<DeviceId>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            "-x",
            "a b",
            "../etc",
            "a/b",
            "é",
            "a\n",
            &"d".repeat(65),
        ] {
            bad.parse::<DeviceId>().unwrap_err();
        }
        for bad in ["", "Demo", "a:b", ".x", &"p".repeat(33)] {
            bad.parse::<ProductName>().unwrap_err();
        }
        assert_eq!("demo".parse::<ProductName>().unwrap().as_str(), "demo");
    }
}
