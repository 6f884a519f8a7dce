use std::string::String;
use std::vec::Vec;

use sha2::{Digest, Sha256};

use super::*;
use crate::app_image::{AppImage, Extent, Signature};
use crate::testing::survives_hostile_bytes;

const RSA: &[u8] = include_bytes!("../../tests/data/ok_signed_rsa.bin");
const RSA_4: &[u8] = include_bytes!("../../tests/data/ok_signed_rsa_espsecure4.bin");
const THREE: &[u8] = include_bytes!("../../tests/data/ok_signed_rsa_three.bin");
const OTHER: &[u8] = include_bytes!("../../tests/data/ok_signed_rsa_other.bin");
const TWICE: &[u8] = include_bytes!("../../tests/data/ok_signed_rsa_twice.bin");
const P192: &[u8] = include_bytes!("../../tests/data/ok_signed_p192.bin");
const P256: &[u8] = include_bytes!("../../tests/data/ok_signed_p256.bin");
const P256_4: &[u8] = include_bytes!("../../tests/data/ok_signed_p256_espsecure4.bin");
const P384: &[u8] = include_bytes!("../../tests/data/ok_signed_p384.bin");
const MIXED: &[u8] = include_bytes!("../../tests/data/ok_signed_rsa_p256.bin");

/// What `espsecure digest-sbv2-public-key` says of the keys, by their names.
const KEYS: [(&str, &str); 6] = [
    (
        "a",
        "61a10af846ebdf7af6a38937ddf7b4d02c1948a41da731fd7f2f3840be48dbf6",
    ),
    (
        "b",
        "8be04e11a45d3b8742c02ec61288f128bbd365a2cad0c76d3574b70dad92ae40",
    ),
    (
        "c",
        "dc6e58c2a43b659dc28076893be08d7b797ba67f3f49acaf548f8686bb46d7e1",
    ),
    (
        "p",
        "db6b90369f96c2919d708f4695ceecd665865e68e754c317cce6db6b5c74ad2b",
    ),
    (
        "p192",
        "5f1dd3df71540e6140e7a856aa2486fb7826f7d6f4dd0a3fcd1c1759e06269e7",
    ),
    (
        "p384",
        "760413853841353857172fd97072849cd3b11c8494d5434594ae4bff404b0d21",
    ),
];

fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn sector(image: &[u8]) -> &[u8; SECTOR] {
    match AppImage::parse_in_slot(image, sha256).unwrap().signature() {
        Signature::V2(sector) => sector,
        other => panic!("{other:?}"),
    }
}

/// The schemes and the names of the keys of an image's blocks.
fn read(image: &[u8]) -> Vec<(Scheme, &'static str)> {
    let found = blocks(sector(image)).into_iter().flatten();
    let named = found.map(|block| {
        let digest = sha256(block.key)
            .iter()
            .fold(String::new(), |text, byte| std::format!("{text}{byte:02x}"));
        let known = KEYS.iter().find(|(_, known)| *known == digest);
        (block.scheme, known.unwrap().0)
    });
    named.collect()
}

#[test]
fn reads_the_keys_that_espsecure_signed_with() {
    use Scheme::{EcdsaP192, EcdsaP256, EcdsaP384, Rsa3072};
    for image in [RSA, RSA_4, OTHER, TWICE] {
        assert_eq!(read(image), [(Rsa3072, "a")]);
    }
    for image in [P256, P256_4] {
        assert_eq!(read(image), [(EcdsaP256, "p")]);
    }
    assert_eq!(
        read(THREE),
        [(Rsa3072, "b"), (Rsa3072, "c"), (Rsa3072, "a")]
    );
    assert_eq!(read(MIXED), [(Rsa3072, "a"), (EcdsaP256, "p")]);
    assert_eq!(read(P192), [(EcdsaP192, "p192")]);
    assert_eq!(read(P384), [(EcdsaP384, "p384")]);
}

#[test]
fn a_block_says_what_the_image_hashes_to_with_its_padding() {
    for image in [RSA, RSA_4, THREE, OTHER, P192, P256, P256_4, MIXED] {
        for block in blocks(sector(image)).into_iter().flatten() {
            assert_eq!(block.image_digest, sha256(&image[..4096]));
        }
    }
    let [Ok(block), ..] = blocks(sector(P384)) else {
        panic!("no block")
    };
    assert_eq!(block.image_digest, &sha2::Sha384::digest(&P384[..4096])[..]);
}

#[test]
fn gives_numbers_of_its_own_scheme_alone() {
    let [Ok(rsa), Ok(ec), Err(blank)] = blocks(sector(MIXED)) else {
        panic!("other blocks")
    };
    assert_eq!(blank.kind, ErrorKind::BlockMagic { found: 0xFF });
    assert_eq!(blank.offset, 2432);
    assert!(rsa.ecdsa_p256().is_none() && ec.rsa3072().is_none());
    let numbers = rsa.rsa3072().unwrap();
    assert_eq!(numbers.exponent, 65_537);
    assert_eq!(numbers.modulus[0], rsa.key[383]);
    assert!(
        numbers.modulus[0] >= 0x80,
        "a modulus of all its 3072 bits, its greatest byte first"
    );
    assert_eq!(ec.ecdsa_p256().unwrap().point[0], 4);
    assert_eq!(ec.ecdsa_p256().unwrap().point[64], ec.key[33]);
}

#[test]
fn any_changed_byte_is_damage() {
    let mut block: [u8; BLOCK] = RSA[4096..4096 + BLOCK].try_into().unwrap();
    for at in 1..1200 {
        block[at] ^= 1;
        let error = Block::parse(&block).unwrap_err();
        assert!(matches!(error.kind, ErrorKind::BlockCrc { .. }), "{at}");
        block[at] ^= 1;
    }
    assert!(Block::parse(&block).is_ok());
    block[1] = 9;
    let crc = crc32fast::hash(&block[..1196]);
    block[1196..1200].copy_from_slice(&crc.to_le_bytes());
    assert!(matches!(
        Block::parse(&block).unwrap_err().kind,
        ErrorKind::BlockScheme { version: 9, .. }
    ));
}

#[test]
fn survives_hostile_blocks() {
    survives_hostile_bytes(&P256[4096..4096 + BLOCK], |bytes| {
        let _ = Block::parse(bytes).map(|block| (block.rsa3072(), block.ecdsa_p256()));
    });
}

#[test]
fn finds_the_end_of_an_image_in_pieces_of_any_size() {
    for image in [RSA, TWICE, P384] {
        let whole = AppImage::parse_in_slot(image, sha256).unwrap();
        for piece in [1, 3, 7, 32, 997, 4096, 1 << 20] {
            let mut extent = Extent::default();
            for bytes in image.chunks(piece) {
                extent.push(bytes).unwrap();
            }
            assert_eq!(extent.image_len(), Some(whole.image_len()));
            assert_eq!(extent.signature_at(), Some(4096));
        }
    }
}

#[test]
fn an_image_that_is_cut_in_its_headers_has_no_end() {
    let mut extent = Extent::default();
    extent.push(&RSA[..31]).unwrap();
    assert_eq!(extent.image_len(), None);
    assert_eq!(extent.signature_at(), None);
    survives_hostile_bytes(&RSA[..2400], |bytes| {
        let mut extent = Extent::default();
        let pushed = extent.push(bytes);
        if let Ok(image) = AppImage::parse_in_slot(bytes, sha256) {
            assert_eq!(pushed, Ok(()));
            assert_eq!(extent.image_len(), Some(image.image_len()));
        }
    });
}
