//! What the library read, written again as DER: what checks signatures for us reads nothing else.

use std::borrow::Cow;

use countersign_x509::PublicKey;

use super::{
    algorithm::Identifier,
    asn1::{BIT_STRING, Cursor, INTEGER, NULL, OID, SEQUENCE},
};

/// A `SubjectPublicKeyInfo` that the library read; as it is, where it is DER or cannot be made so.
pub(super) fn public_key(lax: &[u8]) -> Cow<'_, [u8]> {
    if PublicKey::from_der(lax).is_ok() {
        return Cow::Borrowed(lax);
    }
    written_again(lax).map_or(Cow::Borrowed(lax), Cow::Owned)
}

fn written_again(lax: &[u8]) -> Option<Vec<u8>> {
    let mut parts = Cursor::new(lax).element(SEQUENCE, WHAT).ok()?;
    let algorithm = Identifier::read(&mut parts, WHAT).ok()?;
    let key = parts.octets(WHAT).ok()?;
    let (parameters, key) = match algorithm.parameters {
        // A curve.
        Some((OID, curve)) => (tlv(OID, &[curve]), key.rest().to_vec()),
        _ => (tlv(NULL, &[]), rsa(key)?),
    };
    let algorithm = tlv(SEQUENCE, &[&tlv(OID, &[algorithm.oid]), &parameters]);
    Some(tlv(
        SEQUENCE,
        &[&algorithm, &tlv(BIT_STRING, &[&[0], &key])],
    ))
}

fn rsa(mut key: Cursor<'_>) -> Option<Vec<u8>> {
    let mut numbers = key.element(SEQUENCE, WHAT).ok()?;
    let mut number = || {
        let octets = numbers.element(INTEGER, WHAT).ok()?.rest();
        let zeros = octets.iter().take_while(|octet| **octet == 0).count();
        let octets = octets.get(zeros..).unwrap_or_default();
        // The library takes it for a magnitude, whatever its sign.
        let sign: &[u8] = match octets.first() {
            Some(0..0x80) => &[],
            _ => &[0],
        };
        Some(tlv(INTEGER, &[sign, octets]))
    };
    let (modulus, exponent) = (number()?, number()?);
    Some(tlv(SEQUENCE, &[&modulus, &exponent]))
}

/// An element of these parts.
pub(super) fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let octets = content.len().to_be_bytes();
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    let octets = octets.get(zeros..).unwrap_or_default();
    let mut der = vec![tag];
    match (octets, u8::try_from(octets.len())) {
        ([] | [0..0x80], _) => der.push(octets.first().copied().unwrap_or(0)),
        (_, count) => {
            der.push(0x80 | count.unwrap_or(0));
            der.extend(octets);
        }
    }
    der.extend(content);
    der
}

const WHAT: &str = "public key";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_der_stays_as_it_is_and_what_is_not_becomes_der() {
        let root = countersign_roots::mozilla().next().unwrap();
        let key = root.certificate().public_key();
        assert!(matches!(public_key(key), Cow::Borrowed(same) if same == key));
        assert_eq!(written_again(key).unwrap(), key);
        // The outer length in an octet more than it needs.
        let lax = [&[0x30, 0x83, 0], &key[2..]].concat();
        assert_eq!(key[..2], [0x30, 0x82]);
        assert_eq!(public_key(&lax), key);
        assert_eq!(public_key(b"none"), &b"none"[..]);
    }

    #[test]
    fn lengths_are_as_short_as_they_can_be() {
        for (len, header) in [
            (0, &[4, 0][..]),
            (127, &[4, 127]),
            (128, &[4, 0x81, 128]),
            (256, &[4, 0x82, 1, 0]),
            (70_000, &[4, 0x83, 1, 0x11, 0x70]),
        ] {
            assert!(tlv(4, &[&vec![7; len]]).starts_with(header), "{len}");
        }
    }
}
