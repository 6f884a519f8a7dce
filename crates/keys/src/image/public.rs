//! Public halves of keys for images, from whatever holds them.

use std::path::Path;

use countersign_x509::{
    Certificate,
    der::{BIT_STRING, INTEGER, OID, Reader, SEQUENCE},
    pem,
};
use zeroize::Zeroizing;

use super::{ImageSigner as _, in_file, open_uri};
use crate::{Error, Passphrases, Uri, file::Block, stored::name_of};

/// The public half of a key, and from what it was taken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ImagePublicKey {
    /// A DER `SubjectPublicKeyInfo`, of any kind of key.
    pub spki: Vec<u8>,
    /// From what it was taken.
    pub source: KeySource,
}

/// What held a public key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeySource {
    /// A certificate for it. What else that says was not looked at.
    Certificate,
    /// The private key.
    Private,
    /// The public key.
    Public,
    /// A token.
    Token,
}

/// Reads the public half of the key that a text holds: `PUBLIC KEY` in PEM, a private key, a certificate, or one line with a
/// PKCS#11 URI. Of which kind the key is is not asked. `path` gives the key its name.
///
/// # Errors
/// [`Error::NotAPublicKey`], and those of [`super::open`].
pub fn public_key(
    path: &Path,
    text: &str,
    passphrases: &Passphrases,
) -> Result<ImagePublicKey, Error> {
    let name = name_of(path);
    let line = text.trim();
    if Uri::is_meant(line) {
        let key = open_uri(&line.parse()?, &name, passphrases)?;
        return Ok(ImagePublicKey {
            spki: key.public_key().to_vec(),
            source: KeySource::Token,
        });
    }
    if text.contains("PRIVATE KEY-----") {
        let spki = match in_file(text, &name, passphrases) {
            Ok(key) => key.public_key().to_vec(),
            // Nothing is signed by it here, and yet its public half may stand beside it.
            Err(error) => p192(text).ok_or(error)?,
        };
        let source = KeySource::Private;
        return Ok(ImagePublicKey { spki, source });
    }
    let (label, source) = if text.contains("BEGIN CERTIFICATE-----") {
        (pem::CERTIFICATE, KeySource::Certificate)
    } else {
        ("PUBLIC KEY", KeySource::Public)
    };
    let read = || {
        let first = pem::blocks(text.as_bytes(), label)?.into_iter().next();
        let der = first.unwrap_or_default();
        if source == KeySource::Certificate {
            return Ok(Certificate::from_der(&der)?.public_key().to_vec());
        }
        countersign_x509::PublicKey::from_der(&der)?;
        Ok(der)
    };
    let spki = read().map_err(Error::UnreadPublicKey)?;
    Ok(ImagePublicKey { spki, source })
}

/// The public half of a plain private key on P-192, where it stands beside it (RFC 5915 §3).
fn p192(text: &str) -> Option<Vec<u8>> {
    let Block::Plain(der) = Block::read(text).ok()? else {
        return None;
    };
    let inner = pkcs8_inside(&der).unwrap_or_else(|| der.clone());
    let mut reader = Reader::new(&inner);
    let mut parts = reader.expect(SEQUENCE, WHAT).ok()?.reader();
    parts.expect(INTEGER, WHAT).ok()?;
    parts.expect(OCTET_STRING, WHAT).ok()?;
    parts.optional(CURVE, WHAT).ok()?;
    let public = parts.expect(POINT, WHAT).ok()?;
    let bits = public.reader().expect(BIT_STRING, WHAT).ok()?;
    let point = inner.get(bits.bit_string(WHAT).ok()?)?;
    (point.len() == 49).then(|| [P192_SPKI, point].concat())
}

/// What a PKCS#8 of elliptic curves holds: RFC 5915's.
fn pkcs8_inside(der: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut reader = Reader::new(der);
    let mut parts = reader.expect(SEQUENCE, WHAT).ok()?.reader();
    parts.expect(INTEGER, WHAT).ok()?;
    let mut algorithm = parts.expect(SEQUENCE, WHAT).ok()?.reader();
    algorithm.expect(OID, WHAT).ok()?;
    let inside = parts.expect(OCTET_STRING, WHAT).ok()?;
    Some(Zeroizing::new(inside.value().to_vec()))
}

/// What stands before the point in a P-192 key's `SubjectPublicKeyInfo` (RFC 5480 §2).
const P192_SPKI: &[u8] = &[
    0x30, 0x49, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x01, 0x03, 0x32, 0x00,
];
const OCTET_STRING: u8 = 0x04;
const CURVE: u8 = 0xA0;
const POINT: u8 = 0xA1;
const WHAT: &str = "private key";
