use std::process::{Command, Stdio};

use countersign_pki::Signer as _;

use super::*;
use crate::{
    FileKey,
    file::{Block, vector},
};

const PASSPHRASE: &str = "correct horse";

/// Few rounds, so that a test can try many inputs.
const CHEAP: Costs = Costs {
    iterations: 4096,
    scrypt_memory: 1 << 20,
    scrypt_work: 1 << 12,
};

fn der(name: &str) -> Vec<u8> {
    match Block::read(&vector(name)).unwrap() {
        Block::Encrypted(der) => der,
        Block::Plain(_) => panic!("{name} is not encrypted"),
    }
}

fn with(name: &str, passphrase: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    decrypt(&der(name), passphrase, &Costs::default())
}

#[test]
fn every_way_in_which_openssl_encrypts_is_the_same_key() {
    let expected = FileKey::from_pkcs8_pem(&vector("ok_pkcs8")).unwrap();
    for name in [
        "default",
        "aes128_sha1",
        "aes192_sha512",
        "aes256_sha256",
        "scrypt",
        "scrypt_aes128",
        "few_rounds",
        "small_scrypt",
    ] {
        let plain = with(&format!("ok_encrypted_{name}"), PASSPHRASE);
        let key = FileKey::from_der(&plain.unwrap().unwrap()).unwrap();
        assert_eq!(key.public_key(), expected.public_key(), "{name}");
    }
}

#[test]
fn a_wrong_passphrase_opens_nothing() {
    for passphrase in ["", "correct horsf", "correct horse ", "\u{0}"] {
        let tried = with("ok_encrypted_default", passphrase).unwrap();
        assert!(tried.is_none(), "{passphrase:?}");
    }
    // One in 256 comes out with a padding that is right by chance.
    let der = der("ok_encrypted_few_rounds");
    for n in 0..2000_u32 {
        let tried = decrypt(&der, &format!("wrong {n}"), &CHEAP).unwrap();
        assert!(tried.is_none(), "{n}");
    }
}

#[test]
fn other_ways_of_encrypting_and_other_keys_are_told_apart() {
    for name in ["des3", "pbes1"] {
        let refused = with(&format!("err_encrypted_{name}"), PASSPHRASE).unwrap_err();
        assert!(matches!(refused, Error::Encryption), "{name}: {refused:?}");
    }
    for name in ["rsa", "p384"] {
        let plain = with(&format!("err_encrypted_{name}"), PASSPHRASE).unwrap();
        let refused = FileKey::from_der(&plain.unwrap()).unwrap_err();
        assert!(matches!(refused, Error::NotAKey), "{name}: {refused:?}");
    }
}

#[test]
fn what_costs_too_much_is_refused_before_it_is_begun() {
    let with = |kdf: pbes2::Kdf| {
        let encryption = pbes2::EncryptionScheme::Aes256Cbc { iv: [0; 16] };
        let parameters = pbes2::Parameters { kdf, encryption };
        let info = EncryptedPrivateKeyInfoRef {
            encryption_algorithm: parameters.into(),
            encrypted_data: OctetStringRef::new(&[0; 32]).unwrap(),
        };
        decrypt(&info.to_der().unwrap(), PASSPHRASE, &Costs::default())
    };
    let salt = pbes2::Salt::new([1; 16]).unwrap();
    let rounds = |iteration_count| {
        pbes2::Kdf::Pbkdf2(pbes2::Pbkdf2Params {
            salt,
            iteration_count,
            key_length: None,
            prf: pbes2::Pbkdf2Prf::HmacWithSha256,
        })
    };
    let scrypt = |cost_parameter, block_size, parallelization| {
        pbes2::Kdf::Scrypt(pbes2::ScryptParams {
            salt,
            cost_parameter,
            block_size,
            parallelization,
            key_length: None,
        })
    };
    for (kdf, unit) in [
        (rounds(10_000_001), "rounds"),
        (rounds(u32::MAX), "rounds"),
        (scrypt(1 << 21, 8, 1), "bytes of memory"),
        (scrypt(1 << 62, u16::MAX, u16::MAX), "bytes of memory"),
        (scrypt(2, 1, 1000), "cheap"),
        (scrypt(2, u16::MAX, u16::MAX), "bytes of memory"),
        (scrypt(1 << 17, 8, 5), "blocks"),
    ] {
        match with(kdf) {
            Err(Error::TooCostly { what, asked, most }) => {
                assert!(what.starts_with(unit) && asked > most, "{what}");
            }
            other => assert_eq!(unit, "cheap", "{:?}", other.map(|some| some.is_some())),
        }
    }
    // Not what RFC 7914 §6 allows: N is a power of 2 above 1, and r·p below 2^30.
    for kdf in [
        scrypt(0, 8, 1),
        scrypt(1, 8, 1),
        scrypt(1000, 8, 1),
        scrypt(1024, 0, 1),
        scrypt(1024, 8, 0),
        rounds(0),
    ] {
        let refused = with(kdf.clone()).unwrap_err();
        assert!(matches!(refused, Error::Encryption), "{kdf:?}: {refused:?}");
    }
}

#[test]
fn damaged_files_give_errors_or_nothing() {
    for name in ["ok_encrypted_few_rounds", "ok_encrypted_small_scrypt"] {
        let der = der(name);
        for len in 0..der.len() {
            let cut = decrypt(&der[..len], PASSPHRASE, &CHEAP);
            assert!(matches!(cut, Err(Error::NotAKey)), "{name} cut at {len}");
        }
        let mut bytes = der.clone();
        for at in 0..der.len() {
            for bit in [1, 0x80] {
                bytes[at] ^= bit;
                // Whatever comes of it, it comes back, and soon. What is padding or salt no more is another passphrase's.
                let _ = decrypt(&bytes, PASSPHRASE, &CHEAP);
                bytes[at] ^= bit;
            }
        }
    }
}

#[test]
fn openssl_reads_what_is_written() {
    let key = FileKey::generate().unwrap();
    let text = key.to_encrypted_pem("p\u{e4}ss \u{1f511} phrase").unwrap();
    assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    let Block::Encrypted(der) = Block::read(&text).unwrap() else {
        panic!("{text}");
    };
    let plain = decrypt(&der, "p\u{e4}ss \u{1f511} phrase", &Costs::default());
    let again = FileKey::from_der(&plain.unwrap().unwrap()).unwrap();
    assert_eq!(again.public_key(), key.public_key());
    // The same key twice: another salt.
    assert_ne!(
        text,
        key.to_encrypted_pem("p\u{e4}ss \u{1f511} phrase").unwrap()
    );

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.pem");
    std::fs::write(&path, &text).unwrap();
    let openssl = |passphrase: &str| {
        Command::new("openssl")
            .args(["pkey", "-pubout", "-in"])
            .arg(&path)
            .args(["-passin", &format!("pass:{passphrase}")])
            .stdin(Stdio::null())
            .output()
    };
    let Ok(output) = openssl("p\u{e4}ss \u{1f511} phrase") else {
        crate::tests::skip("keys", "openssl", "apt-get install openssl");
        return;
    };
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        key.public_key_pem()
    );
    assert!(!openssl("another").unwrap().status.success());
}
