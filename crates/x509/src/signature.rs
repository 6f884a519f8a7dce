//! Signatures under certificates and requests.

use rustls_pki_types::SignatureVerificationAlgorithm;
use webpki::aws_lc_rs as algorithm;

use crate::{
    Error, PublicKey,
    der::{OID, Reader},
    key::dotted,
};

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
