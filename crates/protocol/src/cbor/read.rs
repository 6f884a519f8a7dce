//! Typed reading of bytes that [`check`](crate::cbor::check) let pass.

use core::ops::RangeInclusive;

use minicbor::Decoder;
use minicbor::data::Type;

use crate::cbor::{check, offset};
use crate::{Error, ErrorKind};

/// Reads typed values one after the other; each error points at the value's first byte.
pub(crate) struct Reader<'a> {
    decoder: Decoder<'a>,
}

impl<'a> Reader<'a> {
    /// Checks all of `bytes` from `start` on, and begins there.
    pub(crate) fn new(bytes: &'a [u8], start: usize) -> Result<Self, Error> {
        check(bytes, start)?;
        let mut decoder = Decoder::new(bytes);
        decoder.set_position(start);
        Ok(Self { decoder })
    }

    /// The head of a map: how many entries follow.
    pub(crate) fn map(&mut self) -> Result<u64, Error> {
        self.value(|decoder| decoder.map().ok().flatten())
    }

    /// The head of an array: how many items follow.
    pub(crate) fn array(&mut self) -> Result<u64, Error> {
        self.value(|decoder| decoder.array().ok().flatten())
    }

    /// A map's next key, `None` for one that is not an unsigned integer and so none of ours.
    pub(crate) fn key(&mut self) -> Result<Option<u64>, Error> {
        self.value(|decoder| match decoder.datatype().ok()? {
            Type::U8 | Type::U16 | Type::U32 | Type::U64 => decoder.u64().ok().map(Some),
            _ => decoder.skip().ok().map(|()| None),
        })
    }

    /// Passes over one value.
    pub(crate) fn skip(&mut self) -> Result<(), Error> {
        self.value(|decoder| decoder.skip().ok())
    }

    /// The head of a map whose first entry is key 0 and a version out of `read`: how many entries follow that one.
    pub(crate) fn versioned_map(&mut self, read: RangeInclusive<u8>) -> Result<u64, Error> {
        let start = self.position();
        let missing = Error {
            kind: ErrorKind::MissingField,
            offset: offset(start),
        };
        let rest = self.map()?.checked_sub(1).ok_or(missing)?;
        if self.key()? != Some(0) {
            return Err(missing);
        }
        let start = self.position();
        if !read.contains(&self.u8()?) {
            return Err(Error {
                kind: ErrorKind::UnknownVersion,
                offset: offset(start),
            });
        }
        Ok(rest)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Error> {
        self.value(|decoder| decoder.u8().ok())
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Error> {
        self.value(|decoder| decoder.u16().ok())
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Error> {
        self.value(|decoder| decoder.u32().ok())
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Error> {
        self.value(|decoder| decoder.u64().ok())
    }

    /// An unsigned integer that stands for one of a set of values.
    pub(crate) fn one_of<T>(&mut self, known: impl FnOnce(u8) -> Option<T>) -> Result<T, Error> {
        self.value(|decoder| known(decoder.u8().ok()?))
    }

    /// A negative or unsigned integer.
    pub(crate) fn i64(&mut self) -> Result<i64, Error> {
        self.value(|decoder| decoder.i64().ok())
    }

    /// Text of a length, in bytes, within `len`.
    pub(crate) fn text(&mut self, len: RangeInclusive<usize>) -> Result<&'a str, Error> {
        self.value(|decoder| decoder.str().ok().filter(|text| len.contains(&text.len())))
    }

    /// Bytes of a length within `len`.
    pub(crate) fn bytes(&mut self, len: RangeInclusive<usize>) -> Result<&'a [u8], Error> {
        self.value(|decoder| {
            decoder
                .bytes()
                .ok()
                .filter(|bytes| len.contains(&bytes.len()))
        })
    }

    /// Exactly `N` bytes.
    pub(crate) fn fixed<const N: usize>(&mut self) -> Result<&'a [u8; N], Error> {
        self.value(|decoder| decoder.bytes().ok()?.try_into().ok())
    }

    /// The offset of the next value's first byte.
    pub(crate) fn position(&self) -> usize {
        self.decoder.position()
    }

    /// What was read since `start`, an earlier [`position`](Self::position).
    pub(crate) fn since(&self, start: usize) -> &'a [u8] {
        self.decoder
            .input()
            .get(start..self.position())
            .unwrap_or_default()
    }

    /// An error at the next value.
    pub(crate) fn error(&self, kind: ErrorKind) -> Error {
        Error {
            kind,
            offset: offset(self.position()),
        }
    }

    fn value<T>(&mut self, read: impl FnOnce(&mut Decoder<'a>) -> Option<T>) -> Result<T, Error> {
        let start = self.position();
        read(&mut self.decoder).ok_or(Error {
            kind: ErrorKind::BadField,
            offset: offset(start),
        })
    }
}

/// The field, or that it is missing from the map that starts at `map_at`.
pub(crate) fn require<T>(field: Option<T>, map_at: usize) -> Result<T, Error> {
    field.ok_or(Error {
        kind: ErrorKind::MissingField,
        offset: offset(map_at),
    })
}
