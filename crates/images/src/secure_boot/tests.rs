use countersign_keys::{Passphrases, image};
use esp_formats::{
    app_image::{Composition, SEGMENT_LIMIT, compose, composed_len},
    secure_boot::{BLOCK, support},
};

use super::*;
use crate::sha256;

const PLAIN: &[u8] = include_bytes!("../../../esp-formats/tests/data/ok_image_esp32c3.bin");
const V1: &[u8] = include_bytes!("../../../esp-formats/tests/data/ok_image_signed_v1.bin");
const RSA: &[u8] = include_bytes!("../../../esp-formats/tests/data/ok_signed_rsa.bin");
const THREE: &[u8] = include_bytes!("../../../esp-formats/tests/data/ok_signed_rsa_three.bin");
const TWICE: &[u8] = include_bytes!("../../../esp-formats/tests/data/ok_signed_rsa_twice.bin");
const MIXED: &[u8] = include_bytes!("../../../esp-formats/tests/data/ok_signed_rsa_p256.bin");
const P192: &[u8] = include_bytes!("../../../esp-formats/tests/data/ok_signed_p192.bin");
const P256: &[u8] = include_bytes!("../../../esp-formats/tests/data/ok_signed_p256.bin");
const P384: &[u8] = include_bytes!("../../../esp-formats/tests/data/ok_signed_p384.bin");

/// A key of `countersign-keys`' vectors; git keeps no mode, and a key's file is its owner's.
fn key(name: &str) -> std::sync::Arc<dyn image::ImageSigner> {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let from = format!(
        "{}/../keys/tests/data/{name}.pem",
        env!("CARGO_MANIFEST_DIR")
    );
    let path = folder.path().join("key.pem");
    std::fs::copy(from, &path).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    image::open(&path, &Passphrases::new(None)).unwrap()
}

fn for_chip(chip: ChipId) -> Vec<u8> {
    filled(chip, 100)
}

fn filled(chip: ChipId, filler_len: u32) -> Vec<u8> {
    let composition = Composition {
        chip,
        secure_version: 2,
        version: "1.0",
        project_name: "demo",
        time: "12:00:00",
        date: "Nov 23 2026",
        idf_version: "v5.5.1",
        payload: b"payload",
        filler_len,
    };
    let mut file = vec![0; composed_len(&composition).unwrap()];
    compose(&composition, &mut file, |bytes| sha256(bytes).0).unwrap();
    file
}

fn faults(file: &[u8]) -> Vec<Option<Fault>> {
    let image = Image::read(file).unwrap();
    image
        .blocks()
        .into_iter()
        .map(|block| block.fault)
        .collect()
}

/// Whether some block vouches for a file.
fn accepted(file: &[u8]) -> bool {
    Image::read(file).is_ok_and(|image| image.blocks().iter().any(|block| block.fault.is_none()))
}

fn signed(file: &[u8], names: &[&str], how: How) -> Result<Signed, Error> {
    let image = Image::read(file)?;
    let keys: Vec<_> = names.iter().map(|name| key(name)).collect();
    let signers: Vec<_> = keys.iter().map(|key| Signer::Key(&**key)).collect();
    sign(&image, &signers, how)
}

#[test]
fn verifies_what_espsecure_signed_in_each_scheme() {
    for (file, blocks) in [
        (RSA, 1),
        (THREE, 3),
        (MIXED, 2),
        (P192, 1),
        (P256, 1),
        (P384, 1),
    ] {
        assert_eq!(faults(file), vec![None; blocks]);
    }
    assert!(faults(PLAIN).is_empty());
}

#[test]
fn what_is_signed_in_each_scheme_verifies() {
    for (name, chip) in [
        ("image_rsa3072", ChipId::ESP32_C3),
        ("ok_pkcs8", ChipId::ESP32_C2),
        ("image_p384", ChipId::ESP32_C5),
    ] {
        let file = for_chip(chip);
        let made = signed(&file, &[name], How::New).unwrap();
        assert_eq!(made.added.len(), 1, "{name}");
        assert_eq!(faults(&made.bytes), [None], "{name}");
        assert!(made.bytes.starts_with(&file));
        assert_eq!(made.bytes.len(), file.len().next_multiple_of(4096) + 4096);
    }
}

#[test]
fn blocks_are_appended_and_replaced_and_the_others_are_kept() {
    let file = for_chip(ChipId::ESP32_C6);
    let one = signed(&file, &["image_rsa3072"], How::New).unwrap().bytes;
    let again = signed(&one, &["ok_pkcs8"], How::New).unwrap_err();
    assert!(
        matches!(again, Error::AlreadySigned { blocks: 1, .. }),
        "{again:?}"
    );
    let two = signed(&one, &["ok_pkcs8"], How::Append).unwrap();
    assert_eq!(two.added[0].number, 1);
    assert_eq!(faults(&two.bytes), [None, None]);
    assert!(two.bytes.starts_with(&one[..4096 + BLOCK]));
    let twice = signed(&two.bytes, &["ok_pkcs8"], How::Append).unwrap_err();
    assert!(
        matches!(twice, Error::KeyTwice { number: 1, .. }),
        "{twice:?}"
    );
    // In its own place a key may sign anew.
    let anew = signed(&two.bytes, &["image_rsa3072"], How::Replace(0)).unwrap();
    assert_eq!(faults(&anew.bytes), [None, None]);
    let second = 4096 + BLOCK..4096 + 2 * BLOCK;
    assert!(anew.bytes[second.clone()] == two.bytes[second]);
    let none = signed(&two.bytes, &["ok_pkcs8"], How::Replace(2)).unwrap_err();
    assert!(
        matches!(
            none,
            Error::NoBlock {
                number: 2,
                blocks: 2
            }
        ),
        "{none:?}"
    );
    let full = signed(THREE, &["image_rsa3072"], How::Append).unwrap_err();
    assert!(
        matches!(full, Error::TooManyKeys { keys: 1, blocks: 3 }),
        "{full:?}"
    );
    let replaced = signed(THREE, &["image_rsa3072"], How::Replace(1)).unwrap();
    assert_eq!(faults(&replaced.bytes), [None; 3]);
    // Without a signature to append to, it is the first.
    assert!(signed(&file, &["ok_pkcs8"], How::Append).is_ok());
}

#[test]
fn nothing_is_signed_over_a_signature() {
    let twice = Image::read(TWICE).unwrap_err();
    assert!(
        matches!(twice, Error::SecondSector { offset: 8192 }),
        "{twice:?}"
    );
    let v1 = signed(V1, &["image_rsa3072"], How::New).unwrap_err();
    assert!(matches!(v1, Error::SignedV1 { .. }), "{v1:?}");
    // A block of another image, moved behind this one, is not kept.
    let mut other = for_chip(ChipId::ESP32_C3);
    other.resize(4096, 0xFF);
    other.extend_from_slice(&RSA[4096..]);
    assert_eq!(faults(&other), [Some(Fault::OtherImage)]);
    let kept = signed(&other, &["image_rsa3072"], How::Append).unwrap_err();
    assert!(
        matches!(
            kept,
            Error::KeptBlock {
                number: 0,
                fault: Fault::OtherImage
            }
        ),
        "{kept:?}"
    );
    let replaced = signed(&other, &["image_rsa3072"], How::Replace(0)).unwrap();
    assert_eq!(faults(&replaced.bytes), [None]);
}

#[test]
fn an_image_that_no_partition_holds_with_its_signature_is_not_signed() {
    let least = u32::try_from(for_chip(ChipId::ESP32_S3).len()).unwrap();
    for (room, fits) in [(8192, true), (4096, true), (4000, false), (16, false)] {
        let file = filled(ChipId::ESP32_S3, 100 + SEGMENT_LIMIT - room - least);
        let made = signed(&file, &["image_rsa3072"], How::New);
        assert_eq!(made.is_ok(), fits, "{room}: {:?}", made.err());
        // Another's sector behind it.
        let mut bytes = Image::read(&file).unwrap().padded();
        bytes.extend(&RSA[RSA.len() - SECTOR..]);
        let refusals = crate::inspect(&bytes).unwrap().refusals;
        let max = SEGMENT_LIMIT;
        let is_too_long = refusals.iter().any(|refusal| {
            let kind = ErrorKind::ImageTooLong { max };
            matches!(refusal, crate::inspect::Refusal::Format { kind: found, .. } if *found == kind)
        });
        assert_eq!(is_too_long, !fits, "{room}: {refusals:?}");
    }
}

#[test]
fn a_chip_is_signed_for_by_what_it_verifies_alone() {
    for chip in ChipId::all() {
        let file = for_chip(chip);
        // Of a chip of which that is not known nothing is refused.
        let all = Scheme::ALL.as_slice();
        let takes = support(chip).map_or(all, |support| support.schemes);
        for (name, scheme) in [
            ("image_rsa3072", Scheme::Rsa3072),
            ("ok_pkcs8", Scheme::EcdsaP256),
            ("image_p384", Scheme::EcdsaP384),
        ] {
            let made = signed(&file, &[name], How::New);
            if takes.contains(&scheme) {
                assert!(accepted(&made.unwrap().bytes), "{chip} {scheme}");
            } else {
                let refused = made.unwrap_err();
                assert!(
                    matches!(refused, Error::Scheme { .. }),
                    "{chip} {refused:?}"
                );
            }
        }
    }
}

#[test]
fn a_padded_image_is_signed_where_the_chip_looks() {
    let file = for_chip(ChipId::ESP32_C3);
    let plain = signed(&file, &["image_rsa3072"], How::New).unwrap().bytes;
    for (byte, len) in [(0xFF, 4096), (0xFF, 65536), (0, 4096), (0, 65536)] {
        let mut padded = file.clone();
        padded.resize(len, byte);
        let image = Image::read(&padded).unwrap();
        assert_eq!(image.left_out(), len - 4096);
        let made = signed(&padded, &["image_rsa3072"], How::New).unwrap().bytes;
        assert_eq!(made.len(), plain.len());
        assert_eq!(faults(&made), [None], "{byte} {len}");
        assert!(made.starts_with(&padded[..4096]));
    }
}

#[test]
fn a_signature_made_elsewhere_is_taken_if_it_is_right() {
    let file = for_chip(ChipId::ESP32_C5);
    let image = Image::read(&file).unwrap();
    for (name, scheme) in [
        ("image_rsa3072", Scheme::Rsa3072),
        ("ok_pkcs8", Scheme::EcdsaP256),
        ("image_p384", Scheme::EcdsaP384),
    ] {
        let key = key(name);
        let signature = key.sign_digest(image.digest(scheme)).unwrap();
        let given = |signature: &[u8]| {
            let public_key = key.public_key();
            let signer = Signer::Elsewhere {
                public_key,
                signature,
            };
            sign(&image, &[signer], How::New)
        };
        assert!(accepted(&given(&signature).unwrap().bytes));
        let mut wrong = signature.clone();
        wrong[20] ^= 1;
        let wrong = given(&wrong).unwrap_err();
        assert!(matches!(wrong, Error::SignatureWrong { .. }), "{wrong:?}");
        for len in 0..signature.len() {
            let short = given(&signature[..len]).unwrap_err();
            assert!(matches!(short, Error::SignatureForm { .. }), "{short:?}");
        }
    }
}

#[test]
fn the_legacy_signature_is_verified_by_its_key_alone() {
    let image = Image::read(V1).unwrap();
    // Its key is nowhere any more: others are refused.
    assert_eq!(
        verify_v1(&image, key("ok_pkcs8").public_key()),
        V1Report::Wrong
    );
    assert_eq!(
        verify_v1(&image, key("image_p384").public_key()),
        V1Report::OtherKind
    );
    let plain = Image::read(PLAIN).unwrap();
    assert_eq!(
        verify_v1(&plain, key("ok_pkcs8").public_key()),
        V1Report::None
    );
}

#[test]
fn cut_files_and_changed_bytes_are_never_accepted() {
    for file in [RSA, P192, P256, P384] {
        for len in 0..4096 + BLOCK {
            assert!(!accepted(&file[..len]), "{len}");
        }
        let mut damaged = file.to_vec();
        // Behind the checksum nothing is looked at that is not signed; 1200 to 1216 of a block are zeros nobody reads.
        for at in 0..4096 + 1200 {
            damaged[at] ^= 0x41;
            assert!(!accepted(&damaged), "{at}");
            damaged[at] ^= 0x41;
        }
    }
}

#[test]
fn lies_in_a_block_are_found_though_its_crc_is_right() {
    for file in [RSA, P192, P256, P384] {
        let image = Image::read(file).unwrap();
        let block = esp_formats::secure_boot::Block::parse(&file[4096..]).unwrap();
        let used = 4 + block.image_digest.len() + block.key.len() + block.scheme.signature_len();
        let unused = match block.scheme {
            // Between the points of P-192 and its signature lie zeros, which its key's digest covers.
            Scheme::EcdsaP192 => 4 + 32 + 49..4 + 32 + 65,
            _ => 0..0,
        };
        for at in (1..used).filter(|at| *at != 3 && !unused.contains(at)) {
            let mut lie: [u8; BLOCK] = file[4096..4096 + BLOCK].try_into().unwrap();
            lie[at] ^= 0x41;
            let crc = crc32(&lie[..1196]);
            lie[1196..1200].copy_from_slice(&crc.to_le_bytes());
            if let Ok(lie) = esp_formats::secure_boot::Block::parse(&lie) {
                let digest = image.digest(lie.scheme);
                assert!(verify_block(&lie, digest).is_err(), "{at}");
            }
        }
    }
}

/// zlib's CRC-32, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |sum: u32, _| (sum >> 1) ^ (0xEDB8_8320 & (sum & 1).wrapping_neg());
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), step)
    })
}

#[test]
fn the_esp32_c2_keeps_half_a_digest() {
    let key = key_of(key("ok_pkcs8").public_key()).unwrap();
    let whole = efuse_digest(&key, None);
    assert_eq!(whole.len(), 32);
    assert_eq!(efuse_digest(&key, Some(ChipId::ESP32_C3)), whole);
    assert_eq!(efuse_digest(&key, Some(ChipId::ESP32_C2)), whole[..16]);
}
