use aws_lc_rs::digest;

use super::*;
use crate::{file::vector, passphrase::Surroundings};
use zeroize::Zeroizing;

/// Nobody to ask, and this passphrase in the environment.
struct Said(&'static str);

impl Surroundings for Said {
    fn variable(&self, name: &str) -> Option<Zeroizing<String>> {
        let said = name == "COUNTERSIGN_PASSPHRASE" && !self.0.is_empty();
        said.then(|| Zeroizing::new(self.0.to_owned()))
    }

    fn ask(&self, _: &str) -> Option<std::io::Result<Zeroizing<String>>> {
        None
    }
}

fn opened(name: &str, passphrase: &'static str) -> Result<FileImageKey, Error> {
    let passphrases = Passphrases::with(None, Said(passphrase));
    in_file(&vector(name), name, &passphrases)
}

fn public(name: &str) -> Result<ImagePublicKey, Error> {
    let passphrases = Passphrases::with(None, Said(""));
    public_key(Path::new(name), &vector(name), &passphrases)
}

#[test]
fn every_form_that_openssl_writes_is_one_key() {
    let expected = public("image_rsa3072_public").unwrap();
    assert_eq!(expected.source, KeySource::Public);
    for name in [
        "image_rsa3072",
        "image_rsa3072_pkcs1",
        "image_rsa3072_encrypted",
    ] {
        let key = opened(name, "correct horse").unwrap();
        assert_eq!(key.public_key(), expected.spki, "{name}");
        assert_eq!(key.algorithm(), Algorithm::RsaPss3072);
    }
    let certificate = public("image_rsa3072_certificate").unwrap();
    assert_eq!(certificate.spki, expected.spki);
    assert_eq!(certificate.source, KeySource::Certificate);
    let private = public("image_rsa3072").unwrap();
    assert_eq!(private.spki, expected.spki);
    assert_eq!(private.source, KeySource::Private);
}

#[test]
fn each_kind_of_key_signs_a_digest_of_its_own() {
    for (name, algorithm, len) in [
        ("image_rsa3072", Algorithm::RsaPss3072, 384),
        ("ok_pkcs8", Algorithm::EcdsaP256, 64),
        ("image_p384", Algorithm::EcdsaP384, 96),
    ] {
        let key = opened(name, "").unwrap();
        assert_eq!(key.algorithm(), algorithm, "{name}");
        let sum = digest::digest(algorithm.digest(), b"image");
        let signature = key.sign_digest(sum.as_ref()).unwrap();
        assert_eq!(signature.len(), len);
        assert!(verifies(key.public_key(), sum.as_ref(), &signature));
        let mut other = sum.as_ref().to_vec();
        other[0] ^= 1;
        assert!(!verifies(key.public_key(), &other, &signature));
        assert!(!verifies(
            key.public_key(),
            sum.as_ref(),
            &signature[..len - 1]
        ));
        assert!(key.sign_digest(&sum.as_ref()[1..]).is_err());
        assert!(!format!("{key:?}").contains("pair"));
    }
}

#[test]
fn what_signs_no_images_is_named() {
    let found = |name| match opened(name, "correct horse").unwrap_err() {
        Error::NotAnImageKey { found } => found,
        other => panic!("{name}: {other:?}"),
    };
    for (name, word) in [
        ("image_rsa3072_certificate", "a certificate"),
        ("image_rsa3072_public", "a public key"),
        ("image_rsa2048", "2048 bits"),
        ("image_p192", "P-192"),
        ("image_p192_pkcs8", "P-192"),
        ("err_not_ec", ""),
    ] {
        assert!(found(name).contains(word), "{name}: {}", found(name));
    }
    let none = opened("image_rsa3072_encrypted", "").unwrap_err();
    assert!(matches!(none, Error::NoSecret { .. }), "{none:?}");
    let wrong = opened("image_rsa3072_encrypted", "battery").unwrap_err();
    assert!(matches!(wrong, Error::WrongPassphrase { .. }), "{wrong:?}");
    let old = opened("err_encrypted_sec1", "correct horse").unwrap_err();
    assert!(matches!(old, Error::Encryption), "{old:?}");
}

#[test]
fn the_public_half_of_a_key_on_p_192_is_read_though_it_signs_nothing() {
    let expected = public("image_p192_public").unwrap().spki;
    for name in ["image_p192", "image_p192_pkcs8"] {
        assert_eq!(public(name).unwrap().spki, expected, "{name}");
    }
    assert_eq!(Algorithm::of(&expected), None);
}

#[test]
fn damaged_keys_do_no_harm() {
    for name in ["image_rsa3072_pkcs1", "image_p384", "image_p192_pkcs8"] {
        let text = vector(name);
        let passphrases = Passphrases::with(None, Said(""));
        for len in 0..text.len() {
            let cut = text.get(..len).unwrap();
            let _ = in_file(cut, name, &passphrases);
            let _ = public_key(Path::new(name), cut, &passphrases);
        }
        let Block::Plain(der) = Block::read(&text).unwrap() else {
            panic!("encrypted")
        };
        for at in 0..der.len().min(200) {
            let mut der = der.to_vec();
            der[at] ^= 0x55;
            let _ = FileImageKey::from_der(&der);
        }
    }
}
