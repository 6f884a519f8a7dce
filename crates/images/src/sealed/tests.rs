use super::*;
use countersign_x509::KeyKind;

/// A file of `tests/data`, all by `esp_enc_img_gen.py`.
fn vector(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).unwrap()
}

/// The image that the vectors hold.
fn image() -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../esp-formats/tests/data");
    std::fs::read(format!("{folder}/ok_signed_p256.bin")).unwrap()
}

fn sealing(text: &[u8]) -> Result<SealingKey, Error> {
    match KeyText::read(text)? {
        KeyText::Public(spki) => SealingKey::from_spki(&spki),
        KeyText::Private(der) => OpeningKey::from_der(&der)?.sealing_key(),
        KeyText::Encrypted(_) => panic!("encrypted"),
    }
}

fn opening(text: &[u8]) -> Result<OpeningKey, Error> {
    match KeyText::read(text)? {
        KeyText::Public(_) => Err(Error::PublicKey),
        KeyText::Private(der) => OpeningKey::from_der(&der),
        KeyText::Encrypted(_) => panic!("encrypted"),
    }
}

fn rsa() -> OpeningKey {
    opening(&vector("rsa_priv_key.pem")).unwrap()
}

fn ecies() -> OpeningKey {
    OpeningKey::from_hmac_key(&vector("device_hmac_key.bin")).unwrap()
}

fn both() -> [(OpeningKey, Scheme, &'static str, &'static str); 2] {
    [
        (
            rsa(),
            Scheme::Rsa3072,
            "ok_sealed_rsa.bin",
            "rsa_pub_key.pem",
        ),
        (
            ecies(),
            Scheme::EciesP256,
            "ok_sealed_ecies.bin",
            "device_pub_key.pem",
        ),
    ]
}

#[test]
fn what_the_reference_tool_sealed_opens() {
    for (key, scheme, sealed, _) in both() {
        let opened = open(&vector(sealed), &key).unwrap();
        assert_eq!(opened.scheme, scheme);
        assert!(*opened.plain == image());
    }
}

#[test]
fn the_public_half_is_the_reference_tool_s() {
    for (key, scheme, _, public) in both() {
        let ours = key.sealing_key().unwrap();
        let theirs = sealing(&vector(public)).unwrap();
        assert_eq!(ours.fingerprint(), theirs.fingerprint());
        assert_eq!(
            (ours.scheme(), theirs.scheme(), key.scheme()),
            (scheme, scheme, scheme)
        );
        assert_eq!(ours.to_pem().as_bytes(), vector(public));
    }
}

#[test]
fn what_is_sealed_opens_and_is_sealed_otherwise_each_time() {
    for (key, scheme, ..) in both() {
        let public = key.sealing_key().unwrap();
        for len in [1, 15, 16, 17, 4096] {
            let plain = vec![0xA5; len];
            let sealed = seal(&plain, &public).unwrap();
            assert_eq!(sealed.len(), len + 512);
            let again = seal(&plain, &public).unwrap();
            assert_ne!(sealed[4..404], again[4..404]);
            let opened = open(&sealed, &key).unwrap();
            assert_eq!(opened.scheme, scheme);
            assert_eq!(*opened.plain, plain);
        }
    }
}

#[test]
fn no_flipped_bit_is_accepted() {
    for (key, scheme, ..) in both() {
        let sealed = seal(&[0x5A; 33], &key.sealing_key().unwrap()).unwrap();
        let mut damaged = sealed.clone();
        for at in 0..sealed.len() {
            // RSA takes its time: a bit of each byte there, all of them elsewhere.
            let slow = scheme == Scheme::Rsa3072 && (4..388).contains(&at);
            let bits = if slow { at % 8..at % 8 + 1 } else { 0..8 };
            for bit in bits {
                damaged[at] ^= 1 << bit;
                let error = open(&damaged, &key).unwrap_err();
                damaged[at] ^= 1 << bit;
                match (at, error) {
                    (0..4 | 404..408 | 424..512, Error::Format { .. })
                    | (4..404 | 408..424 | 512.., Error::NotOpened) => {}
                    // The zeros are what tells the schemes apart.
                    (100..388, Error::OtherScheme { sealed, .. }) if scheme != Scheme::Rsa3072 => {
                        assert_eq!(sealed, Scheme::Rsa3072);
                    }
                    (at, error) => panic!("byte {at}: {error}"),
                }
            }
        }
        open(&damaged, &key).unwrap();
    }
}

#[test]
fn no_cut_file_is_accepted_nor_one_with_something_behind_it() {
    for (key, ..) in both() {
        let mut sealed = seal(&[0x5A; 33], &key.sealing_key().unwrap()).unwrap();
        for len in 0..sealed.len() {
            let error = open(&sealed[..len], &key).unwrap_err();
            assert!(matches!(error, Error::Format { .. }), "{len}: {error}");
        }
        sealed.push(0);
        let kind = esp_formats::ErrorKind::TrailingData;
        let error = Error::Format { kind, offset: 545 };
        assert_eq!(open(&sealed, &key).unwrap_err(), error);
    }
}

#[test]
fn other_keys_and_the_other_scheme_s_do_not_open() {
    let (rsa, ecies) = (rsa(), ecies());
    let other = |sealed, key| Error::OtherScheme { sealed, key };
    let (a, b) = (vector("ok_sealed_rsa.bin"), vector("ok_sealed_ecies.bin"));
    let error = open(&a, &ecies).unwrap_err();
    assert_eq!(error, other(Scheme::Rsa3072, Scheme::EciesP256));
    let error = open(&b, &rsa).unwrap_err();
    assert_eq!(error, other(Scheme::EciesP256, Scheme::Rsa3072));
    for (scheme, sealed) in [(Scheme::Rsa3072, &a), (Scheme::EciesP256, &b)] {
        let made = generate(scheme).unwrap();
        let stranger = match scheme {
            Scheme::Rsa3072 => opening(&made.secret).unwrap(),
            Scheme::EciesP256 => OpeningKey::from_hmac_key(&made.secret).unwrap(),
        };
        assert_eq!(open(sealed, &stranger).unwrap_err(), Error::NotOpened);
    }
}

#[test]
fn new_keys_are_pairs_and_as_the_reference_tool_writes_them() {
    for scheme in [Scheme::Rsa3072, Scheme::EciesP256] {
        let made = generate(scheme).unwrap();
        let key = match scheme {
            Scheme::Rsa3072 => {
                let text = String::from_utf8(made.secret.to_vec()).unwrap();
                assert!(text.starts_with("-----BEGIN RSA PRIVATE KEY-----\nMII"));
                assert!(text.ends_with("-----END RSA PRIVATE KEY-----\n"));
                assert!(text.lines().all(|line| line.len() <= 64));
                opening(text.as_bytes()).unwrap()
            }
            Scheme::EciesP256 => OpeningKey::from_hmac_key(&made.secret).unwrap(),
        };
        let public = sealing(made.public.to_pem().as_bytes()).unwrap();
        assert_eq!(public.fingerprint(), made.public.fingerprint());
        let sealed = seal(b"image", &made.public).unwrap();
        assert_eq!(**open(&sealed, &key).unwrap().plain, *b"image");
    }
}

#[test]
fn what_is_sealed_is_not_sealed_again_nor_is_nothing() {
    let public = ecies().sealing_key().unwrap();
    let sealed = seal(b"image", &public).unwrap();
    assert_eq!(seal(&sealed, &public), Err(Error::AlreadySealed));
    let error = seal(b"", &public).unwrap_err();
    assert!(matches!(error, Error::Format { offset: 404, .. }));
    let error = seal(&vec![0; (16 << 20) + 1], &public).unwrap_err();
    assert!(matches!(error, Error::Format { offset: 404, .. }));
}

#[test]
fn keys_that_do_not_fit_are_called_what_they_are() {
    let certificate = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert_eq!(sealing(certificate).unwrap_err(), Error::Certificate);
    assert_eq!(sealing(b"").unwrap_err(), Error::NoKey);
    assert_eq!(sealing(&[0xFF; 32]).unwrap_err(), Error::NoKey);
    let twice = [vector("rsa_pub_key.pem"), vector("device_pub_key.pem")].concat();
    assert_eq!(sealing(&twice).unwrap_err(), Error::ManyKeys { found: 2 });
    let cut = &vector("rsa_pub_key.pem")[..600];
    assert_eq!(sealing(cut).unwrap_err(), Error::MalformedKey);
    let error = opening(&vector("rsa_pub_key.pem")).unwrap_err();
    assert_eq!(error, Error::PublicKey);
    let old = b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    assert_eq!(opening(old).unwrap_err(), Error::OldEncryption);
    for len in [0, 16, 31, 33, 64] {
        let error = OpeningKey::from_hmac_key(&vec![1; len]).unwrap_err();
        assert_eq!(error, Error::HmacKeyLength { found: len });
    }
}

#[test]
fn kinds_sizes_and_curves_are_told_in_every_structure() {
    use aws_lc_rs::{
        agreement::{ECDH_P384, PrivateKey},
        encoding::{AsDer, EcPrivateKeyRfc5915Der, Pkcs8V1Der, PublicKeyX509Der},
        rsa::{KeySize, PrivateDecryptingKey},
        signature::{ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _},
    };
    let small = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
    let pkcs8: Pkcs8V1Der<'_> = small.as_der().unwrap();
    let pkcs1 = text::of_pkcs8(pkcs8.as_ref()).unwrap();
    let public: PublicKeyX509Der<'_> = small.public_key().as_der().unwrap();
    let found = KeyKind::Rsa { bits: 2048 };
    let unfit = |found: &KeyKind| Error::KeyKind {
        found: found.clone(),
    };
    for der in [pkcs8.as_ref(), &pkcs1] {
        assert_eq!(OpeningKey::from_der(der).unwrap_err(), unfit(&found));
    }
    let error = SealingKey::from_spki(public.as_ref()).unwrap_err();
    assert_eq!(error, unfit(&found));

    let p384 = PrivateKey::generate(&ECDH_P384).unwrap();
    let sec1: EcPrivateKeyRfc5915Der<'_> = p384.as_der().unwrap();
    let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING).unwrap();
    let pkcs8 = pair.to_pkcs8v1().unwrap();
    for der in [sec1.as_ref(), pkcs8.as_ref()] {
        let error = OpeningKey::from_der(der).unwrap_err();
        assert_eq!(error, unfit(&KeyKind::EcP384));
    }
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    let error = SealingKey::from_spki(public.as_ref()).unwrap_err();
    assert_eq!(error, unfit(&KeyKind::EcP384));

    let ed = Ed25519KeyPair::generate().unwrap();
    let error = OpeningKey::from_der(ed.to_pkcs8v1().unwrap().as_ref()).unwrap_err();
    assert_eq!(error, unfit(&KeyKind::Ed25519));
}

#[test]
fn a_private_key_is_read_in_each_of_its_structures() {
    use aws_lc_rs::{
        agreement::{ECDH_P256, PrivateKey},
        encoding::{AsDer, EcPrivateKeyRfc5915Der},
    };
    let key = PrivateKey::generate(&ECDH_P256).unwrap();
    let sec1: EcPrivateKeyRfc5915Der<'_> = key.as_der().unwrap();
    let key = OpeningKey::from_der(sec1.as_ref()).unwrap();
    let sealed = seal(b"image", &key.sealing_key().unwrap()).unwrap();
    assert_eq!(**open(&sealed, &key).unwrap().plain, *b"image");

    let KeyText::Private(pkcs1) = KeyText::read(&vector("rsa_priv_key.pem")).unwrap() else {
        panic!("no private key");
    };
    let pkcs8 = text::to_pkcs8(&pkcs1);
    assert_eq!(*text::of_pkcs8(&pkcs8).unwrap(), *pkcs1);
    let key = OpeningKey::from_der(&pkcs8).unwrap();
    open(&vector("ok_sealed_rsa.bin"), &key).unwrap();
}

#[test]
fn damaged_keys_make_no_panic() {
    let KeyText::Private(der) = KeyText::read(&vector("rsa_priv_key.pem")).unwrap() else {
        panic!("no private key");
    };
    for len in 0..64 {
        OpeningKey::from_der(&der[..len]).unwrap_err();
    }
    let KeyText::Public(spki) = KeyText::read(&vector("device_pub_key.pem")).unwrap() else {
        panic!("no public key");
    };
    for at in 0..spki.len() {
        let mut damaged = spki.clone();
        damaged[at] ^= 0x01;
        SealingKey::from_spki(&damaged).unwrap_err();
        SealingKey::from_spki(&spki[..at]).unwrap_err();
    }
    let text = vector("device_pub_key.pem");
    for len in 0..text.len() - 1 {
        sealing(&text[..len]).unwrap_err();
    }
}
