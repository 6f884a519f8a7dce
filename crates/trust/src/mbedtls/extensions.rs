//! Extensions (`library/x509_crt.c`, `x509_get_crt_ext`).

use super::{
    Name, Rules, Unreadable,
    asn1::{Cursor, INTEGER, Malformed, OCTET_STRING, OID, SEQUENCE},
};

/// What the extensions say, as far as the library looks into them.
#[derive(Debug, Default)]
pub(crate) struct Extensions<'a> {
    pub(crate) ca: bool,
    /// How many CAs may stand below it.
    pub(crate) path_len: Option<u32>,
    /// The key usage, if that is limited: its first octet, and the second one above it.
    key_usage: Option<u16>,
    /// OIDs of the purposes, if they are limited.
    purposes: Option<Vec<&'a [u8]>>,
    /// The alternative names, if there is such an extension: tag number and content.
    pub(crate) alternative_names: Option<Vec<(u8, &'a [u8])>>,
}

impl<'a> Extensions<'a> {
    pub(crate) fn read(parts: &mut Cursor<'a>, rules: &Rules) -> Result<Self, Unreadable> {
        let mut tagged = parts.element(EXTENSIONS, WHAT)?;
        let mut list = tagged.element(SEQUENCE, WHAT)?;
        tagged.finish(WHAT)?;
        let mut read = Self::default();
        let mut seen: Vec<&[u8]> = Vec::new();
        while !list.is_at_end() {
            let offset = list.at;
            let mut extension = list.element(SEQUENCE, WHAT)?;
            let oid = extension.element(OID, WHAT)?.rest();
            let critical = match extension.boolean(WHAT) {
                Err(fault) if fault.other_tag => false,
                other => other?,
            };
            let value = extension.element(OCTET_STRING, WHAT)?;
            extension.finish(WHAT)?;
            if !is_known(oid, rules) {
                if critical {
                    return Err(Unreadable::CriticalExtension { oid: oid.to_vec() });
                }
                continue;
            }
            if seen.contains(&oid) {
                let oid = oid.to_vec();
                return Err(Unreadable::DuplicateExtension { oid, offset });
            }
            seen.push(oid);
            read.take(oid, critical, value, rules)?;
        }
        Ok(read)
    }

    fn take(
        &mut self,
        oid: &[u8],
        critical: bool,
        value: Cursor<'a>,
        rules: &Rules,
    ) -> Result<(), Unreadable> {
        match oid {
            BASIC_CONSTRAINTS => (self.ca, self.path_len) = basic_constraints(value)?,
            KEY_USAGE => self.key_usage = Some(key_usage(value, rules)?),
            EXTENDED_KEY_USAGE => self.purposes = Some(purposes(value)?),
            SUBJECT_ALT_NAME => self.alternative_names = Some(names(value, rules)?),
            NETSCAPE_CERT_TYPE => netscape_type(value, rules)?,
            SUBJECT_KEY_ID => subject_key_id(value)?,
            AUTHORITY_KEY_ID => authority_key_id(value, rules)?,
            CERTIFICATE_POLICIES if !policies(value)? && critical => {
                return Err(Unreadable::CriticalExtension { oid: oid.to_vec() });
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether the key may do this; where nothing is said, it may.
    ///
    /// `mbedtls_x509_crt_check_key_usage`: a key that may only encipher, or only decipher, when it is
    /// agreed on, may do nothing else.
    pub(crate) const fn allows(&self, usage: u16) -> bool {
        match self.key_usage {
            None => true,
            Some(allowed) => allowed & (usage | ONLY) == usage,
        }
    }

    /// Whether it is for this purpose; where nothing is said, it is.
    pub(crate) fn is_for(&self, purpose: &[u8]) -> bool {
        let Some(purposes) = &self.purposes else {
            return true;
        };
        purposes
            .iter()
            .any(|found| *found == purpose || *found == ANY_PURPOSE)
    }
}

fn is_known(oid: &[u8], rules: &Rules) -> bool {
    match oid {
        BASIC_CONSTRAINTS | KEY_USAGE | EXTENDED_KEY_USAGE | SUBJECT_ALT_NAME
        | NETSCAPE_CERT_TYPE => true,
        CERTIFICATE_POLICIES => rules.policies,
        SUBJECT_KEY_ID | AUTHORITY_KEY_ID => rules.key_identifiers,
        _ => false,
    }
}

/// The inner length is read and not kept to; a `pathLenConstraint` alone is taken for a `cA`.
fn basic_constraints(mut value: Cursor<'_>) -> Result<(bool, Option<u32>), Malformed> {
    value.tag(SEQUENCE, WHAT)?;
    if value.is_at_end() {
        return Ok((false, None));
    }
    let ca = match value.boolean(WHAT) {
        Err(fault) if fault.other_tag => value.int(WHAT)? != 0,
        other => other?,
    };
    if value.is_at_end() {
        return Ok((ca, None));
    }
    let path_len = value.int(WHAT)?;
    value.finish(WHAT)?;
    if i32::try_from(path_len) == Ok(i32::MAX) {
        return Err(value.fault(WHAT, false));
    }
    Ok((ca, Some(path_len)))
}

fn key_usage(mut value: Cursor<'_>, rules: &Rules) -> Result<u16, Malformed> {
    match value.bits(WHAT)?.split_first() {
        Some((first, rest)) => {
            let second = rest.first().copied().unwrap_or(0);
            Ok(u16::from_le_bytes([*first, second]))
        }
        None if rules.empty_bits => Ok(0),
        None => Err(value.fault(WHAT, false)),
    }
}

fn netscape_type(mut value: Cursor<'_>, rules: &Rules) -> Result<(), Malformed> {
    match value.bits(WHAT)? {
        [_] => Ok(()),
        [] if rules.empty_bits => Ok(()),
        _ => Err(value.fault(WHAT, false)),
    }
}

fn purposes(mut value: Cursor<'_>) -> Result<Vec<&[u8]>, Malformed> {
    let mut list = value.element(SEQUENCE, WHAT)?;
    value.finish(WHAT)?;
    let mut purposes = Vec::new();
    while !list.is_at_end() {
        purposes.push(list.element(OID, WHAT)?.rest());
    }
    if purposes.is_empty() {
        return Err(value.fault(WHAT, false));
    }
    Ok(purposes)
}

fn names<'a>(mut value: Cursor<'a>, rules: &Rules) -> Result<Vec<(u8, &'a [u8])>, Malformed> {
    let list = value.element(SEQUENCE, WHAT)?;
    value.finish(WHAT)?;
    general_names(list, rules)
}

fn general_names<'a>(
    mut list: Cursor<'a>,
    rules: &Rules,
) -> Result<Vec<(u8, &'a [u8])>, Malformed> {
    let mut names = Vec::new();
    while !list.is_at_end() {
        let fault = list.fault("subject alternative name", false);
        let (tag, name) = list.any("subject alternative name")?;
        if tag & CLASS != CONTEXT {
            return Err(fault);
        }
        match tag & NUMBER {
            OTHER_NAME if rules.policies => {
                let mut inside = name;
                inside.tag(OID, "other name")?;
            }
            IP_ADDRESS if rules.ip_addresses && !matches!(name.rest().len(), 4 | 16) => {
                return Err(fault);
            }
            DIRECTORY_NAME if rules.ip_addresses => {
                let mut inside = name;
                Name::read(
                    inside.element(SEQUENCE, "directory name")?,
                    "directory name",
                )?;
            }
            // 2.16 takes none but primitive ones for names.
            DNS_NAME if !rules.policies && tag != CONTEXT | DNS_NAME => continue,
            _ => {}
        }
        names.push((tag & NUMBER, name.rest()));
    }
    Ok(names)
}

fn subject_key_id(mut value: Cursor<'_>) -> Result<(), Malformed> {
    value.element(OCTET_STRING, WHAT)?;
    value.finish(WHAT)
}

fn authority_key_id(mut value: Cursor<'_>, rules: &Rules) -> Result<(), Malformed> {
    let mut list = value.element(SEQUENCE, WHAT)?;
    value.finish(WHAT)?;
    list.optional(CONTEXT, WHAT)?;
    if list.is_at_end() {
        return Ok(());
    }
    // Issuer and serial number come together or not at all.
    general_names(list.element(AUTHORITY_ISSUER, WHAT)?, rules)?;
    list.element(CONTEXT | INTEGER, WHAT)?;
    list.finish(WHAT)
}

/// Whether `anyPolicy` is the only one.
fn policies(mut value: Cursor<'_>) -> Result<bool, Malformed> {
    let mut list = value.element(SEQUENCE, WHAT)?;
    value.finish(WHAT)?;
    if list.is_at_end() {
        return Err(list.fault(WHAT, false));
    }
    let mut any_only = true;
    while !list.is_at_end() {
        let mut policy = list.element(SEQUENCE, WHAT)?;
        any_only &= policy.element(OID, WHAT)?.rest() == ANY_POLICY;
        if !policy.is_at_end() {
            policy.element(SEQUENCE, WHAT)?;
        }
        policy.finish(WHAT)?;
    }
    Ok(any_only)
}

const WHAT: &str = "extension";

/// `[3] EXPLICIT`.
const EXTENSIONS: u8 = 0xa3;

const CLASS: u8 = 0xc0;
const CONTEXT: u8 = 0x80;
const NUMBER: u8 = 0x1f;
/// `[1]`, constructed.
const AUTHORITY_ISSUER: u8 = 0xa1;

/// Tag numbers of `GeneralName` (RFC 5280 §4.2.1.6).
const OTHER_NAME: u8 = 0;
pub(crate) const DNS_NAME: u8 = 2;
const DIRECTORY_NAME: u8 = 4;
pub(crate) const URI: u8 = 6;
pub(crate) const IP_ADDRESS: u8 = 7;

/// Bits of a key usage (RFC 5280 §4.2.1.3).
pub(crate) const DIGITAL_SIGNATURE: u16 = 0x80;
pub(crate) const KEY_CERT_SIGN: u16 = 0x04;
/// `encipherOnly` and `decipherOnly`.
const ONLY: u16 = 0x8001;

const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];
const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 0x0e];
const AUTHORITY_KEY_ID: &[u8] = &[0x55, 0x1d, 0x23];
const CERTIFICATE_POLICIES: &[u8] = &[0x55, 0x1d, 0x20];
/// 2.16.840.1.113730.1.1.
const NETSCAPE_CERT_TYPE: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x42, 0x01, 0x01];

/// `id-kp-serverAuth`, 1.3.6.1.5.5.7.3.1 (RFC 5280 §4.2.1.12).
pub(crate) const SERVER_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
/// `anyExtendedKeyUsage`.
const ANY_PURPOSE: &[u8] = &[0x55, 0x1d, 0x25, 0x00];
/// `anyPolicy` (RFC 5280 §4.2.1.4).
const ANY_POLICY: &[u8] = &[0x55, 0x1d, 0x20, 0x00];
