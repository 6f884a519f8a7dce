//! The node's cryptography and entropy by aws-lc-rs.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256, digest};
use aws_lc_rs::rand;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use countersign_node::{Crypto, Entropy, Sha256};
use countersign_protocol::Es256Verifier;

/// SHA-256, ES256 and random bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct AwsLc;

/// A SHA-256 under way.
pub struct AwsLcSha256(Context);

impl fmt::Debug for AwsLcSha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsLcSha256").finish_non_exhaustive()
    }
}

impl Crypto for AwsLc {
    type Sha256 = AwsLcSha256;

    fn sha256(&self) -> AwsLcSha256 {
        AwsLcSha256(Context::new(&SHA256))
    }
}

impl Sha256 for AwsLcSha256 {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(self) -> [u8; 32] {
        to_array(self.0.finish().as_ref())
    }
}

impl Es256Verifier for AwsLc {
    fn es256_verify(&self, spki: &[u8], message: &[u8], signature: &[u8; 64]) -> bool {
        ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, spki)
            .is_ok_and(|key| key.verify_sig(message, signature).is_ok())
    }
}

impl Entropy for AwsLc {
    /// Fills `buffer`; should the operating system have no entropy, which aws-lc makes a failure of the process long
    /// before, it is left as it was: the node only spreads waits with these bytes.
    fn fill(&mut self, buffer: &mut [u8]) {
        let _ = rand::fill(buffer);
    }
}

/// The SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    to_array(digest(&SHA256, bytes).as_ref())
}

fn to_array(digest: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha256_is_that_of_the_parts_joined() {
        let mut parts = AwsLc.sha256();
        parts.update(b"ab");
        parts.update(b"c");
        // FIPS 180-4's example "abc".
        let digest = parts.finish();
        assert_eq!(digest[..4], [0xba, 0x78, 0x16, 0xbf]);
        assert_eq!(digest, sha256(b"abc"));
    }

    #[test]
    fn es256_takes_only_the_signature_and_only_p256() {
        use aws_lc_rs::rand::SystemRandom;
        use aws_lc_rs::signature::{
            ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
        };
        let spki = |pair: &EcdsaKeyPair| {
            use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
            let der: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
            der.as_ref().to_vec()
        };
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let signed = pair.sign(&SystemRandom::new(), b"message").unwrap();
        let mut signature: [u8; 64] = signed.as_ref().try_into().unwrap();
        assert!(AwsLc.es256_verify(&spki(&pair), b"message", &signature));
        assert!(!AwsLc.es256_verify(&spki(&pair), b"massage", &signature));
        let other = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
        assert!(!AwsLc.es256_verify(&spki(&other), b"message", &signature));
        assert!(!AwsLc.es256_verify(b"", b"message", &signature));
        signature[0] ^= 1;
        assert!(!AwsLc.es256_verify(&spki(&pair), b"message", &signature));
    }
}
