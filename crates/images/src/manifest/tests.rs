use aws_lc_rs::{
    encoding::{AsDer as _, PublicKeyX509Der},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use countersign_protocol::{Author, Digest, SignedManifest};

use super::*;
use crate::check::Signed;

const AUTHOR: &[u8] = include_bytes!("../../tests/data/ok_author.spki.der");
const SIGNED: &[u8] = include_bytes!("../../tests/data/ok_manifest.cose");
const CREATED: UnixTime = UnixTime(1_800_000_000);

struct Key {
    pair: EcdsaKeyPair,
    spki: Vec<u8>,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        let spki = spki.as_ref().to_vec();
        Self { pair, spki }
    }
}

impl Signer for Key {
    fn public_key(&self) -> &[u8] {
        &self.spki
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let signature = self.pair.sign(&SystemRandom::new(), message);
        Ok(signature.unwrap().as_ref().to_vec())
    }
}

fn checked() -> Checked {
    Checked {
        digest: Digest([7; 32]),
        size: 1_000_000,
        chip: 5,
        project: "demo".to_owned(),
        version: "1.2.0".to_owned(),
        idf_version: "v5.5.1".to_owned(),
        secure_version: 3,
        built: String::new(),
        segments: 5,
        has_appended_digest: true,
        signed: Signed::No,
    }
}

#[test]
fn verifies_what_another_program_signed() {
    let verified = verify(SIGNED, &[AUTHOR.to_vec()]).unwrap();
    assert_eq!(verified.author(), author_id(AUTHOR));
    assert!(!verified.manifest().product.is_empty());
}

#[test]
fn what_is_signed_says_what_was_checked() {
    let (key, checked) = (Key::new(), checked());
    for not_after in [None, Some(UnixTime(1_900_000_000))] {
        let signed = sign(&checked, "thermostat", 42, CREATED, not_after, &key).unwrap();
        let others = [AUTHOR.to_vec(), key.spki.clone()];
        let verified = verify(&signed, &others).unwrap();
        assert_eq!(verified.author(), author_id(&key.spki));
        let manifest = *verified.manifest();
        assert_eq!(
            (manifest.product, manifest.counter, manifest.created),
            ("thermostat", 42, CREATED)
        );
        assert_eq!(manifest.not_after, not_after);
        assert_eq!(matches(&manifest, &checked), Ok(()));
    }
}

#[test]
fn the_longest_texts_fit() {
    let long = "x".repeat(32);
    let checked = Checked {
        project: long.clone(),
        version: long.clone(),
        size: u32::MAX,
        secure_version: u32::MAX,
        chip: u16::MAX,
        ..checked()
    };
    let end = UnixTime(u64::MAX);
    sign(&checked, &long, u64::MAX, end, Some(end), &Key::new()).unwrap();
}

#[test]
fn refuses_what_a_manifest_cannot_say() {
    let key = Key::new();
    for (product, version) in [
        ("", "1"),
        (&*"p".repeat(33), "1"),
        ("demo", ""),
        ("demo", &*"v".repeat(33)),
    ] {
        let checked = Checked {
            version: version.to_owned(),
            ..checked()
        };
        let refused = sign(&checked, product, 1, CREATED, None, &key);
        assert!(
            matches!(refused, Err(ManifestError::Unfit(_))),
            "{refused:?}"
        );
    }
}

#[test]
fn believes_known_authors_alone() {
    let (key, other) = (Key::new(), Key::new());
    let signed = sign(&checked(), "demo", 1, CREATED, None, &key).unwrap();
    for known in [&[] as &[Vec<u8>], &[AUTHOR.to_vec(), other.spki.clone()]] {
        let refused = verify(&signed, known);
        let author = author_id(&key.spki);
        assert!(matches!(refused, Err(ManifestError::UnknownAuthor(id)) if id == author));
    }
}

#[test]
fn no_changed_byte_is_believed() {
    let known = [AUTHOR.to_vec()];
    for end in 0..SIGNED.len() {
        verify(&SIGNED[..end], &known).unwrap_err();
    }
    for at in 0..SIGNED.len() {
        for bit in 0..8 {
            let mut changed = SIGNED.to_vec();
            changed[at] ^= 1 << bit;
            verify(&changed, &known).unwrap_err();
        }
    }
    let mut last = SIGNED.to_vec();
    *last.last_mut().unwrap() ^= 1;
    let refused = verify(&last, &known);
    assert!(matches!(refused, Err(ManifestError::BadSignature(id)) if id == author_id(AUTHOR)));
}

#[test]
fn a_key_has_one_form() {
    let es256 = |spki: &[u8]| AwsLcEs256.es256_verify(spki, b"", &[1; 64]);
    for end in 0..AUTHOR.len() {
        assert!(!es256(&AUTHOR[..end]));
    }
    // The bare point, which aws-lc would read too.
    let bare = &AUTHOR[P256_SPKI.len()..];
    let signed = SignedManifest::parse(SIGNED).unwrap();
    let author = Author {
        id: signed.author(),
        public_key: bare,
    };
    assert!(signed.verify(&[author], &AwsLcEs256).is_err());
}

#[test]
fn a_key_that_signs_as_another_is_found_out() {
    #[derive(Debug)]
    struct Wrong(Vec<u8>, Vec<u8>);
    impl Signer for Wrong {
        fn public_key(&self) -> &[u8] {
            &self.0
        }
        fn sign(&self, _message: &[u8]) -> Result<Vec<u8>, SignError> {
            Ok(self.1.clone())
        }
    }
    #[derive(Debug)]
    struct Locked;
    impl Signer for Locked {
        fn public_key(&self) -> &[u8] {
            AUTHOR
        }
        fn sign(&self, _message: &[u8]) -> Result<Vec<u8>, SignError> {
            Err(SignError("locked".to_owned()))
        }
    }
    let elsewhere = Key::new().sign(b"another message").unwrap();
    for signature in [elsewhere, Vec::new(), vec![0x30, 0]] {
        let key = Wrong(AUTHOR.to_vec(), signature);
        let refused = sign(&checked(), "demo", 1, CREATED, None, &key);
        assert!(matches!(refused, Err(ManifestError::SignerWrong)));
    }
    let refused = sign(&checked(), "demo", 1, CREATED, None, &Locked);
    assert!(matches!(refused, Err(ManifestError::Sign(_))));
}

#[test]
fn names_the_first_field_that_differs() {
    let checked = checked();
    let manifest = Manifest {
        product: "demo",
        chip: 5,
        project: "demo",
        version: "1.2.0",
        image: Digest([7; 32]),
        size: 1_000_000,
        counter: 1,
        secure_version: 3,
        created: CREATED,
        not_after: None,
    };
    assert_eq!(matches(&manifest, &checked), Ok(()));
    let image = Digest([8; 32]);
    let different = [
        (
            Manifest {
                chip: 9,
                image,
                ..manifest
            },
            "chip",
            "9",
            "5",
        ),
        (
            Manifest {
                project: "x",
                image,
                ..manifest
            },
            "project",
            "x",
            "demo",
        ),
        (
            Manifest {
                version: "1.3.0",
                image,
                ..manifest
            },
            "version",
            "1.3.0",
            "1.2.0",
        ),
        (
            Manifest {
                secure_version: 0,
                image,
                ..manifest
            },
            "secure version",
            "0",
            "3",
        ),
        (
            Manifest {
                size: 1,
                image,
                ..manifest
            },
            "size",
            "1",
            "1000000",
        ),
    ];
    for (manifest, field, says, has) in different {
        let expected = Mismatch {
            field,
            manifest: says.to_owned(),
            image: has.to_owned(),
        };
        assert_eq!(matches(&manifest, &checked), Err(expected));
    }
    let digest = matches(&Manifest { image, ..manifest }, &checked).unwrap_err();
    assert_eq!(digest.field, "digest");
}
