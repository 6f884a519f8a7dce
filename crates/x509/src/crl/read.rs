//! Reading a CRL, field by field, in the order of RFC 5280 §5.1.

use std::ops::Range;

use x509_parser::{asn1_rs::FromDer, time::ASN1Time};

use super::{Fields, ReasonCode, RevokedCertificate};
use crate::{
    Error,
    certificate::read_name,
    der::{
        BIT_STRING, BOOLEAN, ENUMERATED, Element, GENERALIZED_TIME, INTEGER, OCTET_STRING, OID,
        Reader, SEQUENCE, UTC_TIME,
    },
    key::dotted,
};

pub(super) fn fields(der: &[u8]) -> Result<Fields, Error> {
    let mut input = Reader::new(der);
    let list = input.expect(SEQUENCE, WHAT)?;
    input.finish(WHAT)?;
    let mut parts = list.reader();
    let tbs = parts.expect(SEQUENCE, WHAT)?;
    let signed_with = parts.expect(SEQUENCE, "signature algorithm")?;
    let signature = parts.expect(BIT_STRING, "signature")?;
    parts.finish(WHAT)?;

    let mut parts = tbs.reader();
    let version = parts.expect(INTEGER, "version")?;
    if version.value() != [1] {
        return Err(malformed("version", &version));
    }
    let inner = parts.expect(SEQUENCE, "signature algorithm")?;
    if inner.der() != signed_with.der() {
        return Err(malformed("signature algorithm", &inner));
    }
    let issuer = parts.expect(SEQUENCE, "issuer")?;
    if issuer.value().is_empty() {
        return Err(malformed("issuer", &issuer));
    }
    let this_update = date(&mut parts, "this update")?;
    let next_update = date(&mut parts, "next update")?;
    let revoked = parts.optional(SEQUENCE, "revoked certificates")?;
    let extensions = parts.expect(EXTENSIONS, "extensions")?;
    parts.finish(WHAT)?;

    let mut len = 0_usize;
    if let Some(list) = &revoked {
        let mut entries = list.reader();
        // RFC 5280 §5.1.2.6: a list of none is left out.
        if entries.is_empty() {
            return Err(malformed("revoked certificates", list));
        }
        while !entries.is_empty() {
            entry(&mut entries)?;
            len = len.saturating_add(1);
        }
    }
    let (number, authority_key_id) = list_extensions(&extensions)?;
    Ok(Fields {
        tbs: tbs.range(),
        issuer: issuer.range(),
        issuer_text: read_name(&issuer, "issuer")?.text,
        this_update,
        next_update,
        revoked: revoked.map_or(0..0, |list| list.value_range()),
        len,
        number,
        authority_key_id,
        signed_with: signed_with.value_range(),
        signature: signature.bit_string("signature")?,
    })
}

/// The entries of a list that [`fields`] has read.
pub(super) fn entries(list: &[u8]) -> impl Iterator<Item = RevokedCertificate<'_>> {
    let mut reader = Reader::new(list);
    // At the end there is no further one.
    std::iter::from_fn(move || entry(&mut reader).ok())
}

/// ```text
/// SEQUENCE { userCertificate INTEGER, revocationDate Time, crlEntryExtensions Extensions OPTIONAL }
/// ```
fn entry<'a>(entries: &mut Reader<'a>) -> Result<RevokedCertificate<'a>, Error> {
    let element = entries.expect(SEQUENCE, "revoked certificate")?;
    let mut parts = element.reader();
    let serial = parts.expect(INTEGER, SERIAL)?;
    let number = at_most_20_octets(&serial, SERIAL)?;
    if number.is_empty() {
        return Err(malformed(SERIAL, &serial));
    }
    let revoked_at = date(&mut parts, "revocation date")?;
    let mut reason = ReasonCode::Unspecified;
    if let Some(list) = parts.optional(SEQUENCE, "entry extensions")? {
        each_extension(&list, |name, value| {
            if name != REASON_CODE {
                return Ok(false);
            }
            reason = reason_code(value)?;
            Ok(true)
        })?;
    }
    parts.finish("revoked certificate")?;
    Ok(RevokedCertificate {
        serial: number,
        revoked_at,
        reason,
    })
}

fn reason_code(value: &Element<'_>) -> Result<ReasonCode, Error> {
    let mut inside = value.reader();
    let code = inside.expect(ENUMERATED, "reason code")?;
    inside.finish("reason code")?;
    match code.value() {
        [code @ ..=0x7f] => ReasonCode::from_code(*code),
        _ => None,
    }
    .ok_or_else(|| malformed("reason code", &code))
}

/// Where the CRL's number lies, and the id of the key that signed it.
fn list_extensions(tagged: &Element<'_>) -> Result<(Range<usize>, Option<Range<usize>>), Error> {
    let mut inside = tagged.reader();
    let list = inside.expect(SEQUENCE, "extensions")?;
    inside.finish("extensions")?;
    let (mut number, mut key_id) = (None, None);
    each_extension(&list, |name, value| {
        match name {
            CRL_NUMBER => number = Some(crl_number(value)?),
            AUTHORITY_KEY_IDENTIFIER => key_id = authority_key_id(value)?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    // RFC 5280 §5.2.3: every issuer that follows it puts one in.
    let number = number.ok_or_else(|| malformed("CRL number", &list))?;
    Ok((number, key_id))
}

fn crl_number(value: &Element<'_>) -> Result<Range<usize>, Error> {
    let mut inside = value.reader();
    let number = inside.expect(INTEGER, "CRL number")?;
    inside.finish("CRL number")?;
    let digits = at_most_20_octets(&number, "CRL number")?;
    let end = number.value_range().end;
    Ok(end.saturating_sub(digits.len())..end)
}

/// ```text
/// SEQUENCE { keyIdentifier [0] OPTIONAL, authorityCertIssuer [1] OPTIONAL, authorityCertSerialNumber [2] OPTIONAL }
/// ```
fn authority_key_id(value: &Element<'_>) -> Result<Option<Range<usize>>, Error> {
    const WHAT: &str = "authority key identifier";
    let mut inside = value.reader();
    let sequence = inside.expect(SEQUENCE, WHAT)?;
    inside.finish(WHAT)?;
    let mut parts = sequence.reader();
    let id = parts.optional(KEY_IDENTIFIER, WHAT)?;
    parts.optional(AUTHORITY_CERT_ISSUER, WHAT)?;
    parts.optional(AUTHORITY_CERT_SERIAL_NUMBER, WHAT)?;
    parts.finish(WHAT)?;
    Ok(id.map(|id| id.value_range()))
}

/// Gives `take` the name (the content of an OBJECT IDENTIFIER) and the value (an OCTET STRING) of each extension. It says
/// whether it knows it; a critical one that nobody knows makes the whole CRL unusable (RFC 5280 §5.2).
fn each_extension<'a>(
    list: &Element<'a>,
    mut take: impl FnMut(&[u8], &Element<'a>) -> Result<bool, Error>,
) -> Result<(), Error> {
    let mut parts = list.reader();
    if parts.is_empty() {
        return Err(malformed("extensions", list));
    }
    let mut seen = Vec::new();
    while !parts.is_empty() {
        let element = parts.expect(SEQUENCE, "extension")?;
        let mut fields = element.reader();
        let name = fields.expect(OID, "extension")?;
        let critical = fields.optional(BOOLEAN, "extension")?;
        // DER leaves the default out, and has one TRUE (X.690 §11.1, §11.5).
        if critical.as_ref().is_some_and(|flag| flag.value() != [0xff]) {
            return Err(malformed("extension", &element));
        }
        let value = fields.expect(OCTET_STRING, "extension")?;
        fields.finish("extension")?;
        let offset = element.offset();
        let oid = || dotted(name.der());
        if seen.contains(&name.value()) {
            return Err(Error::DuplicateExtension { oid: oid(), offset });
        }
        seen.push(name.value());
        if !take(name.value(), &value)? && critical.is_some() {
            return Err(Error::CriticalExtension { oid: oid(), offset });
        }
    }
    Ok(())
}

/// A date in the form that its year demands: `YYMMDDHHMMSSZ` through 2049, `YYYYMMDDHHMMSSZ` from then on
/// (RFC 5280 §5.1.2.4).
fn date(parts: &mut Reader<'_>, what: &'static str) -> Result<u64, Error> {
    let tag = match parts.peek() {
        Some(GENERALIZED_TIME) => GENERALIZED_TIME,
        _ => UTC_TIME,
    };
    let element = parts.expect(tag, what)?;
    let digits = match element.value() {
        [digits @ .., b'Z'] if digits.iter().all(u8::is_ascii_digit) => digits.len(),
        _ => return Err(malformed(what, &element)),
    };
    match ASN1Time::from_der(element.der()) {
        Ok(([], time)) if tag == UTC_TIME && digits == 12 => {
            Ok(u64::try_from(time.timestamp()).unwrap_or(0))
        }
        Ok(([], time)) if tag == GENERALIZED_TIME && digits == 14 => {
            let seconds = u64::try_from(time.timestamp()).unwrap_or(0);
            // Earlier ones than those that need it are not DER as RFC 5280 has it.
            if seconds < YEAR_2050 {
                return Err(malformed(what, &element));
            }
            Ok(seconds)
        }
        _ => Err(malformed(what, &element)),
    }
}

/// A number that is not negative, of 20 octets at most (RFC 5280 §4.1.2.2, §5.2.3), without leading zeros.
fn at_most_20_octets<'a>(element: &Element<'a>, what: &'static str) -> Result<&'a [u8], Error> {
    let number = element.unsigned(what)?;
    if number.len() > 20 {
        return Err(malformed(what, element));
    }
    Ok(number)
}

const fn malformed(what: &'static str, element: &Element<'_>) -> Error {
    Error::Malformed {
        what,
        offset: element.offset(),
    }
}

const WHAT: &str = "CRL";
const SERIAL: &str = "serial number";
/// `[0] EXPLICIT Extensions`.
const EXTENSIONS: u8 = 0xa0;
/// `[0] IMPLICIT OCTET STRING`.
const KEY_IDENTIFIER: u8 = 0x80;
/// `[1] IMPLICIT GeneralNames`.
const AUTHORITY_CERT_ISSUER: u8 = 0xa1;
/// `[2] IMPLICIT INTEGER`.
const AUTHORITY_CERT_SERIAL_NUMBER: u8 = 0x82;
/// `id-ce-cRLNumber`, 2.5.29.20 (RFC 5280 §5.2.3).
const CRL_NUMBER: &[u8] = &[0x55, 0x1d, 0x14];
/// `id-ce-cRLReasons`, 2.5.29.21 (RFC 5280 §5.3.1).
const REASON_CODE: &[u8] = &[0x55, 0x1d, 0x15];
/// `id-ce-authorityKeyIdentifier`, 2.5.29.35 (RFC 5280 §5.2.1).
const AUTHORITY_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 0x23];
/// 2050-01-01T00:00:00Z.
const YEAR_2050: u64 = 2_524_608_000;
