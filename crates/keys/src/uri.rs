//! PKCS#11 URIs (RFC 7512), as far as they name a private key on a token.
//!
//! | attribute | | meaning |
//! |---|---|---|
//! | `token`, `serial`, `manufacturer`, `model` | path | the token; `token` or `serial` must be there |
//! | `object`, `id` | path | the key's label and its id (`CKA_LABEL`, `CKA_ID`); one of them must be there |
//! | `type` | path | `private`, where it is there |
//! | `module-path` | query | the library that knows the token, absolute; must be there |
//! | `pin-source` | query | a file that holds the PIN, absolute: `file:/PATH` or `/PATH` |
//!
//! What is not in the table is refused, since to pass over it would be to look at more tokens or objects than were meant.
//! So is `pin-value`: a URI stands in shell histories, lists of processes and logs.

use std::{
    fmt::{self, Write as _},
    path::{Path, PathBuf},
    str::FromStr,
};

/// A private key on a token.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Uri {
    token: Option<String>,
    serial: Option<String>,
    manufacturer: Option<String>,
    model: Option<String>,
    object: Option<String>,
    id: Option<Vec<u8>>,
    module_path: PathBuf,
    pin_source: Option<PathBuf>,
}

/// Why a text is no such URI.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UriError {
    /// A character that must be escaped, or an escape that is none.
    #[error("byte {0} must be written as % and two hexadecimal digits, or does not belong there")]
    Character(usize),

    /// `type` is something else than `private`.
    #[error("`type` must be `private`")]
    KindOfObject,

    /// No `module-path`.
    #[error("it does not say which library knows the token: add ?module-path=/PATH/TO/LIBRARY.so")]
    NoModule,

    /// Neither `object` nor `id`.
    #[error("it names no key: add `object` (its label) or `id`")]
    NoObject,

    /// It does not begin with `pkcs11:`.
    #[error("it does not begin with `pkcs11:`")]
    NoScheme,

    /// Neither `token` nor `serial`.
    #[error("it names no token: add `token` (its label) or `serial`")]
    NoToken,

    /// A path that is not absolute.
    #[error("`{0}` must be an absolute path")]
    NotAbsolute(&'static str),

    /// A value that is not UTF-8, or holds a zero byte.
    #[error("`{0}` is not text")]
    NotText(&'static str),

    /// It holds a PIN.
    #[error(
        "a PIN has no place in it, where shell histories, lists of processes and logs show it: write \
         ?pin-source=file:/PATH, or set COUNTERSIGN_PIN"
    )]
    PinValue,

    /// An attribute stands twice.
    #[error("`{0}` stands twice")]
    Twice(&'static str),

    /// An attribute that is not known here.
    #[error("the attribute at byte {0} is not known here")]
    Unknown(usize),
}

impl Uri {
    /// Whether a text is meant to be one.
    pub fn is_meant(text: &str) -> bool {
        text.get(..SCHEME.len())
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case(SCHEME))
    }

    /// The label of the token.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// The serial number of the token.
    pub fn serial(&self) -> Option<&str> {
        self.serial.as_deref()
    }

    /// The manufacturer of the token.
    pub fn manufacturer(&self) -> Option<&str> {
        self.manufacturer.as_deref()
    }

    /// The model of the token.
    pub fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// The label of the key, `CKA_LABEL`.
    pub fn object(&self) -> Option<&str> {
        self.object.as_deref()
    }

    /// The id of the key, `CKA_ID`.
    pub fn id(&self) -> Option<&[u8]> {
        self.id.as_deref()
    }

    /// The library that knows the token.
    pub fn module_path(&self) -> &Path {
        &self.module_path
    }

    /// The file with the PIN.
    pub fn pin_source(&self) -> Option<&Path> {
        self.pin_source.as_deref()
    }

    fn take(&mut self, name: &str, at: usize, value: Vec<u8>, query: bool) -> Result<(), UriError> {
        let text = |name| into_text(value.clone(), name);
        match (name, query) {
            ("token", false) => once(&mut self.token, "token", text("token")?),
            ("serial", false) => once(&mut self.serial, "serial", text("serial")?),
            ("manufacturer", false) => once(
                &mut self.manufacturer,
                "manufacturer",
                text("manufacturer")?,
            ),
            ("model", false) => once(&mut self.model, "model", text("model")?),
            ("object", false) => once(&mut self.object, "object", text("object")?),
            ("id", false) => once(&mut self.id, "id", value),
            ("type", false) if value == b"private" => Ok(()),
            ("type", false) => Err(UriError::KindOfObject),
            ("module-path", true) if self.module_path != Path::new("") => {
                Err(UriError::Twice("module-path"))
            }
            ("module-path", true) => {
                self.module_path = absolute(&text("module-path")?, "module-path")?;
                Ok(())
            }
            ("pin-source", true) => {
                let source = text("pin-source")?;
                let path = match source.strip_prefix("file:") {
                    // With no host before the path (RFC 8089 §2).
                    Some(path) => path.strip_prefix("//").unwrap_or(path),
                    None => &source,
                };
                let path = absolute(path, "pin-source")?;
                once(&mut self.pin_source, "pin-source", path)
            }
            ("pin-value", _) => Err(UriError::PinValue),
            _ => Err(UriError::Unknown(at)),
        }
    }
}

impl FromStr for Uri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        if !Self::is_meant(text) {
            return Err(UriError::NoScheme);
        }
        let mut uri = Self::default();
        let bytes = text.as_bytes();
        let question = bytes.iter().position(|byte| *byte == b'?');
        let end = question.unwrap_or(bytes.len());
        for (range, separator, allowed, query) in [
            (SCHEME.len()..end, b';', PATH, false),
            (end.saturating_add(1)..bytes.len(), b'&', QUERY, true),
        ] {
            let mut at = range.start;
            let part = bytes.get(range).unwrap_or_default();
            for attribute in part.split(|byte| *byte == separator) {
                if !part.is_empty() {
                    let equals = attribute.iter().position(|byte| *byte == b'=');
                    let (name, value) = equals
                        .and_then(|equals| attribute.split_at_checked(equals))
                        .ok_or(UriError::Unknown(at))?;
                    let value_at = at.saturating_add(name.len()).saturating_add(1);
                    let name = str::from_utf8(name).map_err(|_| UriError::Unknown(at))?;
                    // Before it is looked at: an error about it would say where it stands, and it shall not stand at all.
                    if name == "pin-value" {
                        return Err(UriError::PinValue);
                    }
                    let value = unescaped(value.get(1..).unwrap_or_default(), value_at, allowed)?;
                    uri.take(name, at, value, query)?;
                }
                at = at.saturating_add(attribute.len()).saturating_add(1);
            }
        }
        match () {
            () if uri.token.is_none() && uri.serial.is_none() => Err(UriError::NoToken),
            () if uri.object.is_none() && uri.id.is_none() => Err(UriError::NoObject),
            () if uri.module_path == Path::new("") => Err(UriError::NoModule),
            () => Ok(uri),
        }
    }
}

/// As it can be read again.
impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = |text: &Option<String>| text.as_ref().map(|text| text.as_bytes().to_vec());
        let path = |path: &Path| path.to_string_lossy().into_owned().into_bytes();
        let attributes = [
            ("token", bytes(&self.token)),
            ("serial", bytes(&self.serial)),
            ("manufacturer", bytes(&self.manufacturer)),
            ("model", bytes(&self.model)),
            ("object", bytes(&self.object)),
            ("id", self.id.clone()),
        ];
        let mut separator = SCHEME;
        for (name, value) in attributes {
            if let Some(value) = value {
                write!(f, "{separator}{name}={}", escaped(&value, PATH))?;
                separator = ";";
            }
        }
        let module = escaped(&path(&self.module_path), QUERY);
        write!(f, "?module-path={module}")?;
        match &self.pin_source {
            Some(source) => write!(f, "&pin-source=file://{}", escaped(&path(source), QUERY)),
            None => Ok(()),
        }
    }
}

fn once<T>(place: &mut Option<T>, name: &'static str, value: T) -> Result<(), UriError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(UriError::Twice(name)),
    }
}

fn absolute(path: &str, name: &'static str) -> Result<PathBuf, UriError> {
    if !path.starts_with('/') {
        return Err(UriError::NotAbsolute(name));
    }
    Ok(PathBuf::from(path))
}

fn into_text(value: Vec<u8>, name: &'static str) -> Result<String, UriError> {
    match String::from_utf8(value) {
        // What is shown to people, and handed to a library in C.
        Ok(text) if !text.chars().any(char::is_control) => Ok(text),
        _ => Err(UriError::NotText(name)),
    }
}

/// The bytes that a value stands for; `at` is where it begins.
fn unescaped(value: &[u8], at: usize, allowed: &[u8]) -> Result<Vec<u8>, UriError> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value;
    while let [first, behind @ ..] = rest {
        let wrong =
            || UriError::Character(at.saturating_add(value.len().saturating_sub(rest.len())));
        match (first, behind) {
            (b'%', [high, low, after @ ..]) => {
                let digit = |digit: &u8| char::from(*digit).to_digit(16);
                let (high, low) = digit(high).zip(digit(low)).ok_or_else(wrong)?;
                bytes.push(u8::try_from(high << 4 | low).map_err(|_| wrong())?);
                rest = after;
            }
            (byte, after) if stands_for_itself(*byte, allowed) => {
                bytes.push(*byte);
                rest = after;
            }
            _ => return Err(wrong()),
        }
    }
    Ok(bytes)
}

fn escaped(value: &[u8], allowed: &[u8]) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value {
        if stands_for_itself(*byte, allowed) {
            text.push(char::from(*byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

fn stands_for_itself(byte: u8, allowed: &[u8]) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || allowed.contains(&byte)
}

const SCHEME: &str = "pkcs11:";
/// `pk11-path-res-avail` and `&` (RFC 7512 §2.3).
const PATH: &[u8] = b":[]@!$'()*+,=&";
/// `pk11-query-res-avail` (RFC 7512 §2.3).
const QUERY: &[u8] = b":[]@!$'()*+,=/?";

#[cfg(test)]
mod tests;
