//! The node's cryptography, beside `openssl`.

use std::{fs, process::Command};

use countersign_mbedtls_link::MbedCrypto;
use countersign_node::{Crypto as _, Entropy as _, Sha256 as _};
use countersign_protocol::Es256Verifier as _;
use esp_formats::secure_boot::{Rsa3072, blocks};

use crate::{
    FULL,
    authority::{Authority, Kind, Place},
    heap::counted,
    library::with_library,
};

#[test]
fn sha256_is_that_of_the_parts_joined() {
    with_library(|library| {
        let crypto = MbedCrypto::new(library);
        let mut parts = crypto.sha256();
        parts.update(b"ab");
        // One under way may be moved.
        let mut moved = Box::new(parts);
        moved.update(b"");
        moved.update(b"c");
        // FIPS 180-4's example "abc".
        assert_eq!(moved.finish()[..4], [0xba, 0x78, 0x16, 0xbf]);
        assert_eq!(crypto.sha256().finish()[..4], [0xe3, 0xb0, 0xc4, 0x42]);
    });
}

#[test]
fn randomness_is_not_twice_the_same() {
    with_library(|library| {
        let mut crypto = MbedCrypto::new(library);
        let (mut one, mut other) = ([0; 32], [0; 32]);
        crypto.fill(&mut one);
        crypto.fill(&mut other);
        assert!(one != other && one != [0; 32]);
    });
}

#[test]
fn es256_takes_only_the_signature_and_only_p256() {
    let Some(place) = Place::new("mbedtls_es256") else {
        return;
    };
    Authority::root(&place, "p256", "A", Kind::P256);
    Authority::root(&place, "p384", "B", Kind::P384);
    let message = place.file("message", 1_000);
    let openssl = |arguments: &[&str]| {
        let mut command = Command::new("openssl");
        let output = command.current_dir(place.path("")).args(arguments).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{arguments:?}");
        output.stdout
    };
    let spki = |name: &str| {
        let key = format!("{name}.key");
        openssl(&["pkey", "-in", &key, "-pubout", "-outform", "DER"])
    };
    openssl(&[
        "dgst",
        "-sha256",
        "-sign",
        "p256.key",
        "-out",
        "signature",
        "message",
    ]);
    let signature = fixed(&fs::read(place.path("signature")).unwrap());
    let (ours, other) = (spki("p256"), spki("p384"));
    with_library(|library| {
        let crypto = MbedCrypto::new(library);
        assert!(crypto.es256_verify(&ours, &message, &signature));
        assert!(!crypto.es256_verify(&ours, b"massage", &signature));
        assert!(!crypto.es256_verify(&other, &message, &signature));
        assert!(!crypto.es256_verify(b"", &message, &signature));
        assert!(!crypto.es256_verify(&ours[..90], &message, &signature));
        for at in 0..64 {
            let mut changed = signature;
            changed[at] ^= 1;
            assert!(!crypto.es256_verify(&ours, &message, &changed), "byte {at}");
        }
        // Another curve of that size, a point that is not on it, and the point that is none.
        for (at, with) in [(22, 0x08), (40, ours[40] ^ 1), (26, 0x00)] {
            let mut changed = ours.clone();
            changed[at] = with;
            assert!(
                !crypto.es256_verify(&changed, &message, &signature),
                "byte {at}"
            );
        }
        for half in [0, 32] {
            let mut zero = signature;
            zero[half..half + 32].fill(0);
            assert!(!crypto.es256_verify(&ours, &message, &zero));
        }
        assert!(!crypto.could_not_check(), "all of these are wrong");
    });
}

#[test]
fn takes_what_espsecure_signed_and_nothing_that_differs_in_one_bit() {
    let image = include_bytes!("../../../../esp-formats/tests/data/ok_signed_rsa_p256.bin");
    let [Ok(first), Ok(second), _] = blocks(image.last_chunk().unwrap()) else {
        panic!("no blocks");
    };
    let (mut rsa, mut ecdsa) = (first.rsa3072().unwrap(), second.ecdsa_p256().unwrap());
    with_library(|library| {
        let crypto = MbedCrypto::new(library);
        let digest = {
            let mut sha256 = crypto.sha256();
            sha256.update(&image[..4096]);
            sha256.finish()
        };
        let mut other = digest;
        other[31] ^= 1;
        if cfg!(feature = "rsa") {
            let verify = |rsa: &Rsa3072, digest| {
                crypto.rsa3072_pss_verify(&rsa.modulus, rsa.exponent, digest, &rsa.signature)
            };
            assert!(verify(&rsa, &digest) && !verify(&rsa, &other));
            rsa.exponent = 0;
            assert!(!verify(&rsa, &digest));
            rsa.exponent = 65_537;
            rsa.signature[200] ^= 1;
            assert!(!verify(&rsa, &digest));
            rsa.signature[200] ^= 1;
            rsa.modulus[0] = 0;
            assert!(!verify(&rsa, &digest), "a shorter key");
        }
        assert!(crypto.p256_verify(&ecdsa.point, &digest, &ecdsa.signature));
        assert!(!crypto.p256_verify(&ecdsa.point, &other, &ecdsa.signature));
        ecdsa.signature[63] ^= 1;
        assert!(!crypto.p256_verify(&ecdsa.point, &digest, &ecdsa.signature));
        ecdsa.signature[63] ^= 1;
        ecdsa.point[1] ^= 1;
        assert!(!crypto.p256_verify(&ecdsa.point, &digest, &ecdsa.signature));
        assert!(!crypto.could_not_check(), "all of these are wrong");
    });
}

#[test]
fn a_check_that_finds_no_memory_says_so() {
    let image = include_bytes!("../../../../esp-formats/tests/data/ok_signed_rsa_p256.bin");
    let [Ok(first), Ok(second), _] = blocks(image.last_chunk().unwrap()) else {
        panic!("no blocks");
    };
    let (rsa, ecdsa) = (first.rsa3072().unwrap(), second.ecdsa_p256().unwrap());
    with_library(|library| {
        let crypto = MbedCrypto::new(library);
        let digest: &[u8; 32] = second.image_digest.try_into().unwrap();
        let p256 = || crypto.p256_verify(&ecdsa.point, digest, &ecdsa.signature);
        let rsa3072 =
            || crypto.rsa3072_pss_verify(&rsa.modulus, rsa.exponent, digest, &rsa.signature);
        each_refused("ECDSA on P-256", crypto, p256);
        if FULL {
            each_refused("RSA 3072", crypto, rsa3072);
        }
    });
}

/// Refuses the allocations of a check that finds a signature right, one after the other.
fn each_refused(what: &str, crypto: MbedCrypto<'_>, check: impl Fn() -> bool) {
    let (right, used) = counted(0..0, &check);
    assert!(right && used.bytes == 0 && !crypto.could_not_check());
    let mut borne = 0;
    for number in 1..=used.allocations {
        let (right, used) = counted(number..number + 1, &check);
        assert_eq!(used.bytes, 0, "{what}, allocation {number}");
        assert_eq!(
            right,
            !crypto.could_not_check(),
            "{what}, allocation {number}"
        );
        borne += u64::from(right);
    }
    eprintln!(
        "{what}: {} allocations refused, one after the other; {} checks could not be made",
        used.allocations,
        used.allocations - borne
    );
    assert!(check());
}

/// DER of two numbers as r and s, 32 bytes each.
fn fixed(der: &[u8]) -> [u8; 64] {
    let mut signature = [0; 64];
    let mut rest = &der[2..];
    for half in signature.chunks_mut(32) {
        let len = usize::from(rest[1]);
        let number = &rest[2..2 + len];
        let number = &number[number.len().saturating_sub(32)..];
        half[32 - number.len()..].copy_from_slice(number);
        rest = &rest[2 + len..];
    }
    signature
}
