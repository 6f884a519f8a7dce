//! The structure of DER: tags and lengths (X.690 §8.1, §10.1), with byte offsets.

use std::ops::Range;

use crate::Error;

/// Reads the elements of one constructed value, or of a whole input, in order.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    input: &'a [u8],
    position: usize,
    end: usize,
}

/// One element: its tag, and where it lies in the input.
#[derive(Clone, Debug)]
pub struct Element<'a> {
    /// The identifier octet. Tag numbers above 30 do not occur in what we read.
    pub tag: u8,
    input: &'a [u8],
    start: usize,
    content: usize,
    end: usize,
}

impl<'a> Reader<'a> {
    /// Reads `input` from its start.
    pub const fn new(input: &'a [u8]) -> Self {
        Self {
            input,
            position: 0,
            end: input.len(),
        }
    }

    /// Whether all elements have been read.
    pub const fn is_empty(&self) -> bool {
        self.position >= self.end
    }

    /// The tag of the next element, if there is one.
    pub fn peek(&self) -> Option<u8> {
        if self.is_empty() {
            return None;
        }
        self.input.get(self.position).copied()
    }

    /// Reads the next element, which must have this tag.
    ///
    /// # Errors
    /// [`Error::Malformed`] where there is none, it has another tag, its length is not in the
    /// shortest definite form, or it runs past the end of what holds it.
    pub fn expect(&mut self, tag: u8, what: &'static str) -> Result<Element<'a>, Error> {
        let offset = self.position;
        let element = self.read().ok_or(Error::Malformed { what, offset })?;
        if element.tag != tag {
            return Err(Error::Malformed { what, offset });
        }
        Ok(element)
    }

    /// Reads the next element if it has this tag.
    ///
    /// # Errors
    /// As [`Reader::expect`], once the tag is there.
    pub fn optional(&mut self, tag: u8, what: &'static str) -> Result<Option<Element<'a>>, Error> {
        if self.peek() != Some(tag) {
            return Ok(None);
        }
        self.expect(tag, what).map(Some)
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// [`Error::Malformed`] where bytes are left.
    pub const fn finish(&self, what: &'static str) -> Result<(), Error> {
        if self.is_empty() {
            return Ok(());
        }
        Err(Error::Malformed {
            what,
            offset: self.position,
        })
    }

    fn read(&mut self) -> Option<Element<'a>> {
        let start = self.position;
        let bytes = self.input.get(start..self.end)?;
        let (&tag, rest) = bytes.split_first()?;
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (&first, rest) = rest.split_first()?;
        let (length_octets, len) = if first < 0x80 {
            (1, usize::from(first))
        } else {
            let octets = rest.get(..usize::from(first & 0x7f))?;
            (octets.len().checked_add(1)?, long_length(octets)?)
        };
        let content = start.checked_add(1)?.checked_add(length_octets)?;
        let end = content.checked_add(len)?;
        if end > self.end {
            return None;
        }
        self.position = end;
        Some(Element {
            tag,
            input: self.input,
            start,
            content,
            end,
        })
    }
}

impl<'a> Element<'a> {
    /// The whole element: tag, length and content.
    pub fn der(&self) -> &'a [u8] {
        self.input.get(self.range()).unwrap_or_default()
    }

    /// Its content.
    pub fn value(&self) -> &'a [u8] {
        self.input.get(self.value_range()).unwrap_or_default()
    }

    /// Where the whole element lies in the input.
    pub const fn range(&self) -> Range<usize> {
        self.start..self.end
    }

    /// Where its content lies in the input.
    pub const fn value_range(&self) -> Range<usize> {
        self.content..self.end
    }

    /// Where it starts in the input.
    pub const fn offset(&self) -> usize {
        self.start
    }

    /// Reads the elements that it is made of.
    pub const fn reader(&self) -> Reader<'a> {
        Reader {
            input: self.input,
            position: self.content,
            end: self.end,
        }
    }

    /// Where the octets of a BIT STRING without unused bits lie in the input.
    ///
    /// # Errors
    /// [`Error::Malformed`] where bits are unused: no key and no signature that we know has any.
    pub fn bit_string(&self, what: &'static str) -> Result<Range<usize>, Error> {
        match self.value().split_first() {
            Some((0, _)) => Ok(self.content.saturating_add(1)..self.end),
            _ => Err(Error::Malformed {
                what,
                offset: self.start,
            }),
        }
    }

    /// The magnitude of an INTEGER that is not negative: big-endian, without leading zeros.
    ///
    /// # Errors
    /// [`Error::Malformed`] where it is empty, negative, or longer than need be.
    pub fn unsigned(&self, what: &'static str) -> Result<&'a [u8], Error> {
        match self.value() {
            [0] => Ok(&[]),
            [0, rest @ ..] if rest.first().is_some_and(|high| *high >= 0x80) => Ok(rest),
            value @ [1..0x80, ..] => Ok(value),
            _ => Err(Error::Malformed {
                what,
                offset: self.start,
            }),
        }
    }
}

fn long_length(octets: &[u8]) -> Option<usize> {
    let (&first, _) = octets.split_first()?;
    let len = octets.iter().try_fold(0_usize, |len, &octet| {
        len.checked_mul(256)?.checked_add(usize::from(octet))
    })?;
    (first != 0 && len >= 0x80).then_some(len)
}

/// BIT STRING.
pub const BIT_STRING: u8 = 0x03;
/// BOOLEAN.
pub const BOOLEAN: u8 = 0x01;
/// ENUMERATED.
pub const ENUMERATED: u8 = 0x0a;
/// `GeneralizedTime`.
pub const GENERALIZED_TIME: u8 = 0x18;
/// INTEGER.
pub const INTEGER: u8 = 0x02;
/// OCTET STRING.
pub const OCTET_STRING: u8 = 0x04;
/// OBJECT IDENTIFIER.
pub const OID: u8 = 0x06;
/// SEQUENCE.
pub const SEQUENCE: u8 = 0x30;
/// SET.
pub const SET: u8 = 0x31;
/// `UTCTime`.
pub const UTC_TIME: u8 = 0x17;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_definite_shortest_and_inside() {
        let check = |bytes: &[u8]| {
            Reader::new(bytes)
                .expect(SEQUENCE, "test")
                .map(|element| element.value().len())
        };
        assert_eq!(check(&[0x30, 0]), Ok(0));
        assert_eq!(check(&[0x30, 1, 7, 9]), Ok(1));
        let mut long = vec![0x30, 0x81, 0x80];
        long.extend([0; 128]);
        assert_eq!(check(&long), Ok(128));
        for bad in [
            &[][..],
            &[0x30],
            &[0x31, 0],
            &[0x30, 1],
            &[0x30, 0x80, 0, 0],
            &[0x30, 0x81, 1, 0],
            &[0x30, 0x82, 0, 0x80],
            &[0x30, 0xff],
            &[0x3f, 0x81, 0x00, 0],
            &[0x30, 0x88, 255, 255, 255, 255, 255, 255, 255, 255, 0],
            &[0x30, 0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        ] {
            let malformed = Error::Malformed {
                what: "test",
                offset: 0,
            };
            assert_eq!(check(bad), Err(malformed), "{bad:x?}");
        }
    }

    #[test]
    fn integers_are_shortest_and_not_negative() {
        let check = |content: &[u8]| {
            let mut der = vec![INTEGER, u8::try_from(content.len()).unwrap()];
            der.extend(content);
            let element = Reader::new(&der).expect(INTEGER, "test").unwrap();
            element.unsigned("test").ok().map(<[u8]>::to_vec)
        };
        assert_eq!(check(&[0]), Some(vec![]));
        assert_eq!(check(&[1, 0]), Some(vec![1, 0]));
        assert_eq!(check(&[0, 0x80]), Some(vec![0x80]));
        for bad in [&[][..], &[0, 0], &[0, 1], &[0x80], &[0xff, 1]] {
            assert_eq!(check(bad), None, "{bad:x?}");
        }
    }
}
