use super::*;
use crate::{file::vector, passphrase::Surroundings};
use std::io;

/// A passphrase for all keys, and nobody to ask.
struct Set(&'static str);

impl Surroundings for Set {
    fn variable(&self, name: &str) -> Option<Zeroizing<String>> {
        let set = name == "COUNTERSIGN_PASSPHRASE" && !self.0.is_empty();
        set.then(|| Zeroizing::new(self.0.to_owned()))
    }

    fn ask(&self, _: &str) -> Option<io::Result<Zeroizing<String>>> {
        None
    }
}

fn secrets(passphrase: &'static str) -> Passphrases {
    Passphrases::with(None, Set(passphrase))
}

fn open_vector(name: &str, passphrase: &'static str) -> Result<Arc<dyn Signer>, Error> {
    Stored::from_text(&vector(name), name)?.open(&secrets(passphrase))
}

#[test]
fn the_same_key_plain_and_encrypted() {
    let plain = open_vector("ok_pkcs8", "").unwrap();
    let encrypted = open_vector("ok_encrypted_scrypt", "correct horse").unwrap();
    assert_eq!(plain.public_key(), encrypted.public_key());
}

#[test]
fn what_is_no_key_is_told_apart_from_a_wrong_passphrase() {
    let check = |name: &str, passphrase| open_vector(name, passphrase).unwrap_err();
    let wrong = check("ok_encrypted_default", "wrong");
    assert!(matches!(wrong, Error::WrongPassphrase { key, .. } if key == "ok_encrypted_default"));
    let none = check("ok_encrypted_default", "");
    assert!(matches!(none, Error::NoSecret { .. }));
    for name in ["err_encrypted_rsa", "err_encrypted_p384"] {
        assert!(
            matches!(check(name, "correct horse"), Error::NotAKey),
            "{name}"
        );
    }
    for name in [
        "ok_public_certificate",
        "ok_public",
        "err_not_p256",
        "err_not_ec",
    ] {
        assert!(matches!(check(name, ""), Error::NotAKey), "{name}");
    }
    let whole = vector("ok_encrypted_default");
    for len in 0..whole.len() - 30 {
        let cut = Stored::from_text(&whole[..len], "cut");
        let cut = cut.and_then(|stored| stored.open(&secrets("correct horse")));
        assert!(matches!(cut, Err(Error::NotAKey)), "cut at {len}: {cut:?}");
    }
    let two = whole.repeat(2);
    assert!(matches!(
        Stored::from_text(&two, "two"),
        Err(Error::NotAKey)
    ));
    let bad = Stored::from_text("pkcs11:token=a\n", "bad").unwrap_err();
    assert!(matches!(bad, Error::BadUri(_)));
}

#[test]
fn a_key_is_opened_when_it_first_signs_and_must_be_its_certificates() {
    let stored = || Stored::from_text(&vector("ok_encrypted_scrypt"), "k").unwrap();
    let expected = open_vector("ok_pkcs8", "").unwrap();
    let key = stored().when_needed(expected.public_key(), Arc::new(secrets("correct horse")));
    assert_eq!(key.public_key(), expected.public_key());
    key.sign(b"message").unwrap();
    let key = stored().when_needed(expected.public_key(), Arc::new(secrets("")));
    assert_eq!(key.public_key(), expected.public_key());
    let refused = key.sign(b"message").unwrap_err();
    assert!(
        refused.to_string().contains("COUNTERSIGN_PASSPHRASE_K"),
        "{refused}"
    );
    let other = FileKey::generate().unwrap();
    let key = stored().when_needed(other.public_key(), Arc::new(secrets("correct horse")));
    assert!(key.sign(b"message").is_err());
}

#[test]
fn an_encrypted_file_is_read_back_from_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("device-root.key");
    let key = FileKey::generate().unwrap();
    key.save_new_encrypted(&path, "correct horse").unwrap();
    let again = open(&path, &secrets("correct horse")).unwrap();
    assert_eq!(again.public_key(), key.public_key());
    let refused = FileKey::load(&path).unwrap_err();
    assert!(matches!(refused, Error::Encrypted));
}

#[cfg(not(feature = "pkcs11"))]
#[test]
fn without_tokens_the_feature_is_named() {
    let line = "pkcs11:token=a;object=b?module-path=/m.so\n";
    let refused = Stored::from_text(line, "k").unwrap().open(&secrets(""));
    let refused = refused.unwrap_err();
    assert!(matches!(refused, Error::NoTokens { .. }));
    assert!(
        refused.to_string().contains("--features pkcs11"),
        "{refused}"
    );
}
