//! Public keys, from how they are passed about to how they lie in a block.

use countersign_protocol::Digest;
use countersign_x509::{
    KeyKind, PublicKey,
    der::{INTEGER, Reader, SEQUENCE},
};
use esp_formats::{
    app_image::ChipId,
    secure_boot::{Key, support},
};

use super::KeyError;
use crate::sha256;

/// Turns a DER `SubjectPublicKeyInfo` into a key of a signature block.
///
/// # Errors
/// [`KeyError`].
pub fn key_of(spki: &[u8]) -> Result<Key, KeyError> {
    let key = PublicKey::from_der(spki).map_err(KeyError::Damaged)?;
    let made = match &key.kind {
        KeyKind::Rsa { bits: 3072 } => {
            let (modulus, exponent) = rsa_numbers(key.key).map_err(KeyError::Damaged)?;
            let damaged = || KeyError::Numbers(esp_formats::ErrorKind::Modulus);
            let modulus = <&[u8; 384]>::try_from(modulus).map_err(|_| damaged())?;
            let mut bytes = [0; 4];
            let from = bytes.len().checked_sub(exponent.len());
            let place = from.and_then(|from| bytes.get_mut(from..));
            super::copy(place.ok_or_else(damaged)?, exponent);
            Key::rsa3072(modulus, u32::from_be_bytes(bytes))
        }
        KeyKind::EcP256 | KeyKind::EcP384 => Key::ecdsa(key.key),
        KeyKind::Other { oid } if oid == P192 => Key::ecdsa(key.key),
        _ => return Err(KeyError::Kind { kind: key.kind }),
    };
    made.map_err(|error| KeyError::Numbers(error.kind))
}

/// The digest of a key that a chip has in eFuse: SHA-256, of the ESP32-C2 its first 16 bytes.
pub fn efuse_digest(key: &Key, chip: Option<ChipId>) -> Vec<u8> {
    let Digest(sum) = sha256(key.as_bytes());
    let len = chip
        .and_then(support)
        .map_or(32, |support| support.digest_len);
    sum.get(..len).unwrap_or_default().to_vec()
}

/// Modulus and exponent of a DER `RSAPublicKey` (RFC 8017 §A.1.1).
fn rsa_numbers(der: &[u8]) -> Result<(&[u8], &[u8]), countersign_x509::Error> {
    let mut parts = Reader::new(der).expect(SEQUENCE, WHAT)?.reader();
    let modulus = parts.expect(INTEGER, WHAT)?.unsigned(WHAT)?;
    let exponent = parts.expect(INTEGER, WHAT)?.unsigned(WHAT)?;
    Ok((modulus, exponent))
}

/// `secp192r1` (RFC 5480 §2.1.1.1).
const P192: &str = "1.2.840.10045.3.1.1";
const WHAT: &str = "public key";
