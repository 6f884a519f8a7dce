//! Typed writing into a buffer of fixed size.

use core::ops::RangeInclusive;

use minicbor::Encoder;
use minicbor::encode::Write as _;
use minicbor::encode::write::{Cursor, EndOfSlice};

use crate::cbor::offset;
use crate::{Error, ErrorKind};

/// Writes values one after the other, each in its shortest form; errors carry the output's length so far.
pub(crate) struct Writer<'b> {
    encoder: Encoder<Cursor<&'b mut [u8]>>,
}

impl<'b> Writer<'b> {
    pub(crate) fn new(out: &'b mut [u8]) -> Self {
        Self {
            encoder: Encoder::new(Cursor::new(out)),
        }
    }

    /// How many bytes were written.
    pub(crate) fn len(&self) -> usize {
        self.encoder.writer().position()
    }

    pub(crate) fn tag(&mut self, tag: u64) -> Result<(), Error> {
        self.put(|encoder| encoder.tag(minicbor::data::Tag::new(tag)).map(drop))
    }

    pub(crate) fn array(&mut self, items: u64) -> Result<(), Error> {
        self.put(|encoder| encoder.array(items).map(drop))
    }

    pub(crate) fn map(&mut self, entries: u64) -> Result<(), Error> {
        self.put(|encoder| encoder.map(entries).map(drop))
    }

    pub(crate) fn int(&mut self, value: i64) -> Result<(), Error> {
        self.put(|encoder| encoder.i64(value).map(drop))
    }

    pub(crate) fn text(&mut self, text: &str) -> Result<(), Error> {
        self.put(|encoder| encoder.str(text).map(drop))
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.put(|encoder| encoder.bytes(bytes).map(drop))
    }

    /// An entry with an unsigned integer.
    pub(crate) fn uint_entry(&mut self, key: u8, value: u64) -> Result<(), Error> {
        self.key(key)?;
        self.put(|encoder| encoder.u64(value).map(drop))
    }

    /// An entry with text, whose length in bytes must lie within `len`.
    pub(crate) fn text_entry(
        &mut self,
        key: u8,
        text: &str,
        len: RangeInclusive<usize>,
    ) -> Result<(), Error> {
        self.key(key)?;
        self.within(text.len(), len)?;
        self.text(text)
    }

    /// An entry with bytes, whose length must lie within `len`.
    pub(crate) fn bytes_entry(
        &mut self,
        key: u8,
        bytes: &[u8],
        len: RangeInclusive<usize>,
    ) -> Result<(), Error> {
        self.key(key)?;
        self.within(bytes.len(), len)?;
        self.bytes(bytes)
    }

    /// An entry whose value is CBOR already.
    pub(crate) fn raw_entry(&mut self, key: u8, value: &[u8]) -> Result<(), Error> {
        self.key(key)?;
        self.put(|encoder| {
            encoder
                .writer_mut()
                .write_all(value)
                .map_err(minicbor::encode::Error::write)
        })
    }

    /// A key alone; its value must follow.
    pub(crate) fn key(&mut self, key: u8) -> Result<(), Error> {
        self.put(|encoder| encoder.u8(key).map(drop))
    }

    /// An error at the output's end.
    pub(crate) fn error(&self, kind: ErrorKind) -> Error {
        Error {
            kind,
            offset: offset(self.len()),
        }
    }

    fn within(&self, len: usize, allowed: RangeInclusive<usize>) -> Result<(), Error> {
        if allowed.contains(&len) {
            Ok(())
        } else {
            Err(self.error(ErrorKind::BadField))
        }
    }

    fn put(
        &mut self,
        write: impl FnOnce(
            &mut Encoder<Cursor<&'b mut [u8]>>,
        ) -> Result<(), minicbor::encode::Error<EndOfSlice>>,
    ) -> Result<(), Error> {
        let start = offset(self.len());
        write(&mut self.encoder).map_err(|_| Error {
            kind: ErrorKind::NoRoom,
            offset: start,
        })
    }
}
