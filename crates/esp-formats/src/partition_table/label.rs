//! Names of partitions.

use core::fmt;

use crate::{Error, ErrorKind};

/// A partition's name: up to 16 bytes, NUL-padded, without a NUL where it has 16.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Label([u8; Self::LEN]);

impl Label {
    /// Length of the field in bytes.
    pub const LEN: usize = 16;

    /// Takes the field as it lies in flash.
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// Makes a label from text.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::EmptyLabel`]: no text.
    /// - [`ErrorKind::FieldTooLong`]: more than 16 bytes.
    /// - [`ErrorKind::Text`]: a NUL in it.
    pub fn new(text: &str) -> Result<Self, Error> {
        if text.is_empty() {
            return Err(Error::new(ErrorKind::EmptyLabel, 0));
        }
        if text.contains('\0') {
            return Err(Error::new(ErrorKind::Text, 0));
        }
        let mut field = [0; Self::LEN];
        let Some(place) = field.get_mut(..text.len()) else {
            let len = crate::bytes::to_u32(text.len());
            return Err(Error::new(ErrorKind::FieldTooLong { len, max: 16 }, 0));
        };
        place.copy_from_slice(text.as_bytes());
        Ok(Self(field))
    }

    /// Gives the name without its padding.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.split(|byte| *byte == 0).next().unwrap_or_default()
    }

    /// Gives the name as text; what is not UTF-8 gives the text before it.
    pub fn as_str(&self) -> &str {
        self.as_bytes()
            .utf8_chunks()
            .next()
            .map_or("", |chunk| chunk.valid())
    }

    /// Gives the field as it lies in flash.
    pub const fn to_field(self) -> [u8; Self::LEN] {
        self.0
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.as_bytes().escape_ascii())
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
