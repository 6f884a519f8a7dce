//! What a device does with a bundle: how it looks it over, and how it searches it.

use core::cmp::Ordering;

use super::{Bundle, Entry, Format, LENGTHS, compare, index_len, lengths};
use crate::bytes::{array, slice, to_u32, to_usize, u32_le};
use crate::{Error, ErrorKind};

/// What a release looks at before it uses a bundle.
///
/// Source: ESP-IDF, `components/mbedtls/esp_crt_bundle/esp_crt_bundle.c` at the releases named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadChecks {
    format: Format,
    size: bool,
    last_entry: bool,
    max_entries: usize,
}

impl LoadChecks {
    /// What the release `major.minor.patch` looks at, if its build allows `max_entries`
    /// ([`DEFAULT_MAX_ENTRIES`](super::DEFAULT_MAX_ENTRIES) unless it says otherwise).
    ///
    /// | release                              | looks at                                                        |
    /// |--------------------------------------|-----------------------------------------------------------------|
    /// | before v4.3.4, and v4.4 and v4.4.1   | nothing: it is not told how long the bundle is                  |
    /// | until v5.3                           | the number of entries; that each lies within the bundle         |
    /// | v5.4 to v6.0                         | the number of entries; that each ends where the next one begins |
    /// | v6.1 and later                       | also that the last one lies within the bundle                   |
    pub const fn of_release(major: u16, minor: u16, patch: u16, max_entries: usize) -> Self {
        let format = Format::of_release(major, minor);
        let size = match (major, minor) {
            (0..=3, _) | (4, 0..=2) => false,
            (4, 3) => patch >= 4,
            (4, 4) => patch >= 2,
            _ => true,
        };
        let last_entry = match format {
            Format::Legacy => size,
            Format::Offsets => major > 6 || (major == 6 && minor >= 1),
        };
        Self {
            format,
            size,
            last_entry,
            max_entries,
        }
    }
}

/// What a search in a bundle meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search<'a> {
    /// This entry: the only one that is tried.
    Found {
        /// Its name and key.
        entry: Entry<'a>,
        /// Its place, from 0.
        index: usize,
    },
    /// Nothing.
    Missing,
    /// An entry that lies beyond the bundle's end, where a device reads what happens to be there.
    Beyond {
        /// Its place, from 0.
        index: usize,
    },
}

impl<'a> Bundle<'a> {
    /// Takes a bundle as a device takes it, who may look at less than [`Bundle::parse`] does.
    ///
    /// Bytes behind the last entry are allowed, names and keys may be empty, and what a release does not look at may
    /// be wrong.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Truncated`]: it is too short, or an entry runs past its end.
    /// - [`ErrorKind::EmptyBundle`]: no entries.
    /// - [`ErrorKind::EntryOffset`]: an entry that does not begin where the one before it ends.
    /// - [`ErrorKind::TooManyEntries`].
    #[doc(alias = "esp_crt_bundle_set")]
    pub fn load(bytes: &'a [u8], checks: LoadChecks) -> Result<Self, Error> {
        match checks.format {
            Format::Legacy => load_legacy(bytes, checks),
            Format::Offsets => load_offsets(bytes, checks),
        }
    }

    /// Searches the bundle as a device does for a certificate with this issuer (DER).
    ///
    /// This is the device's own binary search: in a bundle that is not sorted it misses what is there, and of two
    /// entries with one name it always takes the same one. It compares as many bytes as the shorter of both names has
    /// (`Offsets`) or as the entry's name has (`Legacy`, where it would read on behind a shorter issuer; we then
    /// say that the issuer sorts first). For DER this is equality.
    #[doc(alias = "esp_crt_find_cert")]
    pub fn search(&self, issuer: &[u8]) -> Search<'a> {
        if issuer.is_empty() {
            return Search::Missing;
        }
        let (mut start, mut end) = (0, self.count);
        while start < end {
            // The device's `end` is inclusive and its middle (start + end) / 2.
            let index = start.midpoint(end.saturating_sub(1));
            let Ok((name, key_at, key_len)) = self.name_at(index) else {
                return Search::Beyond { index };
            };
            match compare(self.format, issuer, name) {
                Ordering::Equal => {
                    return match slice(self.bytes, key_at, key_len) {
                        Ok(key) => Search::Found {
                            entry: Entry { name, key },
                            index,
                        },
                        Err(_) => Search::Beyond { index },
                    };
                }
                Ordering::Less => end = index,
                Ordering::Greater => start = index.saturating_add(1),
            }
        }
        Search::Missing
    }

    /// An entry's name, and where its key lies.
    fn name_at(&self, index: usize) -> Result<(&'a [u8], usize, usize), Error> {
        let mut at = index_len(self.format, self.count);
        match self.format {
            Format::Offsets => at = to_usize(u32_le(self.bytes, index.saturating_mul(4))?),
            Format::Legacy => {
                for _ in 0..index {
                    at = end_of(self.format, self.bytes, at)?;
                }
            }
        }
        let (name_len, key_len) = lengths(self.format, self.bytes, at)?;
        let name_at = at.saturating_add(LENGTHS);
        let name = slice(self.bytes, name_at, name_len)?;
        Ok((name, name_at.saturating_add(name_len), key_len))
    }
}

fn load_legacy(bytes: &[u8], checks: LoadChecks) -> Result<Bundle<'_>, Error> {
    let bundle = Bundle {
        format: Format::Legacy,
        bytes,
        count: usize::from(u16::from_be_bytes(*array(bytes, 0)?)),
    };
    if bundle.count == 0 {
        return Err(Error::new(ErrorKind::EmptyBundle, 0));
    }
    if !checks.size {
        return Ok(bundle);
    }
    slice(bytes, 0, MIN_LEGACY)?;
    limit(bundle.count, checks)?;
    let mut at = index_len(Format::Legacy, bundle.count);
    for _ in 0..bundle.count {
        at = end_of(Format::Legacy, bytes, at)?;
    }
    slice(bytes, 0, at)?;
    Ok(bundle)
}

fn load_offsets(bytes: &[u8], checks: LoadChecks) -> Result<Bundle<'_>, Error> {
    slice(bytes, 0, MIN_OFFSETS)?;
    let first = u32_le(bytes, 0)?;
    if first == 0 {
        return Err(Error::new(ErrorKind::EmptyBundle, 0));
    }
    if !first.is_multiple_of(4) {
        let expected = first.checked_next_multiple_of(4).unwrap_or(u32::MAX);
        return Err(offset(first, expected, 0));
    }
    slice(bytes, to_usize(first), 1)?;
    let count = to_usize(first / 4);
    limit(count, checks)?;
    for index in 1..count {
        let place = index.saturating_mul(4);
        let before = u32_le(bytes, place.saturating_sub(4))?;
        let found = u32_le(bytes, place)?;
        let mut len = entry_len(Format::Offsets, bytes, to_usize(before))?;
        if !checks.last_entry {
            // Until v6.0 it is counted in 16 bits.
            len %= 0x1_0000;
        }
        let expected = to_u32(to_usize(before).saturating_add(len));
        if found != expected {
            return Err(offset(found, expected, place));
        }
        slice(bytes, to_usize(found), 1)?;
    }
    if checks.last_entry {
        let place = count.saturating_sub(1).saturating_mul(4);
        let last = to_usize(u32_le(bytes, place)?);
        let end = end_of(Format::Offsets, bytes, last)?;
        slice(bytes, 0, end)?;
    }
    Ok(Bundle {
        format: Format::Offsets,
        bytes,
        count,
    })
}

fn limit(count: usize, checks: LoadChecks) -> Result<(), Error> {
    if count <= checks.max_entries {
        return Ok(());
    }
    let kind = ErrorKind::TooManyEntries {
        found: to_u32(count),
        max: to_u32(checks.max_entries),
    };
    Err(Error::new(kind, 0))
}

fn entry_len(format: Format, bytes: &[u8], at: usize) -> Result<usize, Error> {
    let (name, key) = lengths(format, bytes, at)?;
    Ok(LENGTHS.saturating_add(name).saturating_add(key))
}

fn end_of(format: Format, bytes: &[u8], at: usize) -> Result<usize, Error> {
    Ok(at.saturating_add(entry_len(format, bytes, at)?))
}

fn offset(found: u32, expected: u32, place: usize) -> Error {
    Error::new(ErrorKind::EntryOffset { found, expected }, place)
}

/// `BUNDLE_HEADER_OFFSET + CRT_HEADER_OFFSET`.
const MIN_LEGACY: usize = 6;
/// More than one offset and one entry's lengths.
const MIN_OFFSETS: usize = 9;
