//! A device from the factory, and releases for it.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use countersign_protocol::manifest::{assemble, to_be_signed};
use countersign_protocol::{AuthorId, Digest, MAX_MANIFEST, Manifest, UnixTime};
use countersign_provision::flash::{self, Part};
use countersign_provision::layout::{FlashLayout, NVS, OTA_0, SECURE_CERT, TRUST};
use countersign_provision::{nvs, secure_cert};
use countersign_virtual_node::Options;
use countersign_virtual_node::crypto::sha256;
use esp_formats::app_image::{ChipId, Composition, Head, compose, composed_len};
use esp_formats::bundle::Format;
use tempfile::TempDir;

use crate::authority::Authority;

pub(crate) const HOST: &str = "ota.example.com";
const PRODUCT: &str = "thermostat";
/// ESP32-C3.
const CHIP: u16 = 5;

/// Everything that a device and its servers come from.
pub(crate) struct Factory {
    pub(crate) servers: Authority,
    pub(crate) devices: Authority,
    pub(crate) author: Author,
    dir: TempDir,
}

impl Factory {
    pub(crate) fn new() -> Self {
        Self {
            servers: Authority::new("servers"),
            devices: Authority::new("devices"),
            author: Author::new(),
            dir: TempDir::new().unwrap(),
        }
    }

    /// Makes a device with one image in its first slot; gives how to run it, once.
    pub(crate) fn device(&self, name: &str, port: u16, image: &[u8]) -> Options {
        let layout = FlashLayout::of_flash(4 << 20).unwrap();
        let size = |label| usize::try_from(layout.partition(label).unwrap().size).unwrap();
        let settings = nvs::Settings {
            server: format!("https://{HOST}:{port}"),
            product: PRODUCT.to_owned(),
            device: name.to_owned(),
            authors: vec![self.author.spki()],
            allowed_hosts: Vec::new(),
            wifi: None,
        };
        let settings = nvs::write(&settings, size(NVS)).unwrap();
        let (certificate, key) = self.devices.issue(name);
        let identity = secure_cert::build(
            &[certificate.to_vec()],
            &key.serialize_pem(),
            &self.servers.der,
            size(SECURE_CERT),
        )
        .unwrap();
        let trust = self.servers.bundle(Format::Offsets);
        let parts = [
            Part {
                label: TRUST,
                data: &trust,
            },
            Part {
                label: NVS,
                data: &settings,
            },
            Part {
                label: SECURE_CERT,
                data: &identity,
            },
            Part {
                label: OTA_0,
                data: image,
            },
        ];
        let path: PathBuf = self.dir.path().join(name);
        std::fs::write(&path, flash::assemble(&layout, &parts).unwrap()).unwrap();
        Options {
            once: true,
            hosts: vec![(HOST.to_owned(), Ipv4Addr::LOCALHOST.into())],
            ..Options::new(path)
        }
    }
}

/// An author of releases.
pub(crate) struct Author(EcdsaKeyPair);

impl Author {
    pub(crate) fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    fn spki(&self) -> Vec<u8> {
        let der: aws_lc_rs::encoding::PublicKeyX509Der<'_> = self.0.public_key().as_der().unwrap();
        der.as_ref().to_vec()
    }

    /// Signs a manifest for an image.
    pub(crate) fn sign(&self, image: &[u8], version: &str, counter: u64) -> Vec<u8> {
        let head = Head::parse(image).unwrap();
        let said = head.descriptor.unwrap();
        let manifest = Manifest {
            product: PRODUCT,
            chip: CHIP,
            project: said.project_name,
            version,
            image: Digest(sha256(image)),
            size: u32::try_from(image.len()).unwrap(),
            counter,
            secure_version: said.secure_version,
            created: UnixTime(1_790_000_000),
            not_after: None,
        };
        let author = AuthorId::from_spki_sha256(&sha256(&self.spki()));
        let (mut payload, mut message) = ([0; MAX_MANIFEST], [0; MAX_MANIFEST]);
        let len = manifest.encode(&mut payload).unwrap();
        let payload = payload.get(..len).unwrap();
        let len = to_be_signed(author, payload, &mut message).unwrap();
        let signature = self
            .0
            .sign(&SystemRandom::new(), message.get(..len).unwrap())
            .unwrap();
        let mut signed = vec![0; MAX_MANIFEST];
        let signature = signature.as_ref().try_into().unwrap();
        let len = assemble(author, payload, signature, &mut signed).unwrap();
        signed.truncate(len);
        signed
    }
}

/// An app image of some 200 KiB: several ranges.
pub(crate) fn image(version: &str, payload: &[u8]) -> Vec<u8> {
    image_of(version, payload, 200_000)
}

/// One of about so many bytes.
pub(crate) fn image_of(version: &str, payload: &[u8], filler_len: u32) -> Vec<u8> {
    let composition = Composition {
        chip: ChipId(CHIP),
        secure_version: 0,
        version,
        project_name: "thermostat-fw",
        time: "03:06:07",
        date: "Nov 23 2026",
        idf_version: "v5.5.5",
        payload,
        filler_len,
    };
    let mut image = vec![0; composed_len(&composition).unwrap()];
    let len = compose(&composition, &mut image, sha256).unwrap();
    image.truncate(len);
    image
}
