//! Certificates, as the library reads them (`library/x509_crt.c`, `x509_crt_parse_der_core`).

use super::{
    Key, Name, Rules, SignatureAlgorithm, Time,
    algorithm::{Fault, Identifier},
    asn1::{Cursor, GENERALIZED_TIME, INTEGER, Malformed, SEQUENCE, UTC_TIME},
    extensions::Extensions,
    key::KeyFault,
};

/// A certificate that the library can read.
#[derive(Debug)]
pub(crate) struct Certificate<'a> {
    /// Where it stood in what was sent.
    pub(crate) position: usize,
    /// What is signed.
    pub(crate) tbs: &'a [u8],
    /// The content of the signature's `AlgorithmIdentifier`.
    pub(crate) signed_with: Identifier<'a>,
    pub(crate) algorithm: SignatureAlgorithm,
    pub(crate) signature: &'a [u8],
    /// DER of the names, by which a bundle is searched.
    pub(crate) issuer_raw: &'a [u8],
    pub(crate) subject_raw: &'a [u8],
    pub(crate) issuer: Name<'a>,
    pub(crate) subject: Name<'a>,
    /// Seconds since 1970; earlier ones are negative.
    pub(crate) not_before: i64,
    pub(crate) not_after: i64,
    /// DER of the `SubjectPublicKeyInfo`.
    pub(crate) public_key: &'a [u8],
    pub(crate) key: Key,
    pub(crate) extensions: Extensions<'a>,
}

/// Why the library does not have a certificate.
#[derive(Clone, Debug)]
pub(crate) enum Unreadable {
    /// It passes over it, as if it had not been sent: the signature's algorithm is unknown.
    PassedOver {
        oid: Vec<u8>,
    },
    /// The handshake ends.
    Malformed(Malformed),
    CriticalExtension {
        oid: Vec<u8>,
    },
    DuplicateExtension {
        oid: Vec<u8>,
        offset: usize,
    },
    UnknownKey,
}

impl From<Malformed> for Unreadable {
    fn from(fault: Malformed) -> Self {
        Self::Malformed(fault)
    }
}

impl<'a> Certificate<'a> {
    /// Reads one. What follows it in `der` is not looked at.
    pub(crate) fn read(position: usize, der: &'a [u8], rules: &Rules) -> Result<Self, Unreadable> {
        let mut outer = Cursor::new(der).element(SEQUENCE, "certificate")?;
        let tbs_at = outer.at;
        let mut parts = outer.element(SEQUENCE, "certificate")?;
        let tbs = outer.slice(tbs_at..parts.end);

        let version = version(&mut parts)?;
        serial(&mut parts)?;
        let inner = Identifier::read(&mut parts, "signature algorithm")?;
        if version > 3 {
            return Err(parts.fault("version", false).into());
        }
        let algorithm = SignatureAlgorithm::read(&inner, parts).map_err(|fault| match fault {
            Fault::Unknown => Unreadable::PassedOver {
                oid: inner.oid.to_vec(),
            },
            Fault::Malformed(fault) => Unreadable::Malformed(fault),
        })?;

        let (issuer_raw, issuer) = name(&mut parts, "issuer")?;
        let (not_before, not_after) = dates(&mut parts)?;
        let (subject_raw, subject) = name(&mut parts, "subject")?;
        let key_at = parts.at;
        let key = Key::read(&mut parts, rules).map_err(|fault| match fault {
            KeyFault::Unknown => Unreadable::UnknownKey,
            KeyFault::Malformed(fault) => Unreadable::Malformed(fault),
        })?;
        let public_key = parts.slice(key_at..parts.at);
        for tag in [ISSUER_UNIQUE_ID, SUBJECT_UNIQUE_ID] {
            if version >= 2 && !parts.is_at_end() {
                parts.optional(tag, "unique id")?;
            }
        }
        let extensions = if version == 3 && !parts.is_at_end() {
            Extensions::read(&mut parts, rules)?
        } else {
            Extensions::default()
        };
        parts.finish("certificate")?;

        let outside = Identifier::read(&mut outer, "signature algorithm")?;
        if (outside.oid, outside.parameters) != (inner.oid, inner.parameters) {
            return Err(outer.fault("signature algorithm", false).into());
        }
        let signature = outer.octets("signature")?.rest();
        outer.finish("certificate")?;

        Ok(Self {
            position,
            tbs,
            signed_with: inner,
            algorithm,
            signature,
            issuer_raw,
            subject_raw,
            issuer,
            subject,
            not_before,
            not_after,
            public_key,
            key,
            extensions,
        })
    }

    /// `x509_name_cmp` of its own two names.
    pub(crate) fn is_self_issued(&self) -> bool {
        self.issuer.is(&self.subject)
    }

    pub(crate) fn has_ended(&self, time: Time) -> bool {
        match time {
            Time::Ignored => false,
            Time::At(now) | Time::AtLeast(now) => self.not_after < seconds(now.0),
        }
    }

    pub(crate) fn has_not_begun(&self, time: Time) -> bool {
        match time {
            Time::Ignored | Time::AtLeast(_) => false,
            Time::At(now) => self.not_before > seconds(now.0),
        }
    }
}

fn seconds(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}

/// `x509_get_version`; 4 stands for any that is too high.
fn version(parts: &mut Cursor<'_>) -> Result<u32, Malformed> {
    let Some(mut tagged) = parts.optional(VERSION, "version")? else {
        return Ok(1);
    };
    let number = tagged.int("version")?;
    tagged.finish("version")?;
    Ok(number.min(3).saturating_add(1))
}

/// `mbedtls_x509_get_serial`: a negative one is read, and one that is tagged `[2]`.
fn serial(parts: &mut Cursor<'_>) -> Result<(), Malformed> {
    match parts.peek() {
        Some(INTEGER | TAGGED_SERIAL) => parts.any("serial number").map(|_| ()),
        _ => Err(parts.fault("serial number", false)),
    }
}

/// A name's DER and what it says. An issuer has parts, a subject may have none.
fn name<'a>(parts: &mut Cursor<'a>, what: &'static str) -> Result<(&'a [u8], Name<'a>), Malformed> {
    let at = parts.at;
    let inside = parts.element(SEQUENCE, what)?;
    let name = if inside.is_at_end() && what == "subject" {
        Name::empty()
    } else {
        Name::read(inside, what)?
    };
    Ok((parts.slice(at..parts.at), name))
}

fn dates(parts: &mut Cursor<'_>) -> Result<(i64, i64), Malformed> {
    let mut validity = parts.element(SEQUENCE, "validity")?;
    let dates = (date(&mut validity)?, date(&mut validity)?);
    validity.finish("validity")?;
    Ok(dates)
}

/// `mbedtls_x509_get_time`: `[YY]YYMMDDhhmmss`, with a Z or without.
fn date(parts: &mut Cursor<'_>) -> Result<i64, Malformed> {
    let fault = parts.fault("date", false);
    let (tag, text) = parts.any("date")?;
    let text = text.rest();
    let year_len = match tag {
        UTC_TIME => 2,
        GENERALIZED_TIME => 4,
        _ => return Err(fault),
    };
    let text = match text.strip_suffix(b"Z") {
        Some(bare) if bare.len() == year_len + 10 => bare,
        _ => text,
    };
    if text.len() != year_len + 10 || !text.iter().all(u8::is_ascii_digit) {
        return Err(fault);
    }
    let (year, rest) = text.split_at_checked(year_len).ok_or(fault)?;
    let number = |digits: &[u8]| {
        digits
            .iter()
            .fold(0_i64, |number, digit| number * 10 + i64::from(digit - b'0'))
    };
    let year = match number(year) {
        year if year_len == 4 => year,
        year if year < 50 => 2000 + year,
        year => 1900 + year,
    };
    let mut pairs = rest.chunks(2).map(number);
    let mut next = || pairs.next().unwrap_or(0);
    let (month, day, hour, minute, second) = (next(), next(), next(), next(), next());
    let inside = (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && hour <= 23
        && minute <= 59
        && second <= 59;
    if !inside {
        return Err(fault);
    }
    Ok(((days_before(year, month, day) * 24 + hour) * 60 + minute) * 60 + second)
}

const fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 != 0 || (year % 100 == 0 && year % 400 != 0) => 28,
        2 => 29,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar.
const fn days_before(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March, so that the leap day comes last.
    let (year, month) = if month < 3 {
        (year - 1, month + 9)
    } else {
        (year, month - 3)
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + (month * 153 + 2) / 5 + day - 1 - 719_468
}

/// `[0] EXPLICIT`.
const VERSION: u8 = 0xa0;
/// `[1]` and `[2]`, constructed as the library wants them, which the standard does not.
const ISSUER_UNIQUE_ID: u8 = 0xa1;
const SUBJECT_UNIQUE_ID: u8 = 0xa2;
/// A serial number that is tagged `[2]` is read too.
const TAGGED_SERIAL: u8 = 0x82;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_1970() {
        for (date, days) in [
            ((1970, 1, 1), 0),
            ((1969, 12, 31), -1),
            ((2000, 2, 29), 11_016),
            ((2000, 3, 1), 11_017),
            ((2026, 7, 23), 20_657),
            ((1, 1, 1), -719_162),
        ] {
            let (year, month, day) = date;
            assert_eq!(days_before(year, month, day), days, "{date:?}");
        }
    }
}
