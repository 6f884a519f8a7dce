//! The node's cryptography and entropy by aws-lc-rs.

use std::fmt;

use aws_lc_rs::digest::{Context, Digest, SHA256, digest};
use aws_lc_rs::rand;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ParsedPublicKey, RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use countersign_node::{Crypto, Entropy, Sha256};
use countersign_protocol::Es256Verifier;

/// SHA-256, ES256, the signatures of Secure Boot, and random bytes.
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

    fn rsa3072_pss_verify(
        &self,
        modulus: &[u8; 384],
        exponent: u32,
        digest: &[u8; 32],
        signature: &[u8; 384],
    ) -> bool {
        let exponent = exponent.to_be_bytes();
        let zeros = exponent.iter().take_while(|byte| **byte == 0).count();
        let key = RsaPublicKeyComponents {
            n: &modulus[..],
            e: &exponent[zeros..],
        };
        // aws-lc demands a salt as long as the digest, which is what Secure Boot has.
        let verified = |key: ParsedPublicKey| {
            let digest = Digest::import_less_safe(digest, &SHA256)?;
            key.verify_digest_sig(&digest, signature)
        };
        key.to_parsed_public_key(&RSA_PSS_2048_8192_SHA256)
            .is_ok_and(|key| verified(key).is_ok())
    }

    fn p256_verify(&self, point: &[u8; 65], digest: &[u8; 32], signature: &[u8; 64]) -> bool {
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
        Digest::import_less_safe(digest, &SHA256)
            .is_ok_and(|digest| key.verify_digest(&digest, signature).is_ok())
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
    fn takes_what_espsecure_signed_and_nothing_that_differs_in_one_bit() {
        use esp_formats::secure_boot::blocks;

        let rsa = include_bytes!("../../esp-formats/tests/data/ok_signed_rsa_p256.bin");
        let digest = sha256(&rsa[..4096]);
        let sector = rsa.last_chunk().unwrap();
        let [Ok(first), Ok(second), _] = blocks(sector) else {
            panic!("no blocks")
        };
        let (mut rsa, mut ecdsa) = (first.rsa3072().unwrap(), second.ecdsa_p256().unwrap());
        let mut other = digest;
        other[31] ^= 1;
        let rsa_verify = |rsa: &esp_formats::secure_boot::Rsa3072, digest| {
            AwsLc.rsa3072_pss_verify(&rsa.modulus, rsa.exponent, digest, &rsa.signature)
        };
        assert!(rsa_verify(&rsa, &digest) && !rsa_verify(&rsa, &other));
        rsa.exponent = 0;
        assert!(!rsa_verify(&rsa, &digest));
        rsa.exponent = 65_537;
        rsa.signature[200] ^= 1;
        assert!(!rsa_verify(&rsa, &digest));
        rsa.signature[200] ^= 1;
        rsa.modulus[0] = 0;
        assert!(!rsa_verify(&rsa, &digest), "a shorter key");

        assert!(AwsLc.p256_verify(&ecdsa.point, &digest, &ecdsa.signature));
        assert!(!AwsLc.p256_verify(&ecdsa.point, &other, &ecdsa.signature));
        ecdsa.signature[63] ^= 1;
        assert!(!AwsLc.p256_verify(&ecdsa.point, &digest, &ecdsa.signature));
        ecdsa.signature[63] ^= 1;
        ecdsa.point[1] ^= 1;
        assert!(!AwsLc.p256_verify(&ecdsa.point, &digest, &ecdsa.signature));
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
