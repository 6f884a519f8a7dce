//! The walk that refuses what is not deterministic CBOR.

use crate::cbor::offset;
use crate::{Error, ErrorKind};

/// Checks that `bytes`, from `start` on, are one data item in deterministic encoding (RFC 8949 §4.2.1) and nothing else.
///
/// The items are those that our messages are made of, now and later: integers, byte and text strings, arrays, maps with
/// keys that are integers or strings, `false`, `true` and `null`. Tags, floats and deep nesting are refused.
///
/// # Errors
/// `NotCbor` where the bytes end early or text is not UTF-8, `NotDeterministic` for a head that could be shorter, an
/// indefinite length, and keys out of order or given twice, `BadField` for other items, `Surplus` for bytes that follow.
pub(crate) fn check(bytes: &[u8], start: usize) -> Result<(), Error> {
    let mut walk = Walk { bytes, at: start };
    walk.item(MAX_DEPTH)?;
    if walk.at < bytes.len() {
        return Err(walk.error(ErrorKind::Surplus));
    }
    Ok(())
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Walk<'a> {
    fn item(&mut self, depth: u8) -> Result<(), Error> {
        let start = self.at;
        let (major, argument) = self.head()?;
        match major {
            UNSIGNED | NEGATIVE => Ok(()),
            BYTES => self.take(argument).map(drop),
            TEXT => self.text(argument, start),
            ARRAY => {
                let below = deeper(depth, start)?;
                for _ in 0..argument {
                    self.item(below)?;
                }
                Ok(())
            }
            MAP => self.entries(argument, deeper(depth, start)?),
            SIMPLE if (FALSE..=NULL).contains(&argument) => Ok(()),
            _ => Err(Error {
                kind: ErrorKind::BadField,
                offset: offset(start),
            }),
        }
    }

    /// The entries of a map: each key's bytes greater than those of the key before, which also forbids doubles.
    fn entries(&mut self, count: u64, below: u8) -> Result<(), Error> {
        let mut previous: &[u8] = &[];
        for _ in 0..count {
            let start = self.at;
            let key = self.key()?;
            if key <= previous {
                return Err(Error {
                    kind: ErrorKind::NotDeterministic,
                    offset: offset(start),
                });
            }
            previous = key;
            self.item(below)?;
        }
        Ok(())
    }

    fn key(&mut self) -> Result<&'a [u8], Error> {
        let start = self.at;
        let (major, argument) = self.head()?;
        match major {
            UNSIGNED | NEGATIVE => {}
            BYTES => drop(self.take(argument)?),
            TEXT => self.text(argument, start)?,
            _ => {
                return Err(Error {
                    kind: ErrorKind::BadField,
                    offset: offset(start),
                });
            }
        }
        Ok(self.bytes.get(start..self.at).unwrap_or_default())
    }

    fn text(&mut self, len: u64, start: usize) -> Result<(), Error> {
        match core::str::from_utf8(self.take(len)?) {
            Ok(_) => Ok(()),
            Err(_) => Err(Error {
                kind: ErrorKind::NotCbor,
                offset: offset(start),
            }),
        }
    }

    /// A head: its major type and its argument, which must be in the shortest form.
    fn head(&mut self) -> Result<(u8, u64), Error> {
        let start = self.at;
        let [first] = self.array::<1>()?;
        let major = first >> 5;
        let (argument, least) = match first & 0x1f {
            small @ 0..=23 => (u64::from(small), 0),
            24 => (u64::from(u8::from_be_bytes(self.array()?)), 24),
            25 => (u64::from(u16::from_be_bytes(self.array()?)), 1 << 8),
            26 => (u64::from(u32::from_be_bytes(self.array()?)), 1 << 16),
            27 => (u64::from_be_bytes(self.array()?), 1 << 32),
            31 => {
                return Err(Error {
                    kind: ErrorKind::NotDeterministic,
                    offset: offset(start),
                });
            }
            _ => {
                return Err(Error {
                    kind: ErrorKind::NotCbor,
                    offset: offset(start),
                });
            }
        };
        // A simple value or float with more than its first byte is none of ours, whatever its argument.
        if argument < least && major != SIMPLE {
            return Err(Error {
                kind: ErrorKind::NotDeterministic,
                offset: offset(start),
            });
        }
        if least > 0 && major == SIMPLE {
            return Err(Error {
                kind: ErrorKind::BadField,
                offset: offset(start),
            });
        }
        Ok((major, argument))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some((taken, _)) = rest.split_first_chunk::<N>() else {
            return Err(self.ended());
        };
        self.at = self.at.saturating_add(N);
        Ok(*taken)
    }

    fn take(&mut self, len: u64) -> Result<&'a [u8], Error> {
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let end = self.at.saturating_add(len);
        let Some(taken) = self.bytes.get(self.at..end) else {
            return Err(self.ended());
        };
        self.at = end;
        Ok(taken)
    }

    fn ended(&self) -> Error {
        Error {
            kind: ErrorKind::NotCbor,
            offset: offset(self.bytes.len()),
        }
    }

    fn error(&self, kind: ErrorKind) -> Error {
        Error {
            kind,
            offset: offset(self.at),
        }
    }
}

fn deeper(depth: u8, start: usize) -> Result<u8, Error> {
    depth.checked_sub(1).ok_or(Error {
        kind: ErrorKind::BadField,
        offset: offset(start),
    })
}

/// How deep arrays and maps may nest: twice what our messages need, and little enough for a small stack.
const MAX_DEPTH: u8 = 4;

// Major types and simple values, RFC 8949 §3.1 and §3.3.
const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const SIMPLE: u8 = 7;
const FALSE: u64 = 20;
const NULL: u64 = 22;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_deterministic_items() {
        let items: &[&[u8]] = &[
            b"\x00",
            b"\x18\x18",
            b"\x19\x01\x00",
            b"\x1a\x00\x01\x00\x00",
            b"\x1b\x00\x00\x00\x01\x00\x00\x00\x00",
            b"\x37",
            b"\x43abc",
            b"\x63abc",
            b"\x82\x01\xf5",
            b"\xa3\x01\xf4\x20\xf6\x61a\x80",
        ];
        for item in items {
            assert_eq!(check(item, 0), Ok(()), "{item:02x?}");
        }
    }

    #[test]
    fn refuses_all_else_at_its_byte() {
        use ErrorKind::{BadField, NotCbor, NotDeterministic, Surplus};
        let items: &[(&[u8], ErrorKind, u32)] = &[
            (b"", NotCbor, 0),
            (b"\x18", NotCbor, 1),
            (b"\x1c", NotCbor, 0),
            (b"\x43ab", NotCbor, 3),
            (b"\x61\xff", NotCbor, 0),
            (b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff", NotCbor, 9),
            (b"\x18\x17", NotDeterministic, 0),
            (b"\x19\x00\xff", NotDeterministic, 0),
            (b"\x1a\x00\x00\xff\xff", NotDeterministic, 0),
            (b"\x1b\x00\x00\x00\x00\xff\xff\xff\xff", NotDeterministic, 0),
            (b"\x58\x01a", NotDeterministic, 0),
            (b"\x9f\x01\xff", NotDeterministic, 0),
            (b"\xbf\xff", NotDeterministic, 0),
            (b"\xa2\x02\x00\x01\x00", NotDeterministic, 3),
            (b"\xa2\x01\x00\x01\x00", NotDeterministic, 3),
            (b"\xa2\x61a\x00\x20\x00", NotDeterministic, 4),
            (b"\xa1\x80\x00", BadField, 1),
            (b"\xc0\x00", BadField, 0),
            (b"\xf7", BadField, 0),
            (b"\xf8\x20", BadField, 0),
            (b"\xf9\x00\x00", BadField, 0),
            (b"\x81\x81\x81\x81\x81\x00", BadField, 4),
            (b"\x00\x00", Surplus, 1),
        ];
        for (item, kind, offset) in items {
            assert_eq!(
                check(item, 0),
                Err(Error {
                    kind: *kind,
                    offset: *offset
                }),
                "{item:02x?}"
            );
        }
    }
}
