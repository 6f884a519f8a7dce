//! The library's reading of ASN.1, which is laxer than DER (`library/asn1parse.c`).

use std::ops::Range;

/// Bytes that cannot be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Malformed {
    /// What was being read.
    pub(crate) what: &'static str,
    /// From the start of the certificate.
    pub(crate) offset: usize,
    /// Another tag than the one that was wanted: what is optional may just not be there.
    pub(crate) other_tag: bool,
}

/// A place in a certificate, and the end of what is being read there: the pair `*p`, `end`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    pub(crate) at: usize,
    pub(crate) end: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            end: bytes.len(),
        }
    }

    pub(crate) const fn is_at_end(&self) -> bool {
        self.at >= self.end
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at..self.end)?.first().copied()
    }

    /// `mbedtls_asn1_get_tag`: goes behind tag and length, and gives the length.
    pub(crate) fn tag(&mut self, tag: u8, what: &'static str) -> Result<usize, Malformed> {
        match self.peek() {
            Some(found) if found == tag => {}
            Some(_) => return Err(self.fault(what, true)),
            None => return Err(self.fault(what, false)),
        }
        self.at = self.at.saturating_add(1);
        self.len(what)
    }

    /// An element whose content is read, or skipped, as one.
    pub(crate) fn element(&mut self, tag: u8, what: &'static str) -> Result<Self, Malformed> {
        let len = self.tag(tag, what)?;
        Ok(self.split(len))
    }

    /// As [`Cursor::element`], if it is there.
    pub(crate) fn optional(
        &mut self,
        tag: u8,
        what: &'static str,
    ) -> Result<Option<Self>, Malformed> {
        match self.element(tag, what) {
            Ok(inside) => Ok(Some(inside)),
            Err(fault) if fault.other_tag => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// An element of whatever tag, with it.
    pub(crate) fn any(&mut self, what: &'static str) -> Result<(u8, Self), Malformed> {
        let tag = self.peek().ok_or_else(|| self.fault(what, false))?;
        self.at = self.at.saturating_add(1);
        let len = self.len(what)?;
        Ok((tag, self.split(len)))
    }

    /// `mbedtls_asn1_get_len`: longer forms than need be are read, indefinite ones are not.
    fn len(&mut self, what: &'static str) -> Result<usize, Malformed> {
        let fault = self.fault(what, false);
        let rest = self.bytes.get(self.at..self.end).ok_or(fault)?;
        let (&first, rest) = rest.split_first().ok_or(fault)?;
        let (octets, len) = if first < 0x80 {
            (0, usize::from(first))
        } else {
            let count = usize::from(first & 0x7f);
            if count == 0 || count > MAX_LENGTH_OCTETS {
                return Err(fault);
            }
            let octets = rest.get(..count).ok_or(fault)?;
            let add = |len: usize, octet: &u8| (len << 8) | usize::from(*octet);
            (count, octets.iter().fold(0, add))
        };
        let at = self.at.saturating_add(1).saturating_add(octets);
        if len > self.end.saturating_sub(at) {
            return Err(fault);
        }
        self.at = at;
        Ok(len)
    }

    /// The next `len` bytes for themselves; goes behind them.
    fn split(&mut self, len: usize) -> Self {
        let end = self.at.saturating_add(len).min(self.end);
        let inside = Self {
            bytes: self.bytes,
            at: self.at,
            end,
        };
        self.at = end;
        inside
    }

    /// Everything up to the end.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..self.end).unwrap_or_default()
    }

    pub(crate) fn slice(&self, range: Range<usize>) -> &'a [u8] {
        self.bytes.get(range).unwrap_or_default()
    }

    pub(crate) fn finish(&self, what: &'static str) -> Result<(), Malformed> {
        if self.at == self.end {
            return Ok(());
        }
        Err(self.fault(what, false))
    }

    /// `mbedtls_asn1_get_bool`: any octet but zero is true.
    pub(crate) fn boolean(&mut self, what: &'static str) -> Result<bool, Malformed> {
        let inside = self.element(BOOLEAN, what)?;
        match inside.rest() {
            [octet] => Ok(*octet != 0),
            _ => Err(inside.fault(what, false)),
        }
    }

    /// `mbedtls_asn1_get_int`: not negative, and fits 31 bits; leading zeros are skipped.
    pub(crate) fn int(&mut self, what: &'static str) -> Result<u32, Malformed> {
        let inside = self.element(INTEGER, what)?;
        let fault = inside.fault(what, false);
        let value = inside.rest();
        if value.first().is_none_or(|first| *first >= 0x80) {
            return Err(fault);
        }
        let zeros = value.iter().take_while(|octet| **octet == 0).count();
        let value = value.get(zeros..).unwrap_or_default();
        let number = match value.len() {
            0..=4 => value
                .iter()
                .fold(0, |number, octet| (number << 8) | u32::from(*octet)),
            _ => return Err(fault),
        };
        i32::try_from(number).map_err(|_| fault)?;
        Ok(number)
    }

    /// `mbedtls_asn1_get_bitstring_null`: the octets of a BIT STRING without unused bits.
    pub(crate) fn octets(&mut self, what: &'static str) -> Result<Self, Malformed> {
        let mut inside = self.element(BIT_STRING, what)?;
        match inside.peek() {
            Some(0) => {
                inside.at = inside.at.saturating_add(1);
                Ok(inside)
            }
            _ => Err(inside.fault(what, false)),
        }
    }

    /// `mbedtls_asn1_get_bitstring`: its octets, up to seven bits of which are unused; nothing may follow.
    pub(crate) fn bits(&mut self, what: &'static str) -> Result<&'a [u8], Malformed> {
        let inside = self.element(BIT_STRING, what)?;
        let Some((0..=7, bits)) = inside.rest().split_first() else {
            return Err(inside.fault(what, false));
        };
        self.finish(what)?;
        Ok(bits)
    }

    pub(crate) const fn fault(&self, what: &'static str, other_tag: bool) -> Malformed {
        Malformed {
            what,
            offset: self.at,
            other_tag,
        }
    }
}

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OID: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;

/// Longer lengths are not read.
const MAX_LENGTH_OCTETS: usize = 4;
