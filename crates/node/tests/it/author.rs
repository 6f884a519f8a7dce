//! Authors, their manifests, and images.

use aws_lc_rs::{
    digest::{SHA256, digest},
    encoding::AsDer,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use countersign_protocol::{
    AuthorId, AuthorKeys, AuthorSet, Digest, Error, Manifest, UnixTime,
    authors::{SetSignature, assemble_set, point_of, set_to_be_signed},
    manifest::{assemble, to_be_signed},
};
use esp_formats::app_image::{ChipId, Composition, compose, composed_len};

pub(crate) struct Signer {
    pub(crate) key: EcdsaKeyPair,
    pub(crate) id: AuthorId,
    pub(crate) spki: Vec<u8>,
}

impl Signer {
    pub(crate) fn new() -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let spki = key.public_key().as_der().unwrap().as_ref().to_vec();
        let id = AuthorId::from_spki_sha256(&sha256(&spki));
        Self { key, id, spki }
    }

    /// The same author.
    pub(crate) fn again(&self) -> Self {
        let document = self.key.to_pkcs8v1().unwrap();
        let key =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref()).unwrap();
        Self {
            key,
            id: self.id,
            spki: self.spki.clone(),
        }
    }

    pub(crate) fn sign(&self, manifest: &Manifest<'_>) -> Vec<u8> {
        release(manifest, &[self])
    }

    fn signature(&self, message: &[u8]) -> [u8; 64] {
        let signature = self.key.sign(&SystemRandom::new(), message).unwrap();
        signature.as_ref().try_into().unwrap()
    }
}

/// A release's file, signed by each in turn.
pub(crate) fn release(manifest: &Manifest<'_>, signers: &[&Signer]) -> Vec<u8> {
    let payload = encoded(|out| manifest.encode(out));
    let sign =
        |signer: &Signer| signer.signature(&encoded(|out| to_be_signed(signer.id, &payload, out)));
    let (first, others) = signers.split_first().unwrap();
    let mut file = encoded(|out| assemble(first.id, &payload, &sign(first), out));
    if !others.is_empty() {
        file.push(0x80 | u8::try_from(others.len()).unwrap());
    }
    for other in others {
        let entry = [&[0x82, 0x48][..], &other.id.0, &[0x58, 0x40], &sign(other)];
        file.extend(entry.concat());
    }
    file
}

/// A signed author set of this product without an end, unless `change` gives it one.
pub(crate) fn author_set(
    sequence: u32,
    threshold: u8,
    keys: &[&Signer],
    signers: &[&Signer],
    change: impl FnOnce(&mut AuthorSet<'_>),
) -> Vec<u8> {
    let points = keys.iter().map(|key| point_of(&key.spki).unwrap());
    let mut set = AuthorSet {
        product: "lamp",
        sequence,
        threshold,
        keys: AuthorKeys::new(points).unwrap(),
        created: UnixTime(1_790_000_000),
        not_after: None,
    };
    change(&mut set);
    let payload = encoded(|out| set.encode(out));
    let signatures: Vec<_> = signers
        .iter()
        .map(|signer| SetSignature {
            author: signer.id,
            signature: signer.signature(&encoded(|out| set_to_be_signed(signer.id, &payload, out))),
        })
        .collect();
    encoded(|out| assemble_set(&payload, &signatures, out))
}

fn encoded(encode: impl FnOnce(&mut [u8]) -> Result<usize, Error>) -> Vec<u8> {
    let mut out = vec![0; 4096];
    let len = encode(&mut out).unwrap();
    out.truncate(len);
    out
}

/// An image of this project and chip, about `filler` bytes long.
pub(crate) fn image(version: &str, filler: u32) -> Vec<u8> {
    image_of(ChipId::ESP32_C3, version, "lamp-fw", 1, filler)
}

pub(crate) fn image_of(
    chip: ChipId,
    version: &str,
    project: &str,
    secure: u32,
    filler: u32,
) -> Vec<u8> {
    let composition = Composition {
        chip,
        secure_version: secure,
        version,
        project_name: project,
        time: "12:00:00",
        date: "Nov 23 2026",
        idf_version: "v5.5.5",
        payload: version.as_bytes(),
        filler_len: filler,
    };
    let mut bytes = vec![0; composed_len(&composition).unwrap()];
    compose(&composition, &mut bytes, sha256).unwrap();
    bytes
}

/// The manifest that an honest author would write for an image.
pub(crate) fn manifest<'a>(version: &'a str, counter: u64, image: &[u8]) -> Manifest<'a> {
    Manifest {
        product: "lamp",
        chip: ChipId::ESP32_C3.0,
        project: "lamp-fw",
        version,
        image: Digest(sha256(image)),
        size: u32::try_from(image.len()).unwrap(),
        counter,
        secure_version: 1,
        created: UnixTime(1_700_000_000),
        not_after: None,
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest(&SHA256, bytes).as_ref().try_into().unwrap()
}
