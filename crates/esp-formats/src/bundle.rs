//! The `x509_crt_bundle`: the roots that a device trusts, as subject and public key, sorted by subject.
//!
//! Two formats exist and a device knows one of them:
//!
//! | [`Format`]  | ESP-IDF          | index                                               | entry                            |
//! |-------------|------------------|-----------------------------------------------------|----------------------------------|
//! | `Legacy`    | v4.2 to v5.3.x   | count, 2 bytes, big-endian                          | two lengths (2 bytes each, **big**-endian), name, key |
//! | `Offsets`   | v5.4 and later   | offset of each entry, 4 bytes, little-endian        | two lengths (2 bytes each, **little**-endian), name, key |
//!
//! Entries follow each other without padding. Name is the DER of the subject, key that of the `SubjectPublicKeyInfo`.
//!
//! Source: ESP-IDF v5.3.5 and v5.5.5, `components/mbedtls/esp_crt_bundle/esp_crt_bundle.c` and `gen_crt_bundle.py`.

mod device;
mod encode;

pub use device::{LoadChecks, Search};
pub use encode::{encode, encoded_len};

use core::cmp::Ordering;

use crate::bytes::{array, slice, to_u32, to_usize, u32_le};
use crate::{Error, ErrorKind};

/// Which of the two formats a bundle has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// ESP-IDF v4.2 to v5.3.x.
    Legacy,
    /// ESP-IDF v5.4 and later.
    Offsets,
}

impl Format {
    /// Gives the format that an ESP-IDF release reads, by its major and minor number.
    pub const fn of_release(major: u16, minor: u16) -> Self {
        if major > 5 || (major == 5 && minor >= 4) {
            Self::Offsets
        } else {
            Self::Legacy
        }
    }
}

/// One trust anchor: a name and the key that signs under it, without dates or constraints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// DER of the subject.
    pub name: &'a [u8],
    /// DER of the `SubjectPublicKeyInfo`.
    pub key: &'a [u8],
}

/// A bundle whose lengths and offsets have been found to be right.
#[derive(Clone, Copy, Debug)]
pub struct Bundle<'a> {
    format: Format,
    /// All bytes of the bundle, the index included.
    bytes: &'a [u8],
    count: usize,
}

impl<'a> Bundle<'a> {
    /// Parses a bundle of either format, found by its structure.
    ///
    /// # Errors
    ///
    /// Those of [`Self::parse_as`], for the format that the first word suits.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        whole(Self::parse_prefix(bytes)?, bytes)
    }

    /// Parses a bundle of a known format, as a device of that format would be given it.
    ///
    /// The device does not check the end of the last entry (before v6.1) and accepts bytes behind it; we do, and do not.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Truncated`]: an entry runs past the end.
    /// - [`ErrorKind::EmptyBundle`]: no entries.
    /// - [`ErrorKind::EmptyEntry`]: an empty name or key, under which nothing could be found.
    /// - [`ErrorKind::EntryOffset`]: an entry that does not begin where the one before it ends.
    /// - [`ErrorKind::TrailingData`]: bytes behind the last entry.
    pub fn parse_as(format: Format, bytes: &'a [u8]) -> Result<Self, Error> {
        whole(Self::parse_prefix_as(format, bytes)?, bytes)
    }

    /// Parses a bundle of either format at the start of a partition, whatever follows it.
    ///
    /// # Errors
    ///
    /// Those of [`Self::parse_as`] without [`ErrorKind::TrailingData`].
    pub fn parse_prefix(bytes: &'a [u8]) -> Result<Self, Error> {
        Self::parse_prefix_as(Format::Offsets, bytes).or_else(|error| {
            Self::parse_prefix_as(Format::Legacy, bytes).map_err(|legacy| {
                // Both failed: blame the format that the first word suits.
                let first = u32_le(bytes, 0).unwrap_or(0);
                let plausible = first != 0 && first.is_multiple_of(4) && first < 0x1_0000;
                if plausible { error } else { legacy }
            })
        })
    }

    fn parse_prefix_as(format: Format, bytes: &'a [u8]) -> Result<Self, Error> {
        let count = match format {
            Format::Legacy => usize::from(u16::from_be_bytes(*array(bytes, 0)?)),
            Format::Offsets => {
                let first = u32_le(bytes, 0)?;
                if !first.is_multiple_of(4) {
                    let expected = first.checked_next_multiple_of(4).unwrap_or(u32::MAX);
                    return Err(Error::new(
                        ErrorKind::EntryOffset {
                            found: first,
                            expected,
                        },
                        0,
                    ));
                }
                to_usize(first / 4)
            }
        };
        if count == 0 {
            return Err(Error::new(ErrorKind::EmptyBundle, 0));
        }
        let index_len = index_len(format, count);
        slice(bytes, 0, index_len)?;
        let mut at = index_len;
        for index in 0..count {
            if format == Format::Offsets {
                let place = index.saturating_mul(4);
                let (found, expected) = (u32_le(bytes, place)?, to_u32(at));
                if found != expected {
                    return Err(Error::new(
                        ErrorKind::EntryOffset { found, expected },
                        place,
                    ));
                }
            }
            let entry = entry(format, bytes, at)?;
            if entry.name.is_empty() || entry.key.is_empty() {
                return Err(Error::new(ErrorKind::EmptyEntry, at));
            }
            at = at.saturating_add(entry_len(&entry));
        }
        Ok(Self {
            format,
            bytes: slice(bytes, 0, at)?,
            count,
        })
    }

    /// Gives the format.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Counts the entries; a device takes 200 unless its build says otherwise ([`DEFAULT_MAX_ENTRIES`]).
    #[expect(
        clippy::len_without_is_empty,
        reason = "a bundle without entries does not parse"
    )]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Gives the bundle's bytes, without what follows it.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Iterates over the entries, in the order of the bundle.
    pub fn iter(&self) -> impl Iterator<Item = Entry<'a>> + use<'a> {
        let (format, bytes) = (self.format, self.bytes);
        let mut at = index_len(format, self.count);
        (0..self.count).map_while(move |_| {
            let entry = entry(format, bytes, at).ok()?;
            at = at.saturating_add(entry_len(&entry));
            Some(entry)
        })
    }

    /// Says whether the entries are in the order that the device's search needs; the device itself never checks.
    pub fn is_sorted(&self) -> bool {
        self.iter().is_sorted_by(|a, b| a.name <= b.name)
    }

    /// Finds the anchor that a device would use for a certificate with this issuer (DER): the only one it tries.
    ///
    /// See [`Bundle::search`], which also says why there is none.
    pub fn find(&self, issuer: &[u8]) -> Option<Entry<'a>> {
        match self.search(issuer) {
            Search::Found { entry, .. } => Some(entry),
            Search::Missing | Search::Beyond { .. } => None,
        }
    }
}

fn whole<'a>(bundle: Bundle<'a>, bytes: &[u8]) -> Result<Bundle<'a>, Error> {
    let end = bundle.bytes.len();
    if end == bytes.len() {
        Ok(bundle)
    } else {
        Err(Error::new(ErrorKind::TrailingData, end))
    }
}

fn compare(format: Format, issuer: &[u8], name: &[u8]) -> Ordering {
    let common = issuer.len().min(name.len());
    match issuer.get(..common).cmp(&name.get(..common)) {
        Ordering::Equal if format == Format::Legacy && issuer.len() < name.len() => Ordering::Less,
        ordering => ordering,
    }
}

/// The lengths of an entry's name and key.
fn lengths(format: Format, bytes: &[u8], at: usize) -> Result<(usize, usize), Error> {
    let [n0, n1, k0, k1] = *array(bytes, at)?;
    let read = match format {
        Format::Legacy => u16::from_be_bytes,
        Format::Offsets => u16::from_le_bytes,
    };
    Ok((usize::from(read([n0, n1])), usize::from(read([k0, k1]))))
}

fn entry(format: Format, bytes: &[u8], at: usize) -> Result<Entry<'_>, Error> {
    let (name_len, key_len) = lengths(format, bytes, at)?;
    let name_at = at.saturating_add(LENGTHS);
    let name = slice(bytes, name_at, name_len)?;
    let key = slice(bytes, name_at.saturating_add(name_len), key_len)?;
    Ok(Entry { name, key })
}

fn index_len(format: Format, count: usize) -> usize {
    match format {
        Format::Legacy => 2,
        Format::Offsets => count.saturating_mul(4),
    }
}

fn entry_len(entry: &Entry<'_>) -> usize {
    LENGTHS
        .saturating_add(entry.name.len())
        .saturating_add(entry.key.len())
}

/// How many entries a device takes by default (`CONFIG_MBEDTLS_CERTIFICATE_BUNDLE_MAX_CERTS`).
pub const DEFAULT_MAX_ENTRIES: usize = 200;

/// The two lengths before name and key.
const LENGTHS: usize = 4;

#[cfg(test)]
mod tests;
