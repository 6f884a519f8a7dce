use super::*;
use crate::public_key_from_pem;
use countersign_x509::CertificateRequest;

fn verifies(key: &FileKey, message: &[u8], signature: &[u8]) -> bool {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
    let fixed = countersign_pki::fixed_signature(signature).unwrap();
    let point = &key.public_key()[26..];
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
        .verify(message, &fixed)
        .is_ok()
}

#[test]
fn every_form_that_openssl_writes_is_the_same_key() {
    let expected = public_key_from_pem(&vector("ok_public")).unwrap();
    for name in ["ok_pkcs8", "ok_sec1_with_parameters"] {
        let key = FileKey::from_pkcs8_pem(&vector(name)).unwrap();
        assert_eq!(key.public_key(), expected, "{name}");
        assert_eq!(key.public_key_pem(), vector("ok_public"));
        assert_eq!(*key.to_pkcs8_pem().unwrap(), vector("ok_pkcs8"));
    }
    let certificate = vector("ok_public_certificate");
    assert_eq!(public_key_from_pem(&certificate).unwrap(), expected);
}

#[test]
fn other_keys_and_encrypted_ones_are_told_apart() {
    let check = |text: &str| FileKey::from_pkcs8_pem(text).unwrap_err();
    let sec1 = check(&vector("err_encrypted_sec1"));
    assert!(matches!(sec1, Error::Encryption), "{sec1:?}");
    let pkcs8 = check(&vector("ok_encrypted_default"));
    assert!(matches!(pkcs8, Error::Encrypted), "{pkcs8:?}");
    let two = vector("ok_pkcs8").repeat(2);
    let names = ["err_not_p256", "err_not_ec", "ok_public"];
    let texts = names.iter().map(|name| vector(name));
    for text in texts.chain([String::new(), "-----BEGIN".to_owned(), two]) {
        assert!(matches!(check(&text), Error::NotAKey), "{text}");
    }
    // A key that nobody would believe is refused where its owner can still do something about it.
    let foreign =
        ["p384", "ed25519", "compressed"].map(|kind| vector(&format!("err_public_{kind}")));
    for text in foreign
        .into_iter()
        .chain([String::new(), vector("ok_pkcs8")])
    {
        let refused = public_key_from_pem(&text).unwrap_err();
        assert!(matches!(refused, Error::NotAPublicKey(_)), "{text}");
    }
}

#[test]
fn signatures_are_der_and_turn_into_fixed_ones() {
    let key = FileKey::generate().unwrap();
    // Enough for a number with a leading zero or a sign byte to occur.
    for round in 0..200_u32 {
        let message = round.to_be_bytes();
        let signature = key.sign(&message).unwrap();
        assert!(verifies(&key, &message, &signature));
        assert!(!verifies(&key, b"another", &signature));
    }
}

#[test]
fn a_new_file_is_its_owners_and_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.key");
    let key = FileKey::create_new(&path).unwrap();
    let loaded = FileKey::load(&path).unwrap();
    assert_eq!(loaded.public_key(), key.public_key());
    let again = FileKey::create_new(&path).unwrap_err();
    assert!(matches!(again, Error::AlreadyThere { .. }));
    let loaded = FileKey::load(&path).unwrap();
    assert_eq!(loaded.public_key(), key.public_key());
    // Nothing is left beside it.
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 1);
    let nowhere = FileKey::create_new(&folder.path().join("no/such/folder"));
    assert!(matches!(nowhere, Err(Error::Write { .. })));
    let nowhere = FileKey::load(&folder.path().join("none"));
    assert!(matches!(nowhere, Err(Error::Read { .. })));
}

#[cfg(unix)]
#[test]
fn a_file_that_others_may_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    FileKey::create_new(&path).unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    for mode in [0o640, 0o604, 0o660, 0o644] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let refused = FileKey::load(&path).unwrap_err();
        assert!(matches!(refused, Error::TooOpen { mode: seen, .. } if seen == mode));
    }
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).unwrap();
    FileKey::load(&path).unwrap();
}

#[test]
fn debug_shows_no_secret() {
    let key = FileKey::from_pkcs8_pem(&vector("ok_pkcs8")).unwrap();
    let shown = format!("{key:?}");
    let document = key.pair.to_pkcs8v1().unwrap();
    // The private number stands 36 bytes into what AWS-LC writes.
    let secret = &document.as_ref()[36..68];
    assert!(!shown.contains(&format!("{secret:?}")[1..20]));
    let public = format!("{:?}", key.public_key());
    assert_eq!(shown, format!("FileKey {{ public_key: {public}, .. }}"));
}

#[test]
fn a_request_names_the_key_and_proves_it() {
    let key = FileKey::generate().unwrap();
    let text = countersign_pki::certificate_request(&key, "7cdfa1000001").unwrap();
    let request = CertificateRequest::from_pem(text.as_bytes()).unwrap();
    assert_eq!(request.public_key(), key.public_key());
    assert_eq!(request.common_name(), Some("7cdfa1000001"));
}
