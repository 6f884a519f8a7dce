//! The NVS partition: settings by namespace and key. Read here, never written.
//!
//! A partition is pages of [`PAGE`] bytes:
//!
//! | offset | size | field                                                                                     |
//! |-------:|-----:|-------------------------------------------------------------------------------------------|
//! |      0 |    4 | state, little-endian: `0xFFFF_FFFE` active, …FC full, …F8 being emptied; others hold nothing |
//! |      4 |    4 | sequence number, little-endian; what is newer has a greater one                            |
//! |      8 |    1 | version: 0xFE, or 0xFF before ESP-IDF v3.1                                                  |
//! |     28 |    4 | CRC-32 of the bytes from 4 to 27, seed `0xFFFF_FFFF`, little-endian                          |
//! |     32 |   32 | two bits for each entry: 3 empty, 2 written, 0 erased                                        |
//! |     64 |   32 | the first of 126 entries                                                                    |
//!
//! An entry:
//!
//! | offset | size | field                                                                                     |
//! |-------:|-----:|-------------------------------------------------------------------------------------------|
//! |      0 |    1 | namespace, a number                                                                        |
//! |      1 |    1 | type                                                                                       |
//! |      2 |    1 | span: how many entries it takes, itself included                                           |
//! |      3 |    1 | chunk's number, of part of a blob                                                          |
//! |      4 |    4 | CRC-32 of the entry but these four, seed `0xFFFF_FFFF`, little-endian                       |
//! |      8 |   16 | key, NUL-terminated                                                                        |
//! |     24 |    8 | the value; of texts and blobs length (2 bytes), 2 unused, CRC-32 of the bytes that follow |
//!
//! A namespace is itself an entry: in namespace 0, its name the key, its number the value. A blob is one entry with its
//! length and how many chunks it has, and the chunks. Encrypted partitions are not read: to this reader they are empty.
//!
//! Source: ESP-IDF v5.5.5, `components/nvs_flash/src/nvs_page.hpp`, `nvs_types.hpp`, `nvs_storage.cpp`, and
//! `docs/en/api-reference/storage/nvs_flash.rst`.

use crate::bytes::{array, crc32_seeded, slice, to_u32, u16_le, u32_le};
use crate::{Error, ErrorKind};

/// The settings in a partition, as the device's own code would find them.
///
/// Where power was cut while a value was replaced, it is there twice, and the newer one counts.
#[derive(Clone, Copy, Debug)]
pub struct Nvs<'a> {
    bytes: &'a [u8],
}

impl<'a> Nvs<'a> {
    /// Takes a partition's bytes.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::NoPage`]: no page that was ever written to, or that is whole.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let nvs = Self { bytes };
        match nvs.pages().next() {
            Some(_) => Ok(nvs),
            None => Err(Error::new(ErrorKind::NoPage, 0)),
        }
    }

    /// Finds a text; `None` where there is none of that name, or it is no text.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::EntryCrc`], [`ErrorKind::Truncated`]: it is damaged.
    /// - [`ErrorKind::Text`]: it is not UTF-8, or no NUL ends it.
    #[doc(alias = "nvs_get_str")]
    pub fn text(&self, namespace: &str, key: &str) -> Result<Option<&'a str>, Error> {
        let Some(namespace) = self.namespace(namespace) else {
            return Ok(None);
        };
        let Some(entry) = self.newest(namespace, key, |entry| entry.kind == TEXT) else {
            return Ok(None);
        };
        let not_text = Error::new(ErrorKind::Text, entry.at);
        let data = entry.data()?.strip_suffix(&[0]).ok_or(not_text)?;
        let text = core::str::from_utf8(data).map_err(|_| not_text)?;
        if text.contains('\0') {
            return Err(not_text);
        }
        Ok(Some(text))
    }

    /// Copies a blob into `into`; `None` where there is none of that name, or it is no blob.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::BufferTooSmall`]: it does not fit.
    /// - [`ErrorKind::EntryCrc`], [`ErrorKind::Truncated`]: it is damaged, or part of it is missing.
    #[doc(alias = "nvs_get_blob")]
    pub fn blob<'b>(
        &self,
        namespace: &str,
        key: &str,
        into: &'b mut [u8],
    ) -> Result<Option<&'b [u8]>, Error> {
        let Some(namespace) = self.namespace(namespace) else {
            return Ok(None);
        };
        let whole = |entry: &Entry<'_>| matches!(entry.kind, BLOB_INDEX | BLOB_BEFORE_V3_1);
        let Some(index) = self.newest(namespace, key, whole) else {
            return Ok(None);
        };
        let mut filled = 0;
        if index.kind == BLOB_BEFORE_V3_1 {
            put(into, &mut filled, index.data()?, &index)?;
        } else {
            let [a, b, c, d, chunks, first, ..] = *index.value;
            let len = u32::from_le_bytes([a, b, c, d]);
            for number in (first..=u8::MAX).take(usize::from(chunks)) {
                let chunk = |entry: &Entry<'_>| entry.kind == BLOB_DATA && entry.chunk == number;
                if let Some(chunk) = self.newest(namespace, key, chunk) {
                    put(into, &mut filled, chunk.data()?, &chunk)?;
                }
            }
            if to_u32(filled) != len {
                let (len, needed) = (to_u32(filled), len);
                return Err(Error::new(ErrorKind::Truncated { len, needed }, index.at));
            }
        }
        Ok(into.get(..filled))
    }

    /// The number of a namespace.
    fn namespace(&self, name: &str) -> Option<u8> {
        let found = self.newest(0, name, |entry| entry.kind == NUMBER_U8)?;
        let [number, ..] = *found.value;
        Some(number)
    }

    /// The entry that was written last, of those that `wanted` takes.
    fn newest(
        &self,
        namespace: u8,
        key: &str,
        wanted: impl Fn(&Entry<'a>) -> bool,
    ) -> Option<Entry<'a>> {
        let mut newest: Option<(u32, Entry<'a>)> = None;
        for page in self.pages() {
            for entry in page.entries() {
                let ours = entry.namespace == namespace && entry.has_key(key) && wanted(&entry);
                // Within a page what is further on is newer.
                if ours && newest.is_none_or(|(sequence, _)| sequence <= page.sequence) {
                    newest = Some((page.sequence, entry));
                }
            }
        }
        newest.map(|(_, entry)| entry)
    }

    fn pages(&self) -> impl Iterator<Item = Page<'a>> + use<'a> {
        let bytes = self.bytes;
        let starts = (0..bytes.len()).step_by(PAGE);
        starts.filter_map(move |at| Page::read(bytes, at).ok().flatten())
    }
}

/// A page that holds entries.
#[derive(Clone, Copy)]
struct Page<'a> {
    bytes: &'a [u8],
    /// Where it begins in the partition.
    at: usize,
    sequence: u32,
}

impl<'a> Page<'a> {
    /// The page at `at`, or `None` where it holds nothing that counts.
    fn read(partition: &'a [u8], at: usize) -> Result<Option<Self>, Error> {
        let bytes = slice(partition, at, PAGE)?;
        let sequence = u32_le(bytes, 4)?;
        let whole = u32_le(bytes, 28)? == crc32_seeded(&[slice(bytes, 4, 24)?]);
        let in_use = matches!(u32_le(bytes, 0)?, ACTIVE | FULL | FREEING);
        Ok((in_use && whole).then_some(Self {
            bytes,
            at,
            sequence,
        }))
    }

    /// Its entries, erased and damaged ones left out, as the device leaves them out when it starts.
    fn entries(self) -> impl Iterator<Item = Entry<'a>> + use<'a> {
        let mut index = 0_usize;
        core::iter::from_fn(move || {
            while index < ENTRIES {
                let here = index;
                index = index.saturating_add(1);
                if self.is_written(here)
                    && let Ok(Some(entry)) = Entry::read(&self, here)
                {
                    index = here.saturating_add(usize::from(entry.span));
                    return Some(entry);
                }
            }
            None
        })
    }

    fn is_written(&self, index: usize) -> bool {
        let byte = self.bytes.get(BITMAP.saturating_add(index / 4));
        let bits = byte.map(|byte| byte.wrapping_shr(to_u32(index % 4).saturating_mul(2)) & 3);
        bits == Some(WRITTEN)
    }
}

/// An entry whose own CRC is right.
#[derive(Clone, Copy)]
struct Entry<'a> {
    page: Page<'a>,
    /// Its number in the page.
    index: usize,
    /// Where it begins in the partition.
    at: usize,
    namespace: u8,
    kind: u8,
    span: u8,
    chunk: u8,
    key: &'a [u8; 16],
    value: &'a [u8; 8],
}

impl<'a> Entry<'a> {
    fn read(page: &Page<'a>, index: usize) -> Result<Option<Self>, Error> {
        let start = FIRST.saturating_add(index.saturating_mul(ENTRY));
        let bytes = array::<ENTRY>(page.bytes, start)?;
        let [namespace, kind, span, chunk, ..] = *bytes;
        let crc = crc32_seeded(&[slice(bytes, 0, 4)?, slice(bytes, 8, 24)?]);
        let within = usize::from(span).saturating_add(index) <= ENTRIES;
        let right = crc == u32_le(bytes, 4)? && span > 0 && within;
        let (key, value) = (array(bytes, 8)?, array(bytes, 24)?);
        Ok(right.then_some(Self {
            page: *page,
            index,
            at: page.at.saturating_add(start),
            namespace,
            kind,
            span,
            chunk,
            key,
            value,
        }))
    }

    fn has_key(&self, key: &str) -> bool {
        let mut own = self.key.split(|byte| *byte == 0);
        own.next() == Some(key.as_bytes())
    }

    /// The bytes that follow it.
    fn data(&self) -> Result<&'a [u8], Error> {
        let len = usize::from(u16_le(self.value, 0)?);
        let room = usize::from(self.span)
            .saturating_sub(1)
            .saturating_mul(ENTRY);
        if len > room {
            let (len, needed) = (to_u32(room), to_u32(len));
            return Err(Error::new(ErrorKind::Truncated { len, needed }, self.at));
        }
        let behind = self.index.saturating_add(1).saturating_mul(ENTRY);
        let data = slice(self.page.bytes, FIRST.saturating_add(behind), len)?;
        let (stored, computed) = (u32_le(self.value, 4)?, crc32_seeded(&[data]));
        if stored != computed {
            let kind = ErrorKind::EntryCrc { stored, computed };
            return Err(Error::new(kind, self.at));
        }
        Ok(data)
    }
}

/// Appends a chunk to what a blob has so far.
fn put(into: &mut [u8], filled: &mut usize, data: &[u8], entry: &Entry<'_>) -> Result<(), Error> {
    let (len, end) = (to_u32(into.len()), filled.saturating_add(data.len()));
    let place = into.get_mut(*filled..end).ok_or_else(|| {
        let needed = to_u32(end);
        Error::new(ErrorKind::BufferTooSmall { len, needed }, entry.at)
    })?;
    place.copy_from_slice(data);
    *filled = end;
    Ok(())
}

/// Length of a page in bytes: one sector of flash.
pub const PAGE: usize = 4096;

const BITMAP: usize = 32;
const FIRST: usize = 64;
const ENTRY: usize = 32;
const ENTRIES: usize = 126;
const WRITTEN: u8 = 2;

const ACTIVE: u32 = 0xFFFF_FFFE;
const FULL: u32 = 0xFFFF_FFFC;
const FREEING: u32 = 0xFFFF_FFF8;

const NUMBER_U8: u8 = 0x01;
const TEXT: u8 = 0x21;
const BLOB_BEFORE_V3_1: u8 = 0x41;
const BLOB_DATA: u8 = 0x42;
const BLOB_INDEX: u8 = 0x48;

#[cfg(test)]
mod tests;
