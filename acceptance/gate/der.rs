//! DER, made by hand, so that it can be wrong in every way.

/// An element.
pub(super) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut der = vec![tag];
    let length = content.len().to_be_bytes();
    let zeros = length.iter().take_while(|byte| **byte == 0).count();
    let octets = &length[zeros..];
    match content.len() {
        0 => der.push(0),
        1..0x80 => der.extend(octets),
        _ => {
            der.push(0x80 | u8::try_from(octets.len()).unwrap());
            der.extend(octets);
        }
    }
    der.extend(content);
    der
}

/// A SEQUENCE.
pub(super) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

/// A BIT STRING without unused bits.
pub(super) fn bits(octets: &[u8]) -> Vec<u8> {
    tlv(0x03, &[&[0], octets].concat())
}

/// An OBJECT IDENTIFIER, by its content.
pub(super) fn oid(content: &[u8]) -> Vec<u8> {
    tlv(0x06, content)
}

/// A `UTCTime`, as it is written.
pub(super) fn utc(text: &str) -> Vec<u8> {
    tlv(0x17, text.as_bytes())
}

/// A `GeneralizedTime`, as it is written.
pub(super) fn general(text: &str) -> Vec<u8> {
    tlv(0x18, text.as_bytes())
}

/// A name of common names, by their octets.
pub(super) fn name(common: &[&[u8]]) -> Vec<u8> {
    let part = |text: &&[u8]| {
        let pair = sequence(&[&oid(&[0x55, 0x04, 0x03]), &tlv(0x0c, text)]);
        tlv(0x31, &pair)
    };
    tlv(0x30, &common.iter().flat_map(part).collect::<Vec<_>>())
}

/// An extension of the arc 2.5.29 (RFC 5280 §4.2.1).
pub(super) fn extension(number: u8, critical: bool, value: &[u8]) -> Vec<u8> {
    extension_of(&[0x55, 0x1d, number], critical, value)
}

/// An extension.
pub(super) fn extension_of(id: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical {
        tlv(0x01, &[0xff])
    } else {
        Vec::new()
    };
    sequence(&[&oid(id), &critical, &tlv(0x04, value)])
}

/// The key usage extension, by its BIT STRING's content.
pub(super) fn key_usage(bits: &[u8]) -> Vec<u8> {
    extension(KEY_USAGE, true, &tlv(0x03, bits))
}

/// The extended key usage extension, of these purposes.
pub(super) fn purposes(all: &[&[u8]]) -> Vec<u8> {
    let all: Vec<_> = all.iter().flat_map(|id| oid(id)).collect();
    extension(PURPOSES, false, &tlv(0x30, &all))
}

/// The subject alternative names extension: the tag of each name, and its octets.
pub(super) fn alternative(names: &[(u8, &[u8])]) -> Vec<u8> {
    let names = names.iter().flat_map(|(tag, name)| tlv(*tag, name));
    extension(ALTERNATIVE, false, &tlv(0x30, &names.collect::<Vec<_>>()))
}

/// The basic constraints of a CA.
pub(super) fn ca(path_len: Option<u8>) -> Vec<u8> {
    let most = path_len.map_or_else(Vec::new, |most| tlv(0x02, &[most]));
    let value = sequence(&[&tlv(0x01, &[0xff]), &most]);
    extension(BASIC_CONSTRAINTS, true, &value)
}

/// Name constraints of one subtree: `tag` 0xa0 permits it, 0xa1 excludes it.
pub(super) fn subtree(tag: u8, kind: u8, base: &[u8]) -> Vec<u8> {
    let tree = sequence(&[&tlv(kind, base)]);
    let value = sequence(&[&tlv(tag, &tree)]);
    extension(NAME_CONSTRAINTS, true, &value)
}

pub(super) const KEY_USAGE: u8 = 15;
pub(super) const ALTERNATIVE: u8 = 17;
pub(super) const BASIC_CONSTRAINTS: u8 = 19;
pub(super) const NAME_CONSTRAINTS: u8 = 30;
pub(super) const PURPOSES: u8 = 37;

/// `digitalSignature`, as the content of a BIT STRING (RFC 5280 §4.2.1.3).
pub(super) const DIGITAL_SIGNATURE: &[u8] = &[7, 0x80];
/// `keyAgreement`.
pub(super) const KEY_AGREEMENT: &[u8] = &[3, 0x08];
/// `keyCertSign`.
pub(super) const KEY_CERT_SIGN: &[u8] = &[2, 0x04];
/// `cRLSign`.
pub(super) const CRL_SIGN: &[u8] = &[1, 0x02];

/// `id-kp-serverAuth`.
pub(super) const SERVER_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
/// `id-kp-clientAuth`.
pub(super) const CLIENT_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];
/// `id-kp-codeSigning`.
pub(super) const CODE_SIGNING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 3];
/// `anyExtendedKeyUsage`.
pub(super) const ANY_PURPOSE: &[u8] = &[0x55, 0x1d, 0x25, 0];

/// The tags of a `GeneralName`: `dNSName`, `directoryName`, `uniformResourceIdentifier`.
pub(super) const DNS: u8 = 0x82;
/// See [`DNS`].
pub(super) const DIRECTORY: u8 = 0xa4;
/// See [`DNS`].
pub(super) const URI: u8 = 0x86;
