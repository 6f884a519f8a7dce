//! Keys for images in files.

use std::fmt;

use aws_lc_rs::{
    encoding::AsDer,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
        RSA_PSS_SHA256, RsaKeyPair,
    },
};
use countersign_pki::SignError;
use pkcs8::{PrivateKeyInfoRef, der::Decode as _};

use super::{Algorithm, ImageSigner};
use crate::Error;

/// A key for images that came from a file.
pub struct FileImageKey {
    pair: Pair,
    algorithm: Algorithm,
    public_key: Vec<u8>,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ecdsa(EcdsaKeyPair),
}

impl FileImageKey {
    /// Reads a private key in DER: PKCS#8 (RFC 5958), RFC 5915's for elliptic curves, PKCS#1's for RSA (RFC 8017 §A.1.2).
    ///
    /// # Errors
    /// [`Error::NotAnImageKey`], [`Error::Library`].
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        let curves = [
            (Algorithm::EcdsaP256, &ECDSA_P256_SHA256_FIXED_SIGNING),
            (Algorithm::EcdsaP384, &ECDSA_P384_SHA384_FIXED_SIGNING),
        ];
        for (algorithm, curve) in curves {
            if let Ok(pair) = EcdsaKeyPair::from_private_key_der(curve, der) {
                let public_key = spki(pair.public_key())?;
                let pair = Pair::Ecdsa(pair);
                return Ok(Self {
                    pair,
                    algorithm,
                    public_key,
                });
            }
        }
        let unfit = |found| Error::NotAnImageKey { found };
        let Ok(pair) = RsaKeyPair::from_pkcs8(der).or_else(|_| RsaKeyPair::from_der(der)) else {
            return Err(unfit(kind_of(der)));
        };
        let public_key = spki(pair.public_key())?;
        if Algorithm::of(&public_key) != Some(Algorithm::RsaPss3072) {
            let bits = pair.public_modulus_len().saturating_mul(8);
            return Err(unfit(format!("an RSA key of {bits} bits")));
        }
        Ok(Self {
            pair: Pair::Rsa(pair),
            algorithm: Algorithm::RsaPss3072,
            public_key,
        })
    }
}

impl ImageSigner for FileImageKey {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    fn sign_digest(&self, digest: &[u8]) -> Result<Vec<u8>, SignError> {
        let refused = |_| SignError("the cryptographic library refused".to_owned());
        let digest = self.algorithm.imported(digest);
        let digest = digest.ok_or_else(|| SignError("a digest of another algorithm".to_owned()))?;
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign_digest(&RSA_PSS_SHA256, &digest, &mut signature)
                    .map_err(refused)?;
                Ok(signature)
            }
            Pair::Ecdsa(pair) => Ok(pair
                .sign_digest(&digest)
                .map_err(refused)?
                .as_ref()
                .to_vec()),
        }
    }
}

fn spki<'a, K>(key: &K) -> Result<Vec<u8>, Error>
where
    K: AsDer<aws_lc_rs::encoding::PublicKeyX509Der<'a>>,
{
    let der = key.as_der().map_err(|_| Error::Library)?;
    Ok(der.as_ref().to_vec())
}

fn has(der: &[u8], oid: &[u8]) -> bool {
    der.windows(oid.len()).any(|bytes| bytes == oid)
}

/// What a private key is that is not read, as far as PKCS#8 says.
fn kind_of(der: &[u8]) -> String {
    let said = PrivateKeyInfoRef::from_der(der).ok().map(|info| {
        let curve = info.algorithm.parameters_oid().ok();
        curve.unwrap_or(info.algorithm.oid).to_string()
    });
    match said.as_deref() {
        Some("1.2.840.10045.3.1.1") => P192.to_owned(),
        Some("1.2.840.113549.1.1.1") => "an RSA key of another length".to_owned(),
        Some(oid) => match OTHERS.iter().find(|(known, ..)| *known == oid) {
            Some((_, name, _)) => (*name).to_owned(),
            None => format!("a key of OID {oid}"),
        },
        // RFC 5915, whose curve is inside.
        None if has(der, P192_OID) => P192.to_owned(),
        None => match OTHERS.iter().find(|(.., oid)| has(der, oid)) {
            Some((_, name, _)) => (*name).to_owned(),
            None => "a key of another kind, or damaged".to_owned(),
        },
    }
}

/// Shows the public half only.
impl fmt::Debug for FileImageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileImageKey")
            .field("algorithm", &self.algorithm)
            .field("public_key", &self.public_key)
            .finish_non_exhaustive()
    }
}

const P192: &str = "a key on P-192, with which nothing is signed here: sign with another program, and give the signature";
/// `prime192v1` in DER (RFC 5480 §2.1.1.1: `secp192r1`).
const P192_OID: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x01];
/// Kinds of keys that chips do not know: OID of the kind or the curve, name, the curve's OID in DER.
const OTHERS: [(&str, &str, &[u8]); 6] = [
    ("1.3.101.112", "an Ed25519 key", &[6, 3, 0x2b, 0x65, 0x70]),
    (
        "1.3.132.0.10",
        "a key on secp256k1",
        &[6, 5, 0x2b, 0x81, 4, 0, 10],
    ),
    (
        "1.3.132.0.33",
        "a key on P-224",
        &[6, 5, 0x2b, 0x81, 4, 0, 33],
    ),
    (
        "1.3.132.0.35",
        "a key on P-521",
        &[6, 5, 0x2b, 0x81, 4, 0, 35],
    ),
    (
        "1.2.840.10040.4.1",
        "a DSA key",
        &[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1],
    ),
    (
        "1.2.840.113549.1.1.10",
        "an RSA key that is kept for PSS; `openssl genrsa 3072` makes one for all of RSA",
        &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10],
    ),
];
