//! Names of devices, authorities and products.

use std::{fmt, str::FromStr};

/// A device's id: 1 to 64 characters of `A-Z a-z 0-9 . _ : -`, the first a letter or digit.
///
/// That of a device which a registered authority vouches for begins with the authority's name and a `/`. So no two
/// authorities can name the same device, and none can name one of ours.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct DeviceId(String);

/// A registered authority's name: 1 to 32 characters of `a-z 0-9 . _ -`, the first a letter or digit.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AuthorityName(String);

/// A product's name: 1 to 32 characters of `a-z 0-9 . _ -`, the first a letter or digit.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ProductName(String);

/// A name that breaks its rule.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{name}` is not {what}: {rule}")]
pub struct NameError {
    /// What was wanted, with its article.
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

    /// The id of the device that `authority` calls `name`.
    ///
    /// # Errors
    /// [`NameError`] where `name` is none that a device may have.
    pub fn registered(authority: &AuthorityName, name: &str) -> Result<Self, NameError> {
        own_device(name)?;
        Ok(Self(format!("{authority}/{name}")))
    }

    /// Demands that it is in no registered authority's namespace, as that of a device of ours.
    ///
    /// # Errors
    /// [`NameError`] where it is.
    pub fn demand_ours(&self) -> Result<(), NameError> {
        own_device(&self.0)
    }

    /// The name of the registered authority in whose namespace it is; none of a device of ours.
    pub fn authority(&self) -> Option<&str> {
        self.0.split_once('/').map(|(authority, _)| authority)
    }

    /// The id without its authority.
    pub fn name(&self) -> &str {
        self.0.split_once('/').map_or(&self.0, |(_, name)| name)
    }
}

impl AuthorityName {
    /// The name as text.
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

    fn from_str(id: &str) -> Result<Self, NameError> {
        let Some((authority, name)) = id.split_once('/') else {
            own_device(id)?;
            return Ok(Self(id.to_owned()));
        };
        if authority.parse::<AuthorityName>().is_ok() && own_device(name).is_ok() {
            return Ok(Self(id.to_owned()));
        }
        Err(NameError {
            what: DEVICE,
            name: id.to_owned(),
            rule: "1 to 64 of A-Z a-z 0-9 . _ : -, the first a letter or digit; a registered authority's name and a `/` \
                   before it, where that vouches for the device",
        })
    }
}

impl FromStr for AuthorityName {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        lower_case("an authority's name", name).map(Self)
    }
}

impl FromStr for ProductName {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        lower_case("a product name", name).map(Self)
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for AuthorityName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ProductName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn own_device(name: &str) -> Result<(), NameError> {
    let allowed = |c: u8| c.is_ascii_alphanumeric() || b"._:-".contains(&c);
    let rule = "1 to 64 of A-Z a-z 0-9 . _ : -, the first a letter or digit";
    checked(DEVICE, name, 64, allowed, rule).map(drop)
}

fn lower_case(what: &'static str, name: &str) -> Result<String, NameError> {
    let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b"._-".contains(&c);
    let rule = "1 to 32 of a-z 0-9 . _ -, the first a letter or digit";
    checked(what, name, 32, allowed, rule)
}

fn checked(
    what: &'static str,
    name: &str,
    longest: usize,
    allowed: impl Fn(u8) -> bool,
    rule: &'static str,
) -> Result<String, NameError> {
    let name = name.to_owned();
    if is_name(&name, longest, allowed) {
        return Ok(name);
    }
    Err(NameError { what, name, rule })
}

fn is_name(name: &str, longest: usize, allowed: impl Fn(u8) -> bool) -> bool {
    name.len() <= longest
        && name
            .bytes()
            .next()
            .is_some_and(|first| first.is_ascii_alphanumeric())
        && name.bytes().all(allowed)
}

/// What a device's id is called.
const DEVICE: &str = "a device id";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_to_their_rule() {
        for good in [
            "7cdfa1000001",
            "A4:CF:12:00:00:01",
            "x",
            "acme/b7",
            &"d".repeat(64),
        ] {
            assert_eq!(good.parse::<DeviceId>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            "-x",
            "a b",
            "../etc",
            "/b",
            "a/",
            "a/b/c",
            "A/b",
            "acme/..",
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

    #[test]
    fn a_registered_authority_names_devices_in_its_own_namespace_only() {
        let acme: AuthorityName = "acme".parse().unwrap();
        let id = DeviceId::registered(&acme, "board-7").unwrap();
        assert_eq!(id.as_str(), "acme/board-7");
        assert_eq!((id.authority(), id.name()), (Some("acme"), "board-7"));
        id.demand_ours().unwrap_err();
        assert_eq!(id.as_str().parse(), Ok(id));
        for name in ["other/board-7", "", "../board-7", "a b"] {
            DeviceId::registered(&acme, name).unwrap_err();
        }
        let ours: DeviceId = "acme:board-7".parse().unwrap();
        assert_eq!((ours.authority(), ours.name()), (None, "acme:board-7"));
        ours.demand_ours().unwrap();
    }
}
