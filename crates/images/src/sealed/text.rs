//! Keys as text.

use std::fmt;

use base64ct::{Base64, Encoding as _};
use countersign_x509::{
    KeyKind, PublicKey,
    der::{BIT_STRING, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE},
};
use zeroize::Zeroizing;

use super::Error;

/// The one key of a text in PEM, in DER.
pub enum KeyText {
    /// `EncryptedPrivateKeyInfo` (RFC 5958 §3).
    Encrypted(Vec<u8>),
    /// `PrivateKeyInfo` (RFC 5958 §2), `RSAPrivateKey` (RFC 8017 §A.1.2) or `ECPrivateKey` (RFC 5915 §3).
    Private(Zeroizing<Vec<u8>>),
    /// `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7).
    Public(Vec<u8>),
}

impl KeyText {
    /// Finds the key of a text; other blocks, and what stands between them, are passed over.
    ///
    /// # Errors
    /// - [`Error::NoKey`], [`Error::ManyKeys`], [`Error::Certificate`]: no key, several, a certificate alone;
    /// - [`Error::MalformedKey`]: a block that does not end, or is no base64;
    /// - [`Error::OldEncryption`].
    pub fn read(text: &[u8]) -> Result<Self, Error> {
        let text = Zeroizing::new(String::from_utf8_lossy(text).into_owned());
        let mut certificates = false;
        let mut keys = Vec::new();
        let mut rest = text.as_str();
        while let Some((_, begun)) = rest.split_once("-----BEGIN ") {
            let (label, body) = begun.split_once("-----").ok_or(Error::MalformedKey)?;
            let end = format!("-----END {label}-----");
            let (body, behind) = body.split_once(&end).ok_or(Error::MalformedKey)?;
            rest = behind;
            match label {
                "CERTIFICATE" => certificates = true,
                "ENCRYPTED PRIVATE KEY" => keys.push(Self::Encrypted(decode(body)?.to_vec())),
                "PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY" => {
                    keys.push(Self::Private(decode(body)?));
                }
                "PUBLIC KEY" => keys.push(Self::Public(decode(body)?.to_vec())),
                "RSA PUBLIC KEY" => keys.push(Self::Public(of_rsa_public_key(&decode(body)?))),
                _ => {}
            }
        }
        match (keys.pop(), keys.len(), certificates) {
            (Some(key), 0, _) => Ok(key),
            (Some(_), others, _) => Err(Error::ManyKeys {
                found: others.saturating_add(1),
            }),
            (None, _, true) => Err(Error::Certificate),
            (None, _, false) => Err(Error::NoKey),
        }
    }
}

/// Shows which it is, and nothing of it.
impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Encrypted(_) => "Encrypted",
            Self::Private(_) => "Private",
            Self::Public(_) => "Public",
        })
    }
}

/// The kind of a private key, whichever of the three structures it is in.
pub(super) fn private_kind(der: &[u8]) -> Result<KeyKind, Error> {
    read_private(der)
        .map_err(|_| Error::MalformedKey)?
        .ok_or(Error::MalformedKey)
}

/// `RSAPrivateKey` as the `PrivateKeyInfo` that AWS-LC reads; another is given as it is.
pub(super) fn to_pkcs8(der: &[u8]) -> Zeroizing<Vec<u8>> {
    if !is_rsa_private_key(der) {
        return Zeroizing::new(der.to_vec());
    }
    let key = Zeroizing::new(element(OCTET_STRING, der));
    let parts: [&[u8]; 3] = [VERSION_0, RSA_ENCRYPTION, &key];
    let inside = Zeroizing::new(parts.concat());
    Zeroizing::new(element(SEQUENCE, &inside))
}

/// The `RSAPrivateKey` that is in a `PrivateKeyInfo`.
pub(super) fn of_pkcs8(der: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let read = || -> Result<_, countersign_x509::Error> {
        let mut parts = Reader::new(der).expect(SEQUENCE, WHAT)?.reader();
        parts.expect(INTEGER, WHAT)?;
        parts.expect(SEQUENCE, WHAT)?;
        let key = parts.expect(OCTET_STRING, WHAT)?;
        Ok(Zeroizing::new(key.value().to_vec()))
    };
    read().map_err(|_| Error::MalformedKey)
}

/// The `SubjectPublicKeyInfo` of a point on P-256.
pub(super) fn of_point(point: &[u8; 65]) -> Vec<u8> {
    let bits = element(BIT_STRING, &[&[0], &point[..]].concat());
    element(SEQUENCE, &[EC_P256, &bits].concat())
}

/// One block of PEM; what it passes through on its way is wiped.
pub(super) fn encode(label: &str, der: &[u8]) -> Zeroizing<String> {
    let text = Zeroizing::new(Base64::encode_string(der));
    let lines = text.len().div_ceil(LINE);
    let whole = text.len() + lines + 2 * (label.len() + "-----BEGIN -----\n".len());
    let mut pem = Zeroizing::new(String::with_capacity(whole));
    pem.extend(["-----BEGIN ", label, "-----\n"]);
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, behind) = rest.split_at_checked(LINE).unwrap_or((rest, ""));
        pem.extend([line, "\n"]);
        rest = behind;
    }
    pem.extend(["-----END ", label, "-----\n"]);
    pem
}

fn decode(body: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    if body.contains("Proc-Type:") {
        return Err(Error::OldEncryption);
    }
    let mut bare = Zeroizing::new(String::with_capacity(body.len()));
    bare.extend(body.split_ascii_whitespace());
    let mut der = Zeroizing::new(vec![0; bare.len()]);
    let len = Base64::decode(bare.as_bytes(), &mut der)
        .map_err(|_| Error::MalformedKey)?
        .len();
    der.truncate(len);
    Ok(der)
}

/// `None` where an `ECPrivateKey` does not name its curve.
fn read_private(der: &[u8]) -> Result<Option<KeyKind>, countersign_x509::Error> {
    let mut input = Reader::new(der);
    let mut parts = input.expect(SEQUENCE, WHAT)?.reader();
    input.finish(WHAT)?;
    parts.expect(INTEGER, WHAT)?;
    match parts.peek() {
        Some(INTEGER) => {
            let modulus = parts.expect(INTEGER, WHAT)?.unsigned(WHAT)?;
            let unused = modulus.first().map_or(0, |first| first.leading_zeros());
            let unused = usize::try_from(unused).unwrap_or(0);
            let bits = modulus.len().saturating_mul(8).saturating_sub(unused);
            Ok(Some(KeyKind::Rsa { bits }))
        }
        Some(SEQUENCE) => {
            let algorithm = parts.expect(SEQUENCE, WHAT)?;
            let key = parts.expect(OCTET_STRING, WHAT)?;
            if algorithm.der() == RSA_ENCRYPTION {
                return read_private(key.value());
            }
            of_algorithm(algorithm.der()).map(Some)
        }
        _ => {
            parts.expect(OCTET_STRING, WHAT)?;
            let Some(parameters) = parts.optional(PARAMETERS, WHAT)? else {
                return Ok(None);
            };
            let curve = parameters.reader().expect(OID, WHAT)?;
            let algorithm = element(SEQUENCE, &[EC_PUBLIC_KEY, curve.der()].concat());
            of_algorithm(&algorithm).map(Some)
        }
    }
}

/// The kind of key of an `AlgorithmIdentifier` that is not RSA's: there is one reader of it, that of public keys.
fn of_algorithm(algorithm: &[u8]) -> Result<KeyKind, countersign_x509::Error> {
    let spki = element(SEQUENCE, &[algorithm, &[BIT_STRING, 1, 0]].concat());
    PublicKey::from_der(&spki).map(|key| key.kind)
}

fn is_rsa_private_key(der: &[u8]) -> bool {
    let mut parts = match Reader::new(der).expect(SEQUENCE, WHAT) {
        Ok(whole) => whole.reader(),
        Err(_) => return false,
    };
    parts.expect(INTEGER, WHAT).is_ok() && parts.peek() == Some(INTEGER)
}

/// The `SubjectPublicKeyInfo` of an `RSAPublicKey`.
fn of_rsa_public_key(der: &[u8]) -> Vec<u8> {
    let bits = element(BIT_STRING, &[&[0], der].concat());
    element(SEQUENCE, &[RSA_ENCRYPTION, &bits].concat())
}

/// One element of DER with its tag and length.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = content.len().to_be_bytes();
    let significant = len.iter().position(|byte| *byte != 0);
    let digits = significant.and_then(|at| len.get(at..)).unwrap_or(&[0]);
    let mut out = Vec::with_capacity(content.len().saturating_add(10));
    out.push(tag);
    if content.len() >= 0x80 {
        out.push(0x80 | u8::try_from(digits.len()).unwrap_or(0));
    }
    out.extend(digits);
    out.extend(content);
    out
}

/// `AlgorithmIdentifier` of RSA keys: `rsaEncryption`, NULL (RFC 3279 §2.3.1).
const RSA_ENCRYPTION: &[u8] = &[
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];
/// `AlgorithmIdentifier` of keys on P-256: `id-ecPublicKey`, `secp256r1` (RFC 5480 §2.1.1).
const EC_P256: &[u8] = &[
    0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
    0xce, 0x3d, 0x03, 0x01, 0x07,
];
const EC_PUBLIC_KEY: &[u8] = &[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const VERSION_0: &[u8] = &[0x02, 0x01, 0x00];
/// `parameters [0]` of an `ECPrivateKey`.
const PARAMETERS: u8 = 0xa0;
/// How many letters a line has (RFC 7468 §2).
const LINE: usize = 64;
const WHAT: &str = "private key";
