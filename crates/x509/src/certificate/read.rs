//! Reading a certificate, field by field, in the order of RFC 5280 §4.1.

use std::net::IpAddr;

use x509_parser::{
    asn1_rs::{FromDer, Oid, oid},
    extensions::{GeneralName, ParsedExtension, X509Extension},
    time::ASN1Time,
    x509::X509Name,
};

use super::{BasicConstraints, Extensions, Fields, Name};
use crate::{
    Error, ExtendedKeyUsage, KeyUsage, PublicKey,
    der::{BIT_STRING, Element, GENERALIZED_TIME, INTEGER, Reader, SEQUENCE, SET, UTC_TIME},
    name::{escaped, is_harmless},
};

pub(super) fn fields(der: &[u8]) -> Result<Fields, Error> {
    let mut input = Reader::new(der);
    let certificate = input.expect(SEQUENCE, "certificate")?;
    input.finish("certificate")?;
    let mut parts = certificate.reader();
    let tbs = parts.expect(SEQUENCE, "certificate")?;
    let signed_with = parts.expect(SEQUENCE, "signature algorithm")?;
    let signature = parts.expect(BIT_STRING, "signature")?;
    parts.finish("certificate")?;

    let mut parts = tbs.reader();
    let version = version(&mut parts)?;
    let serial = parts.expect(INTEGER, "serial number")?;
    let inner = parts.expect(SEQUENCE, "signature algorithm")?;
    if inner.der() != signed_with.der() {
        return Err(malformed("signature algorithm", &inner));
    }
    let issuer = parts.expect(SEQUENCE, "issuer")?;
    let validity = parts.expect(SEQUENCE, "validity")?;
    let (not_before, not_after) = dates(&validity)?;
    let subject = parts.expect(SEQUENCE, "subject")?;
    let public_key = parts.expect(SEQUENCE, "public key")?;
    parts.optional(ISSUER_UNIQUE_ID, "issuer unique id")?;
    parts.optional(SUBJECT_UNIQUE_ID, "subject unique id")?;
    let extensions = match parts.optional(EXTENSIONS, "extensions")? {
        None => Extensions::default(),
        Some(list) if version == 3 => extensions(&list)?,
        Some(list) => return Err(malformed("version", &list)),
    };
    parts.finish("certificate")?;
    let issuer_name = name(&issuer, "issuer")?;
    // A root's two names are one.
    let subject_name = if subject.der() == issuer.der() {
        issuer_name.clone()
    } else {
        name(&subject, "subject")?
    };

    Ok(Fields {
        version,
        tbs: tbs.range(),
        serial: serial_bytes(&serial)?,
        serial_is_negative: serial.value().first().is_some_and(|first| *first >= 0x80),
        issuer: issuer.range(),
        issuer_name,
        not_before,
        not_after,
        subject: subject.range(),
        subject_name,
        public_key: public_key.range(),
        key_kind: PublicKey::from_element(der, &public_key)?.kind,
        extensions,
        signed_with: signed_with.value_range(),
        signature: signature.bit_string("signature")?,
    })
}

/// Reads a name that stands in a certificate or a request.
pub(crate) fn name(element: &Element<'_>, what: &'static str) -> Result<Name, Error> {
    let mut sets = element.reader();
    while !sets.is_empty() {
        let set = sets.expect(SET, what)?;
        if set.value().is_empty() {
            return Err(malformed(what, &set));
        }
    }
    let (_, name) = X509Name::from_der(element.der()).map_err(|_| malformed(what, element))?;
    let mut common_names = name.iter_common_name();
    let common_name = match (common_names.next(), common_names.next()) {
        (Some(only), None) => only.as_str().ok().filter(|text| is_harmless(text)),
        _ => None,
    };
    Ok(Name {
        common_name: common_name.map(str::to_owned),
        text: escaped(&name.to_string()),
    })
}

fn version(parts: &mut Reader<'_>) -> Result<u8, Error> {
    let Some(tagged) = parts.optional(VERSION, "version")? else {
        return Ok(1);
    };
    let mut inside = tagged.reader();
    let number = inside.expect(INTEGER, "version")?;
    inside.finish("version")?;
    match number.value() {
        [1] => Ok(2),
        [2] => Ok(3),
        _ => Err(malformed("version", &number)),
    }
}

/// The bytes as they stand, less a sign byte. Negative ones exist in the wild and only name.
fn serial_bytes(element: &Element<'_>) -> Result<Vec<u8>, Error> {
    match element.value() {
        [] => Err(malformed("serial number", element)),
        [0, rest @ ..] if !rest.is_empty() => Ok(rest.to_vec()),
        bytes => Ok(bytes.to_vec()),
    }
}

fn dates(validity: &Element<'_>) -> Result<(u64, u64), Error> {
    let mut parts = validity.reader();
    let mut date = || {
        let tag = match parts.peek() {
            Some(GENERALIZED_TIME) => GENERALIZED_TIME,
            _ => UTC_TIME,
        };
        let element = parts.expect(tag, "date")?;
        match ASN1Time::from_der(element.der()) {
            Ok(([], time)) => Ok(u64::try_from(time.timestamp()).unwrap_or(0)),
            _ => Err(malformed("date", &element)),
        }
    };
    let dates = (date()?, date()?);
    parts.finish("validity")?;
    Ok(dates)
}

fn extensions(tagged: &Element<'_>) -> Result<Extensions, Error> {
    let mut inside = tagged.reader();
    let list = inside.expect(SEQUENCE, "extensions")?;
    inside.finish("extensions")?;
    let mut read = Extensions::default();
    let mut seen = Vec::new();
    let mut parts = list.reader();
    while !parts.is_empty() {
        let element = parts.expect(SEQUENCE, "extension")?;
        let (rest, extension) =
            X509Extension::from_der(element.der()).map_err(|_| malformed("extension", &element))?;
        if !rest.is_empty() {
            return Err(malformed("extension", &element));
        }
        if seen.contains(&extension.oid) {
            return Err(Error::DuplicateExtension {
                oid: extension.oid.to_id_string(),
                offset: element.offset(),
            });
        }
        if extension.critical {
            read.critical.push(extension.oid.to_id_string());
        }
        take(&mut read, &extension, &element)?;
        seen.push(extension.oid);
    }
    Ok(read)
}

fn take(
    read: &mut Extensions,
    extension: &X509Extension<'_>,
    element: &Element<'_>,
) -> Result<(), Error> {
    match extension.parsed_extension() {
        ParsedExtension::BasicConstraints(constraints) => {
            read.basic_constraints = Some(BasicConstraints {
                ca: constraints.ca,
                path_len: constraints.path_len_constraint,
            });
        }
        ParsedExtension::KeyUsage(usage) => {
            read.key_usage = Some(KeyUsage::from_flags(usage.flags));
        }
        ParsedExtension::ExtendedKeyUsage(usage) => {
            read.extended_key_usage = Some(ExtendedKeyUsage::from_parsed(usage));
        }
        ParsedExtension::SubjectKeyIdentifier(id) => read.subject_key_id = Some(id.0.to_vec()),
        ParsedExtension::AuthorityKeyIdentifier(id) => {
            read.authority_key_id = id.key_identifier.as_ref().map(|id| id.0.to_vec());
        }
        ParsedExtension::AuthorityInfoAccess(access) => {
            // Where an issuer can be had from is advice; one that does not read is passed over.
            let named = access
                .iter()
                .filter(|named| named.access_method == CA_ISSUERS);
            read.ca_issuers = named
                .filter_map(|named| match named.access_location {
                    GeneralName::URI(uri) => plain(uri),
                    _ => None,
                })
                .collect();
        }
        ParsedExtension::SubjectAlternativeName(names) => {
            read.has_subject_alt_name = true;
            for name in &names.general_names {
                alternative_name(read, name)
                    .ok_or_else(|| malformed("subject alternative name", element))?;
            }
        }
        ParsedExtension::ParseError { .. } => return Err(malformed("extension", element)),
        _ => {}
    }
    Ok(())
}

fn alternative_name(read: &mut Extensions, name: &GeneralName<'_>) -> Option<()> {
    match name {
        GeneralName::DNSName(name) => read.dns_names.push(plain(name)?),
        GeneralName::URI(uri) => read.uris.push(plain(uri)?),
        GeneralName::IPAddress(octets) => {
            let address = <[u8; 4]>::try_from(*octets)
                .map(IpAddr::from)
                .or_else(|_| <[u8; 16]>::try_from(*octets).map(IpAddr::from));
            read.ip_addresses.push(address.ok()?);
        }
        GeneralName::Invalid(..) => return None,
        _ => {}
    }
    Some(())
}

/// A name with a NUL or a line end in it is read differently by different readers: refused.
fn plain(text: &str) -> Option<String> {
    (text.is_ascii() && is_harmless(text)).then(|| text.to_owned())
}

const fn malformed(what: &'static str, element: &Element<'_>) -> Error {
    Error::Malformed {
        what,
        offset: element.offset(),
    }
}

/// `id-ad-caIssuers` (RFC 5280 §4.2.2.1).
const CA_ISSUERS: Oid<'static> = oid!(1.3.6.1.5.5.7.48.2);
/// `[0] EXPLICIT`.
const VERSION: u8 = 0xa0;
/// `[1] IMPLICIT BIT STRING`.
const ISSUER_UNIQUE_ID: u8 = 0x81;
/// `[2] IMPLICIT BIT STRING`.
const SUBJECT_UNIQUE_ID: u8 = 0x82;
/// `[3] EXPLICIT`.
const EXTENSIONS: u8 = 0xa3;
