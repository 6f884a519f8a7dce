//! Keys for images.

use std::fs;

use countersign_keys::{Error, image::ImageSigner as _, pkcs11::TokenImageKey};

use super::{Ground, done, on_a_token, pin, run};

impl Ground {
    fn open_for_images(&self, object: &str) -> Result<TokenImageKey, Error> {
        TokenImageKey::open(&self.uri(object), object, &pin("1234"))
    }

    /// The digest of a message, by `openssl`.
    fn digest(&self, algorithm: &str) -> Vec<u8> {
        let (message, sum) = (self.folder.join("message"), self.folder.join("sum"));
        fs::write(&message, b"an image").unwrap();
        let mut openssl = std::process::Command::new("openssl");
        openssl.args(["dgst", algorithm, "-binary", "-out"]);
        done(openssl.arg(&sum).arg(&message));
        fs::read(sum).unwrap()
    }
}

#[test]
fn keys_of_each_kind_sign_as_openssl_verifies() {
    on_a_token(
        "image::keys_of_each_kind_sign_as_openssl_verifies",
        |ground| {
            ground.make("rsa", "01", "RSA:3072");
            ground.make("p256", "02", "EC:prime256v1");
            ground.make("p384", "03", "EC:secp384r1");
            for (label, algorithm) in [("rsa", "-sha256"), ("p256", "-sha256"), ("p384", "-sha384")]
            {
                let key = ground.open_for_images(label).unwrap();
                let digest = ground.digest(algorithm);
                let mut signature = key.sign_digest(&digest).unwrap();
                let text = countersign_x509::pem::encode("PUBLIC KEY", key.public_key());
                let path = |name: &str| ground.folder.join(name);
                fs::write(path("public"), text).unwrap();
                if label != "rsa" {
                    signature = der(&signature);
                }
                fs::write(path("signature"), &signature).unwrap();
                let mut openssl = std::process::Command::new("openssl");
                openssl.args(["pkeyutl", "-verify", "-pubin", "-inkey"]);
                openssl.arg(path("public")).arg("-in").arg(path("sum"));
                openssl.arg("-sigfile").arg(path("signature"));
                if label == "rsa" {
                    for option in [
                        "digest:sha256",
                        "rsa_padding_mode:pss",
                        "rsa_pss_saltlen:32",
                        "rsa_mgf1_md:sha256",
                    ] {
                        openssl.args(["-pkeyopt", option]);
                    }
                }
                let judged = run(&mut openssl);
                assert!(judged.status.success(), "{label}: {judged:?}");
                key.sign_digest(&digest[1..]).unwrap_err();
            }
        },
    );
}

#[test]
fn other_keys_are_refused_and_a_token_that_comes_back_signs() {
    on_a_token(
        "image::other_keys_are_refused_and_a_token_that_comes_back_signs",
        |ground| {
            ground.make("short", "01", "RSA:2048");
            ground.make("p521", "02", "EC:secp521r1");
            ground.make("rsa", "03", "RSA:3072");
            for label in ["short", "p521"] {
                let unfit = ground.open_for_images(label).unwrap_err();
                assert!(matches!(unfit, Error::UnfitKey { .. }), "{unfit:?}");
            }
            let none = ground.open_for_images("none").unwrap_err();
            assert!(matches!(none, Error::NoObject { .. }), "{none:?}");

            let key = ground.open_for_images("rsa").unwrap();
            let digest = ground.digest("-sha256");
            key.sign_digest(&digest).unwrap();
            let (there, away) = (ground.folder.join("tokens"), ground.folder.join("away"));
            fs::rename(&there, &away).unwrap();
            fs::create_dir(&there).unwrap();
            let gone = key.sign_digest(&digest).unwrap_err().to_string();
            assert!(gone.contains("no such token"), "{gone}");
            fs::remove_dir(&there).unwrap();
            fs::rename(&away, &there).unwrap();
            key.sign_digest(&digest).unwrap();
        },
    );
}

/// `Ecdsa-Sig-Value` (RFC 3279 §2.2.3) of `r || s`.
fn der(fixed: &[u8]) -> Vec<u8> {
    let (r, s) = fixed.split_at(fixed.len() / 2);
    let integer = |number: &[u8]| {
        let digits: Vec<u8> = number
            .iter()
            .skip_while(|digit| **digit == 0)
            .copied()
            .collect();
        let sign = digits.first().is_some_and(|digit| *digit >= 0x80);
        let digits = [&[0][..usize::from(sign)], &digits[..]].concat();
        let len = u8::try_from(digits.len()).unwrap();
        [&[0x02, len][..], &digits].concat()
    };
    let both = [integer(r), integer(s)].concat();
    [&[0x30, u8::try_from(both.len()).unwrap()][..], &both].concat()
}
