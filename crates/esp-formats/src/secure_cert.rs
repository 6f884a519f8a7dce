//! The `esp_secure_cert` partition: a device's key and certificates, as tag, length and value.
//!
//! | part    | length | content                                                                              |
//! |---------|-------:|--------------------------------------------------------------------------------------|
//! | magic   |      4 | 0xBA5EBA11, little-endian                                                            |
//! | flags   |      1 | how a private key is kept                                                            |
//! | reserved |     3 | 0                                                                                    |
//! | kind    |      1 | [`Kind`]                                                                             |
//! | subtype |      1 | 0 for what ESP-IDF's functions read                                                  |
//! | length  |      2 | of the data, little-endian                                                           |
//! | data    |      n | PEM with its closing NUL, or DER                                                     |
//! | padding |   0–15 | zeros, so that data and padding are a multiple of 16                                 |
//! | CRC     |      4 | CRC-32 of all bytes before, seed `0xFFFF_FFFF`, little-endian                        |
//!
//! Entries follow each other from the partition's start; the first word that is no magic ends them.
//!
//! Source: `esp_secure_cert_mgr` 2.9.3, `private_include/esp_secure_cert_tlv_private.h` and
//! `srcs/esp_secure_cert_tlv_read.c`.

use core::fmt;

use crate::bytes::{Cursor, array, crc32_seeded, slice, to_u32, u16_le, u32_le};
use crate::{Error, ErrorKind};

/// What an entry holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "esp_secure_cert_tlv_type_t")]
pub struct Kind(pub u8);

impl Kind {
    /// The certificate of the authority that the device trusts.
    pub const CA_CERTIFICATE: Self = Self(0);
    /// The device's certificate, and those between it and its root.
    pub const DEVICE_CERTIFICATE: Self = Self(1);
    /// The device's private key.
    pub const PRIVATE_KEY: Self = Self(2);
    /// The RSA key, encrypted for the DS peripheral.
    pub const DS_DATA: Self = Self(3);
    /// Which eFuse key the DS peripheral needs.
    pub const DS_CONTEXT: Self = Self(4);
    /// Salt from which an ECDSA key is derived.
    pub const ECDSA_KEY_SALT: Self = Self(5);
    /// Which eFuse block holds the key of the ECDSA peripheral.
    pub const SECURITY_CONFIGURATION: Self = Self(6);
    /// Key of the trusted execution environment's storage.
    pub const TEE_STORAGE_KEY: Self = Self(7);
    /// Signature over the partition.
    pub const SIGNATURE_BLOCK: Self = Self(8);
    /// SHA-256 of all bytes before this entry.
    pub const INTEGRITY: Self = Self(9);

    /// Gives a name for the kinds that ESP-IDF defines.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => "CA certificate",
            1 => "device certificate",
            2 => "private key",
            3 => "DS data",
            4 => "DS context",
            5 => "ECDSA key salt",
            6 => "security configuration",
            7 => "TEE storage key",
            8 => "signature block",
            9 => "integrity",
            51..=55 => "user data",
            201 | 202 => "Matter",
            _ => return None,
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "kind {}", self.0),
        }
    }
}

/// One entry whose CRC is right.
///
/// Its `Debug` output leaves out the data, which may be a private key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// How a private key is kept: 0 = as it is.
    pub flags: u8,
    /// What it holds.
    pub kind: Kind,
    /// Which one of its kind.
    pub subtype: u8,
    /// The data, without padding.
    pub data: &'a [u8],
}

impl fmt::Debug for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("flags", &self.flags)
            .field("kind", &self.kind)
            .field("subtype", &self.subtype)
            .field("len", &self.data.len())
            .finish()
    }
}

/// Iterates over the entries of a partition.
///
/// Ends at blank flash (`0xFFFF_FFFF`) or at the end of the bytes, and after the first error.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    bytes: &'a [u8],
    at: usize,
    done: bool,
}

impl<'a> Entries<'a> {
    /// Starts at the first entry.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            done: false,
        }
    }

    /// Says where the next entry would begin: after the last one, how many bytes are used.
    pub fn offset(&self) -> u32 {
        to_u32(self.at)
    }

    fn read(&mut self) -> Result<Option<Entry<'a>>, Error> {
        let Some(place) = Place::find(self.bytes, self.at)? else {
            return match self.bytes.get(self.at..).and_then(<[u8]>::first_chunk) {
                Some(&word) if word != [0xFF; 4] => {
                    let kind = ErrorKind::EntryMagic {
                        found: u32::from_le_bytes(word),
                    };
                    Err(Error::new(kind, self.at))
                }
                _ => Ok(None),
            };
        };
        let entry = place.check(self.bytes)?;
        self.at = place.end;
        Ok(Some(entry))
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Entry<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let next = self.read().transpose();
        self.done = !matches!(next, Some(Ok(_)));
        next
    }
}

/// Finds an entry as the device does: the first of its kind and subtype, whose CRC then must be right.
///
/// Entries before it are not checked, and any word that is no magic ends the search.
///
/// # Errors
///
/// - [`ErrorKind::EntryCrc`]: the entry is damaged.
/// - [`ErrorKind::Truncated`]: it, or one before it, runs past the end.
pub fn find(bytes: &[u8], kind: Kind, subtype: u8) -> Result<Option<Entry<'_>>, Error> {
    let mut at = 0;
    while let Some(place) = Place::find(bytes, at)? {
        if place.kind == kind && place.subtype == subtype {
            return place.check(bytes).map(Some);
        }
        at = place.end;
    }
    Ok(None)
}

/// Appends entries to a partition's bytes.
#[derive(Debug)]
pub struct Writer<'a> {
    cursor: Cursor<'a>,
}

impl<'a> Writer<'a> {
    /// Starts at the first byte; the caller keeps what lies behind the entries (0xFF in flash).
    pub fn new(out: &'a mut [u8]) -> Self {
        Self {
            cursor: Cursor::new(out),
        }
    }

    /// Says how many bytes have been written.
    pub fn len(&self) -> usize {
        self.cursor.position()
    }

    /// Says whether nothing has been written.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Gives the bytes written so far: what the SHA-256 of an [`Kind::INTEGRITY`] entry is made over.
    pub fn written(&self) -> &[u8] {
        self.cursor.written()
    }

    /// Appends one entry.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::FieldTooLong`]: more than 65535 bytes of data.
    /// - [`ErrorKind::BufferTooSmall`]: no room, or the entries would pass 64 KiB, beyond which the device's
    ///   offset of 16 bits does not reach. Nothing is written then.
    pub fn append(&mut self, entry: &Entry<'_>) -> Result<(), Error> {
        let start = self.cursor.position();
        let len = u16::try_from(entry.data.len()).map_err(|_| {
            let kind = ErrorKind::FieldTooLong {
                len: to_u32(entry.data.len()),
                max: u32::from(u16::MAX),
            };
            Error::new(kind, start)
        })?;
        let total = HEADER
            .saturating_add(padded(entry.data.len()))
            .saturating_add(CRC);
        let end = start.saturating_add(total);
        if end > REACH {
            let kind = ErrorKind::BufferTooSmall {
                len: to_u32(REACH),
                needed: to_u32(end),
            };
            return Err(Error::new(kind, start));
        }
        let mut place = Cursor::new(self.cursor.reserve(total)?);
        place.put(&MAGIC.to_le_bytes())?;
        place.put(&[entry.flags, 0, 0, 0, entry.kind.0, entry.subtype])?;
        place.put(&len.to_le_bytes())?;
        place.put(entry.data)?;
        place.fill(0, padded(entry.data.len()).saturating_sub(entry.data.len()))?;
        let crc = crc32_seeded(&[place.written()]);
        place.put(&crc.to_le_bytes())
    }
}

/// Where an entry lies whose CRC has not been checked.
struct Place {
    start: usize,
    kind: Kind,
    subtype: u8,
    data_len: usize,
    end: usize,
}

impl Place {
    fn find(bytes: &[u8], start: usize) -> Result<Option<Self>, Error> {
        match bytes.get(start..).and_then(<[u8]>::first_chunk) {
            Some(word) if u32::from_le_bytes(*word) == MAGIC => {}
            _ => return Ok(None),
        }
        let [_, _, _, _, kind, subtype] = *array(bytes, start.saturating_add(4))?;
        let data_len = usize::from(u16_le(bytes, start.saturating_add(10))?);
        let len = HEADER.saturating_add(padded(data_len)).saturating_add(CRC);
        slice(bytes, start, len)?;
        let end = start.saturating_add(len);
        Ok(Some(Self {
            start,
            kind: Kind(kind),
            subtype,
            data_len,
            end,
        }))
    }

    fn check<'a>(&self, bytes: &'a [u8]) -> Result<Entry<'a>, Error> {
        let crc_at = self.end.saturating_sub(CRC);
        let stored = u32_le(bytes, crc_at)?;
        let covered = slice(bytes, self.start, crc_at.saturating_sub(self.start))?;
        let computed = crc32_seeded(&[covered]);
        if stored != computed {
            return Err(Error::new(ErrorKind::EntryCrc { stored, computed }, crc_at));
        }
        let [flags] = *array(covered, 4)?;
        let data = slice(covered, HEADER, self.data_len)?;
        Ok(Entry {
            flags,
            kind: self.kind,
            subtype: self.subtype,
            data,
        })
    }
}

fn padded(len: usize) -> usize {
    len.next_multiple_of(16)
}

const MAGIC: u32 = 0xBA5E_BA11;
const HEADER: usize = 12;
const CRC: usize = 4;
/// The device's running offset has 16 bits.
const REACH: usize = 0x1_0000;

#[cfg(test)]
mod tests;
