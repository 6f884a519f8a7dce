use std::vec::Vec;

use super::*;
use crate::testing::survives_hostile_bytes;

fn sealed(key: KeyMaterial<'_>) -> Vec<u8> {
    let header = Header {
        key,
        iv: &[7; 16],
        plain_len: 40,
        tag: &[8; 16],
    };
    let mut file = header.encode().unwrap().to_vec();
    file.extend([9; 40]);
    file
}

const RSA: KeyMaterial<'_> = KeyMaterial::Rsa3072(&[5; 384]);
const ECIES: KeyMaterial<'_> = KeyMaterial::EciesP256 {
    public_key: &[5; 64],
    salt: &[6; 32],
};

#[test]
fn fields_lie_where_the_component_reads_them() {
    let file = sealed(ECIES);
    assert_eq!(file.len(), 552);
    assert_eq!(file[..5], [0xCF, 0xB6, 0x88, 0x07, 5]);
    assert_eq!((file[67], file[68], file[99], file[100]), (5, 6, 6, 0));
    assert_eq!((file[387], file[388], file[403]), (0, 7, 7));
    assert_eq!(file[404..408], [40, 0, 0, 0]);
    assert_eq!((file[408], file[423], file[424], file[511]), (8, 8, 0, 0));
    let file = sealed(RSA);
    assert_eq!((file[4], file[387], file[388]), (5, 5, 7));
}

#[test]
fn both_schemes_are_read_back_and_told_apart() {
    for (key, scheme) in [(RSA, Scheme::Rsa3072), (ECIES, Scheme::EciesP256)] {
        let file = sealed(key);
        assert!(is_sealed(&file));
        let image = SealedImage::parse(&file).unwrap();
        assert_eq!(image.header.key, key);
        assert_eq!(image.header.scheme(), scheme);
        assert_eq!(image.ciphertext, [9; 40]);
        assert_eq!(image.header.encode().unwrap(), file[..512]);
    }
}

#[test]
fn errors_name_what_is_wrong_and_where() {
    let check = |change: &dyn Fn(&mut Vec<u8>), kind, offset| {
        let mut file = sealed(ECIES);
        change(&mut file);
        assert_eq!(SealedImage::parse(&file), Err(Error { kind, offset }));
    };
    let truncated = |len, needed| ErrorKind::Truncated { len, needed };
    let length = |found| ErrorKind::PlainLength {
        found,
        max: MAX_PLAIN,
    };
    check(&|file| file.truncate(3), truncated(3, 4), 0);
    check(&|file| file.truncate(511), truncated(511, 512), 0);
    check(&|file| file.truncate(551), truncated(551, 552), 512);
    check(&|file| file.push(0), ErrorKind::TrailingData, 552);
    let magic = ErrorKind::SealedMagic { found: 0x0788_B6E9 };
    check(&|file| file[0] = 0xE9, magic, 0);
    check(&|file| file[404] = 0, length(0), 404);
    check(&|file| file[407] = 1, length(0x0100_0028), 404);
    check(&|file| file[430] = 2, ErrorKind::Reserved { found: 2 }, 430);
    assert!(!is_sealed(&[0xCF, 0xB6, 0x88]));
    assert_eq!(check_plain_len(1), Ok(1));
    assert_eq!(check_plain_len(16 << 20), Ok(16 << 20));
    check_plain_len(0).unwrap_err();
    check_plain_len((16 << 20) + 1).unwrap_err();
}

#[test]
fn nothing_makes_the_parser_panic() {
    for key in [RSA, ECIES] {
        survives_hostile_bytes(&sealed(key), |bytes| {
            if let Ok(image) = SealedImage::parse(bytes) {
                assert_eq!(image.header.encode().unwrap(), bytes[..512]);
            }
        });
    }
}
