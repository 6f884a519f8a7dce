//! Public keys.

use std::fmt;

use rustls_pki_types::alg_id;
use x509_parser::der_parser::{Oid, asn1_rs::FromDer};

use crate::{
    Error,
    der::{BIT_STRING, Element, INTEGER, OID, Reader, SEQUENCE},
};

/// The kind of a public key.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum KeyKind {
    /// NIST P-256, `secp256r1` (RFC 5480).
    EcP256,
    /// NIST P-384, `secp384r1` (RFC 5480).
    EcP384,
    /// NIST P-521, `secp521r1` (RFC 5480).
    EcP521,
    /// Ed25519 (RFC 8410).
    Ed25519,
    /// RSA (RFC 8017).
    Rsa {
        /// The length of the modulus.
        bits: usize,
    },
    /// Another one.
    Other {
        /// Its algorithm, or its curve, in dotted form.
        oid: String,
    },
}

/// A `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7), taken apart.
#[derive(Clone, Debug)]
pub struct PublicKey<'a> {
    /// What it is.
    pub kind: KeyKind,
    /// The content of its `AlgorithmIdentifier`.
    pub algorithm: &'a [u8],
    /// The key itself: a point (SEC 1 §2.3.3), or a DER `RSAPublicKey` (RFC 8017 §A.1.1).
    pub key: &'a [u8],
    offset: usize,
}

impl<'a> PublicKey<'a> {
    /// Takes apart a DER `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    /// [`Error::Malformed`] where it is not one, or has bytes behind it.
    pub fn from_der(spki: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(spki);
        let element = reader.expect(SEQUENCE, WHAT)?;
        reader.finish(WHAT)?;
        Self::from_element(spki, &element)
    }

    /// This key, if it is of a kind that is certified here: P-256, P-384, RSA of 2048 to 8192 bits.
    ///
    /// # Errors
    /// [`Error::UnsupportedKey`]; [`Error::Malformed`] for points that are not uncompressed, which
    /// mbedTLS before 3.4 does not read.
    pub fn certifiable(self) -> Result<Self, Error> {
        match self.kind {
            KeyKind::Rsa { bits: 2048..=8192 } => Ok(self),
            KeyKind::EcP256 | KeyKind::EcP384 => {
                let uncompressed = self.key.first() == Some(&4);
                if uncompressed && Some(self.key.len()) == self.kind.point_len() {
                    return Ok(self);
                }
                Err(Error::Malformed {
                    what: WHAT,
                    offset: self.offset,
                })
            }
            kind => Err(Error::UnsupportedKey { kind }),
        }
    }

    /// As [`PublicKey::from_der`], for a key that lies within `input`.
    pub(crate) fn from_element(input: &'a [u8], element: &Element<'a>) -> Result<Self, Error> {
        let mut parts = element.reader();
        let algorithm = parts.expect(SEQUENCE, WHAT)?;
        let bits = parts.expect(BIT_STRING, WHAT)?;
        parts.finish(WHAT)?;
        let key = input.get(bits.bit_string(WHAT)?).unwrap_or_default();
        let kind = kind(&algorithm, key, bits.offset())?;
        Ok(Self {
            kind,
            algorithm: algorithm.value(),
            key,
            offset: bits.offset(),
        })
    }
}

impl KeyKind {
    /// The length of an uncompressed point on this curve.
    pub const fn point_len(&self) -> Option<usize> {
        match self {
            Self::EcP256 => Some(65),
            Self::EcP384 => Some(97),
            Self::EcP521 => Some(133),
            _ => None,
        }
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EcP256 => f.write_str("EC P-256"),
            Self::EcP384 => f.write_str("EC P-384"),
            Self::EcP521 => f.write_str("EC P-521"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Rsa { bits } => write!(f, "RSA {bits}"),
            Self::Other { oid } => write!(f, "OID {oid}"),
        }
    }
}

fn kind(algorithm: &Element<'_>, key: &[u8], offset: usize) -> Result<KeyKind, Error> {
    let known = algorithm.value();
    if known == alg_id::ECDSA_P256.as_ref() {
        return Ok(KeyKind::EcP256);
    }
    if known == alg_id::ECDSA_P384.as_ref() {
        return Ok(KeyKind::EcP384);
    }
    if known == alg_id::ECDSA_P521.as_ref() {
        return Ok(KeyKind::EcP521);
    }
    if known == alg_id::ED25519.as_ref() {
        return Ok(KeyKind::Ed25519);
    }
    let mut parts = algorithm.reader();
    let name = parts.expect(OID, WHAT)?;
    if name.value() == RSA_ENCRYPTION {
        let bits = modulus_bits(key).ok_or(Error::Malformed { what: WHAT, offset })?;
        return Ok(KeyKind::Rsa { bits });
    }
    // The curve says more than "an elliptic curve".
    let curve = parts.optional(OID, WHAT)?;
    let oid = dotted(curve.as_ref().unwrap_or(&name).der());
    Ok(KeyKind::Other { oid })
}

fn modulus_bits(key: &[u8]) -> Option<usize> {
    let mut reader = Reader::new(key);
    let sequence = reader.expect(SEQUENCE, WHAT).ok()?;
    reader.finish(WHAT).ok()?;
    let mut parts = sequence.reader();
    let modulus = parts.expect(INTEGER, WHAT).ok()?.unsigned(WHAT).ok()?;
    parts.expect(INTEGER, WHAT).ok()?.unsigned(WHAT).ok()?;
    parts.finish(WHAT).ok()?;
    let unused = usize::try_from(modulus.first()?.leading_zeros()).ok()?;
    modulus.len().checked_mul(8)?.checked_sub(unused)
}

/// The dotted form of a DER OBJECT IDENTIFIER, `?` where it is not one.
pub(crate) fn dotted(der: &[u8]) -> String {
    Oid::from_der(der).map_or_else(|_| "?".to_owned(), |(_, oid)| oid.to_id_string())
}

/// `rsaEncryption`, 1.2.840.113549.1.1.1 (RFC 8017 §A.1).
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const WHAT: &str = "public key";
