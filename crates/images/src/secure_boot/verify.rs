//! Signatures verified.

use std::fmt;

use aws_lc_rs::{
    digest::{self, Digest},
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, RSA_PSS_2048_8192_SHA256,
        RsaPublicKeyComponents, UnparsedPublicKey,
    },
};
use countersign_keys::image::{Algorithm, verifies};
use countersign_protocol::Digest as KeyDigest;
use esp_formats::{
    ErrorKind,
    app_image::Signature,
    secure_boot::{Block, Ecdsa, Place, Scheme, Sector},
};
use p192::ecdsa::{
    Signature as P192Signature, VerifyingKey, signature::hazmat::PrehashVerifier as _,
};

use super::Image;
use crate::sha256;

/// What one place of a sector of signatures holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BlockReport {
    /// The block's number, from 0.
    pub number: usize,
    /// Its kind of key, where it is a whole block.
    pub scheme: Option<Scheme>,
    /// The digest of its key, where it is a whole block: what a chip has in eFuse.
    pub key_digest: Option<KeyDigest>,
    /// What is wrong with it, if something is.
    pub fault: Option<Fault>,
}

/// What is wrong with a signature block.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// It is damaged, or of an unknown kind; where in the file.
    Damaged(ErrorKind, u32),
    /// `image_digest` is another image's.
    OtherImage,
    /// The signature is not that of the block's key.
    Signature,
    /// `rinv` or `mdash` are not the modulus'.
    Montgomery,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(kind, offset) => write!(f, "is damaged: {kind}, at byte {offset:#x}"),
            Self::OtherImage => {
                f.write_str("signs other bytes: `image_digest` is not the digest of this image")
            }
            Self::Signature => f.write_str("has a signature that is not one of its own key"),
            Self::Montgomery => {
                f.write_str("has an `rinv` or `mdash` that do not go with the modulus")
            }
        }
    }
}

impl Image<'_> {
    /// Verifies each signature block with the key that is in it. Whose keys those are is for the caller to ask.
    pub fn blocks(&self) -> Vec<BlockReport> {
        let Some(sector) = self.sector() else {
            return Vec::new();
        };
        let sector_at = self.body.len();
        let sector = Sector::new(sector);
        let places = sector.places().into_iter().enumerate();
        let reports = places.filter_map(|(number, place)| match place {
            Place::Free => None,
            Place::Taken(block) => Some(BlockReport {
                number,
                scheme: Some(block.scheme),
                key_digest: Some(key_digest(&block)),
                fault: verify_block(&block, self.digest(block.scheme)).err(),
            }),
            Place::Damaged(error) => {
                let at = u32::try_from(sector_at).unwrap_or(u32::MAX);
                Some(BlockReport {
                    number,
                    scheme: None,
                    key_digest: None,
                    fault: Some(Fault::Damaged(error.kind, at.saturating_add(error.offset))),
                })
            }
        });
        reports.collect()
    }
}

/// The SHA-256 of a block's key.
pub fn key_digest(block: &Block<'_>) -> KeyDigest {
    sha256(block.key)
}

/// Verifies that a block signs an image of this digest with the key that is in it.
///
/// # Errors
/// [`Fault`].
pub fn verify_block(block: &Block<'_>, image_digest: &[u8]) -> Result<(), Fault> {
    if block.image_digest != image_digest {
        return Err(Fault::OtherImage);
    }
    if let Some(rsa) = block.rsa3072() {
        let key = esp_formats::secure_boot::Key::rsa3072(&rsa.modulus, rsa.exponent);
        if !key.is_ok_and(|key| key.as_bytes() == block.key) {
            return Err(Fault::Montgomery);
        }
    }
    let right = match block.scheme {
        Scheme::Rsa3072 => rsa_verifies(block, image_digest),
        Scheme::EcdsaP192 => block
            .ecdsa()
            .and_then(|numbers| p192(&numbers, image_digest)),
        Scheme::EcdsaP256 => ecdsa(block, &ECDSA_P256_SHA256_FIXED, &digest::SHA256),
        Scheme::EcdsaP384 => ecdsa(block, &ECDSA_P384_SHA384_FIXED, &digest::SHA384),
    };
    right.ok_or(Fault::Signature)
}

fn rsa_verifies(block: &Block<'_>, image_digest: &[u8]) -> Option<()> {
    let numbers = block.rsa3072()?;
    let exponent = numbers.exponent.to_be_bytes();
    let zeros = exponent.iter().take_while(|digit| **digit == 0).count();
    let key = RsaPublicKeyComponents {
        n: numbers.modulus.as_slice(),
        e: exponent.get(zeros..)?,
    };
    let key = key.to_parsed_public_key(&RSA_PSS_2048_8192_SHA256).ok()?;
    let digest = Digest::import_less_safe(image_digest, &digest::SHA256).ok()?;
    key.verify_digest_sig(&digest, &numbers.signature).ok()
}

fn ecdsa(
    block: &Block<'_>,
    algorithm: &'static aws_lc_rs::signature::EcdsaVerificationAlgorithm,
    hash: &'static digest::Algorithm,
) -> Option<()> {
    let numbers = block.ecdsa()?;
    let digest = Digest::import_less_safe(block.image_digest, hash).ok()?;
    UnparsedPublicKey::new(algorithm, numbers.point())
        .verify_digest(&digest, numbers.signature())
        .ok()
}

fn p192(numbers: &Ecdsa, image_digest: &[u8]) -> Option<()> {
    let key = VerifyingKey::from_sec1_bytes(numbers.point()).ok()?;
    let signature = P192Signature::from_slice(numbers.signature()).ok()?;
    key.verify_prehash(image_digest, &signature).ok()
}

/// What came of a signature of Secure Boot v1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum V1Report {
    /// There is none.
    None,
    /// It is the key's.
    Good,
    /// It is not the key's, or the image is another.
    Wrong,
    /// The key is not on P-256.
    OtherKind,
}

/// Verifies the legacy signature of Secure Boot v1 with a public key, a DER `SubjectPublicKeyInfo`: it has no key in it.
pub fn verify_v1(image: &Image<'_>, spki: &[u8]) -> V1Report {
    let Signature::V1(signature) = image.parsed.signature() else {
        return V1Report::None;
    };
    if Algorithm::of(spki) != Some(Algorithm::EcdsaP256) {
        return V1Report::OtherKind;
    }
    let signature = signature.get(4..).unwrap_or_default();
    if verifies(spki, &sha256(image.body).0, signature) {
        V1Report::Good
    } else {
        V1Report::Wrong
    }
}
