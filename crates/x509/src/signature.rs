//! Signatures under certificates and requests.

use aws_lc_rs::signature::{
    self as legacy, ParsedPublicKey, UnparsedPublicKey, VerificationAlgorithm,
};
use rustls_pki_types::SignatureVerificationAlgorithm;
use webpki::aws_lc_rs as algorithm;

use crate::{
    Error, KeyKind, PublicKey,
    der::{OID, Reader},
    key::dotted,
};

/// Checks `signature` over `message` as
/// [`Certificate::verify_signature_with`](crate::Certificate::verify_signature_with) does, and also what is
/// too weak to be believed today: SHA-1, RSA of 1024 to 2047 bits, the curve secp256k1. `signed_with` is
/// the content of the `AlgorithmIdentifier`.
///
/// For saying what an old device does, which is not to say what one should.
///
/// # Errors
/// Those of [`Certificate::verify_signature_with`](crate::Certificate::verify_signature_with).
pub fn verify_legacy(
    spki: &[u8],
    signed_with: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), Error> {
    let unsupported = match verify(spki, signed_with, message, signature) {
        Err(error @ Error::UnsupportedSignature { .. }) => error,
        // The modern algorithms turn short RSA keys away as if the signature were bad.
        Err(Error::BadSignature) => Error::BadSignature,
        other => return other,
    };
    let key = PublicKey::from_der(spki)?;
    let mut name = Reader::new(signed_with);
    let Ok(name) = name.expect(OID, "signature algorithm") else {
        return Err(unsupported);
    };
    let known = LEGACY
        .iter()
        .find(|(kind, oid, _)| kind(&key.kind) && *oid == name.value());
    let Some((_, _, algorithm)) = known else {
        return Err(unsupported);
    };
    UnparsedPublicKey::new(*algorithm, key.key)
        .verify(message, signature)
        .map_err(|_| Error::BadSignature)
}

/// Whether the key is a point of its curve, where that is P-256, P-384, P-521 or secp256k1; nothing for
/// other keys.
pub fn is_on_curve(key: &PublicKey<'_>) -> Option<bool> {
    let algorithm: &'static dyn VerificationAlgorithm = match &key.kind {
        KeyKind::EcP256 => &legacy::ECDSA_P256_SHA256_ASN1,
        KeyKind::EcP384 => &legacy::ECDSA_P384_SHA384_ASN1,
        KeyKind::EcP521 => &legacy::ECDSA_P521_SHA512_ASN1,
        kind if is_secp256k1(kind) => &legacy::ECDSA_P256K1_SHA256_ASN1,
        _ => return None,
    };
    Some(ParsedPublicKey::new(algorithm, key.key).is_ok())
}

/// Checks `signature` over `message`. `signed_with` is the content of the `AlgorithmIdentifier`.
pub(crate) fn verify(
    spki: &[u8],
    signed_with: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), Error> {
    let key = PublicKey::from_der(spki)?;
    let mut tried = false;
    for known in ALGORITHMS {
        if known.public_key_alg_id().as_ref() != key.algorithm
            || known.signature_alg_id().as_ref() != signed_with
        {
            continue;
        }
        tried = true;
        if known.verify_signature(key.key, message, signature).is_ok() {
            return Ok(());
        }
    }
    if tried {
        return Err(Error::BadSignature);
    }
    let oid = Reader::new(signed_with)
        .expect(OID, "signature algorithm")
        .map_or_else(|_| "?".to_owned(), |name| dotted(name.der()));
    Err(Error::UnsupportedSignature {
        oid,
        kind: key.kind,
    })
}

/// SHA-2 only, and no key that RFC 5280 chains are not made of today.
static ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
    algorithm::ECDSA_P256_SHA256,
    algorithm::ECDSA_P256_SHA384,
    algorithm::ECDSA_P256_SHA512,
    algorithm::ECDSA_P384_SHA256,
    algorithm::ECDSA_P384_SHA384,
    algorithm::ECDSA_P384_SHA512,
    algorithm::ECDSA_P521_SHA256,
    algorithm::ECDSA_P521_SHA384,
    algorithm::ECDSA_P521_SHA512,
    algorithm::ED25519,
    algorithm::RSA_PKCS1_2048_8192_SHA256,
    algorithm::RSA_PKCS1_2048_8192_SHA256_ABSENT_PARAMS,
    algorithm::RSA_PKCS1_2048_8192_SHA384,
    algorithm::RSA_PKCS1_2048_8192_SHA384_ABSENT_PARAMS,
    algorithm::RSA_PKCS1_2048_8192_SHA512,
    algorithm::RSA_PKCS1_2048_8192_SHA512_ABSENT_PARAMS,
    algorithm::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
    algorithm::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
    algorithm::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
];

/// A kind of key, an algorithm (the content of its OBJECT IDENTIFIER), and what checks it.
type Legacy = (
    fn(&KeyKind) -> bool,
    &'static [u8],
    &'static dyn VerificationAlgorithm,
);

static LEGACY: &[Legacy] = &[
    (
        is_rsa,
        RSA_SHA1,
        &legacy::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
    ),
    (
        is_short_rsa,
        RSA_SHA256,
        &legacy::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
    ),
    (
        is_short_rsa,
        RSA_SHA512,
        &legacy::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
    ),
    (is_p256, ECDSA_SHA1, &legacy::ECDSA_P256_SHA1_ASN1),
    (is_p521, ECDSA_SHA1, &legacy::ECDSA_P521_SHA1_ASN1),
    (is_p521, ECDSA_SHA224, &legacy::ECDSA_P521_SHA224_ASN1),
    (
        is_secp256k1,
        ECDSA_SHA256,
        &legacy::ECDSA_P256K1_SHA256_ASN1,
    ),
];

const fn is_rsa(kind: &KeyKind) -> bool {
    matches!(kind, KeyKind::Rsa { .. })
}

const fn is_short_rsa(kind: &KeyKind) -> bool {
    matches!(kind, KeyKind::Rsa { bits: ..2048 })
}

const fn is_p256(kind: &KeyKind) -> bool {
    matches!(kind, KeyKind::EcP256)
}

const fn is_p521(kind: &KeyKind) -> bool {
    matches!(kind, KeyKind::EcP521)
}

fn is_secp256k1(kind: &KeyKind) -> bool {
    matches!(kind, KeyKind::Other { oid } if oid == "1.3.132.0.10")
}

/// `sha1WithRSAEncryption`, 1.2.840.113549.1.1.5 (RFC 8017 §A.2.4).
const RSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05];
/// `sha256WithRSAEncryption`.
const RSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
/// `sha512WithRSAEncryption`.
const RSA_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d];
/// `ecdsa-with-SHA1`, 1.2.840.10045.4.1 (RFC 3279 §2.2.3).
const ECDSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01];
/// `ecdsa-with-SHA224`, 1.2.840.10045.4.3.1 (RFC 5758 §3.2).
const ECDSA_SHA224: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x01];
/// `ecdsa-with-SHA256`, 1.2.840.10045.4.3.2 (RFC 5758 §3.2).
const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
