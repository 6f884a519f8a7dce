use sha2::{Digest, Sha256};

use super::*;
use crate::app_image::ChipId;
use crate::secure_boot::support;
use crate::testing::XorShift;

const RSA: &[u8] = include_bytes!("../../../tests/data/ok_signed_rsa.bin");
const THREE: &[u8] = include_bytes!("../../../tests/data/ok_signed_rsa_three.bin");
const MIXED: &[u8] = include_bytes!("../../../tests/data/ok_signed_rsa_p256.bin");
const P192: &[u8] = include_bytes!("../../../tests/data/ok_signed_p192.bin");
const P256: &[u8] = include_bytes!("../../../tests/data/ok_signed_p256.bin");
const P384: &[u8] = include_bytes!("../../../tests/data/ok_signed_p384.bin");

fn sector(image: &[u8]) -> Sector {
    Sector::new(image[4096..].first_chunk().unwrap())
}

fn block(image: &[u8], number: usize) -> [u8; BLOCK] {
    *image[4096 + number * BLOCK..].first_chunk().unwrap()
}

/// A sector as it lies behind an image of one page.
fn behind(sector: &Sector) -> std::vec::Vec<u8> {
    [&[0; 4096], &sector.as_bytes()[..]].concat()
}

/// A block written anew from the numbers that are in one.
fn again(block: &[u8; BLOCK]) -> [u8; BLOCK] {
    let read = Block::parse(block).unwrap();
    if let Some(rsa) = read.rsa3072() {
        let key = Key::rsa3072(&rsa.modulus, rsa.exponent).unwrap();
        return compose_block(&key, read.image_digest, &rsa.signature).unwrap();
    }
    let numbers = read.ecdsa().unwrap();
    let key = Key::ecdsa(numbers.point()).unwrap();
    compose_block(&key, read.image_digest, numbers.signature()).unwrap()
}

#[test]
fn blocks_of_espsecure_are_written_to_the_byte() {
    for image in [RSA, THREE, MIXED, P192, P256, P384] {
        for number in 0..MAX_BLOCKS {
            let theirs = block(image, number);
            if theirs[0] == MAGIC {
                assert!(again(&theirs) == theirs, "{number}");
            }
        }
    }
}

#[test]
fn sectors_of_espsecure_are_written_to_the_byte() {
    for image in [RSA, THREE, MIXED, P192, P256, P384] {
        let mut ours = Sector::default();
        for number in 0..MAX_BLOCKS {
            let theirs = block(image, number);
            if theirs[0] == MAGIC {
                assert_eq!(ours.append(&theirs), Ok(number));
            }
        }
        assert!(ours == sector(image));
    }
}

#[test]
fn a_fourth_block_and_one_that_is_not_there_are_refused() {
    let kind = |result: Result<(), Error>| result.unwrap_err().kind;
    let mut full = sector(THREE);
    let before = full.clone();
    assert_eq!(
        kind(full.append(&block(RSA, 0)).map(drop)),
        ErrorKind::SectorFull
    );
    assert_eq!(
        kind(full.replace(3, &block(RSA, 0))),
        ErrorKind::NoBlock { number: 3 }
    );
    assert!(full == before);
    full.replace(1, &block(P256, 0)).unwrap();
    assert_eq!(block(&behind(&full), 1), block(P256, 0));
    assert_eq!(block(&behind(&full), 0), block(THREE, 0));
    assert_eq!(block(&behind(&full), 2), block(THREE, 2));

    let mut one = sector(RSA);
    assert_eq!(
        kind(one.replace(1, &block(RSA, 0))),
        ErrorKind::NoBlock { number: 1 }
    );
    assert_eq!(one.append(&block(P256, 0)), Ok(1));
    assert_eq!(one.places()[2], Place::Free);
}

#[test]
fn a_damaged_block_is_replaced_and_nothing_is_put_behind_it() {
    let mut sector = sector(THREE);
    sector.0[BLOCK + 100] ^= 1;
    assert!(matches!(sector.places()[1], Place::Damaged(_)));
    assert_eq!(
        sector.append(&block(RSA, 0)).unwrap_err().kind,
        ErrorKind::SectorFull
    );
    sector.replace(1, &block(RSA, 0)).unwrap();
    assert!(matches!(sector.places()[1], Place::Taken(_)));
}

#[test]
fn refuses_lengths_and_numbers_that_no_scheme_has() {
    let key = Key::ecdsa(&[4; 65]).unwrap();
    let kind =
        |digest: &[u8], signature: &[u8]| compose_block(&key, digest, signature).unwrap_err();
    assert_eq!(
        kind(&[0; 48], &[0; 64]),
        Error::new(
            ErrorKind::FieldLength {
                len: 48,
                needed: 32
            },
            4
        )
    );
    assert_eq!(
        kind(&[0; 32], &[0; 71]),
        Error::new(
            ErrorKind::FieldLength {
                len: 71,
                needed: 64
            },
            101
        )
    );
    for (len, tag) in [(0, 4), (1, 4), (33, 2), (64, 4), (65, 3), (133, 4)] {
        let mut point = std::vec![0; len];
        point.iter_mut().take(1).for_each(|byte| *byte = tag);
        assert!(Key::ecdsa(&point).is_err(), "{len} {tag}");
    }
    let mut modulus = [0xFF; 384];
    assert!(Key::rsa3072(&modulus, 3).is_ok());
    modulus[383] = 0xFE;
    assert!(Key::rsa3072(&modulus, 3).is_err());
    modulus[383] = 0xFF;
    modulus[0] = 0x7F;
    assert!(Key::rsa3072(&modulus, 3).is_err());
}

#[test]
fn montgomery_s_numbers_are_right_for_any_odd_modulus() {
    let mut random = XorShift(7);
    for _ in 0..20 {
        let mut modulus: [u8; 384] = random.bytes(384).try_into().unwrap();
        modulus[0] |= 0x80;
        modulus[383] |= 1;
        let key = Key::rsa3072(&modulus, 65_537).unwrap();
        let least = u32::from_be_bytes(*modulus.last_chunk().unwrap());
        let mdash = u32::from_le_bytes(*key.as_bytes().last_chunk().unwrap());
        assert_eq!(least.wrapping_mul(mdash), u32::MAX);
        // rinv, greatest digit first, is below the modulus.
        let rinv = key.as_bytes()[388..772].iter().rev();
        assert!(rinv.lt(modulus.iter()));
    }
}

#[test]
fn the_digest_of_a_key_that_was_made_is_the_one_in_its_block() {
    let block = block(RSA, 0);
    let read = Block::parse(&block).unwrap();
    let rsa = read.rsa3072().unwrap();
    let key = Key::rsa3072(&rsa.modulus, rsa.exponent).unwrap();
    assert_eq!(Sha256::digest(key.as_bytes()), Sha256::digest(read.key));
}

#[test]
fn every_chip_that_esp_idf_knows_takes_some_scheme() {
    for chip in ChipId::all().filter(|chip| *chip != ChipId::ESP32_E22) {
        assert!(!support(chip).unwrap().schemes.is_empty(), "{chip}");
    }
    assert_eq!(support(ChipId::ESP32_E22), None);
    assert_eq!(support(ChipId(0xFFFF)), None);
}
