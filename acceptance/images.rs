//! Images signed and verified, by us and by Espressif's tools of two major versions, and looked into.

mod bad_input;
mod inspect;
mod loaders;
#[cfg(feature = "pkcs11")]
mod token;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::harness::{House, composed, espressif, need, python, python_of_esptool_4, run};

/// A house with keys and an image for each chip that it needs.
struct Ground {
    house: House,
    python: PathBuf,
}

impl Ground {
    fn new(test: &str) -> Option<Self> {
        let python = python(test)?;
        if !need(test, "openssl", "apt-get install openssl") {
            return None;
        }
        let house = House::empty();
        Some(Self { house, python })
    }

    fn espsecure(&self, args: &[&str]) -> String {
        espressif(&self.python, "espsecure", args)
    }

    /// A key as `espsecure` makes it; gives its file.
    fn key(&self, scheme: &str, name: &str) -> String {
        let path = self.house.text(name);
        self.espsecure(&["generate-signing-key", "-v", "2", "-s", scheme, &path]);
        private(Path::new(&path));
        path
    }

    fn image(&self, chip: &str) -> String {
        let path = self.house.text(&format!("{chip}.bin"));
        fs::write(&path, composed("1.0.0", chip, false).bytes).unwrap();
        path
    }

    /// Whether `espsecure` verifies a file by a key.
    fn verified_by_espsecure(&self, key: &str, file: &str) -> bool {
        let mut command = Command::new(&self.python);
        command.args(["-m", "espsecure", "verify-signature", "-v", "2", "-k"]);
        run(command.args([key, file])).status.success()
    }

    /// The digests that `espsecure` finds in a file's blocks.
    fn digests_by_espsecure(&self, file: &str) -> Vec<String> {
        let words = self.espsecure(&["signature-info-v2", file]);
        let digests = words.lines().filter_map(|line| {
            let digest = line.strip_prefix("Public key digest for block ")?;
            Some(digest.split_once(": ")?.1.replace(' ', ""))
        });
        digests.collect()
    }

    /// The digests that we find there, of blocks that are right.
    fn digests(&self, file: &str) -> Vec<String> {
        let said = self.house.json(&["image", "verify", file]);
        let blocks = said["blocks"].as_array().unwrap().iter();
        let right = blocks.filter(|block| block["right"] == true);
        right
            .map(|block| block["key_digest"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Has an image verified that must not be; gives what is said of it.
    fn not_verified(&self, args: &[&str]) -> String {
        let output = run(&mut self.house.command(&[&["image", "verify"], args].concat()));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(1), "{args:?}: {said}");
        assert!(said.contains("not "), "{args:?}: {said}");
        said
    }

    fn ok(&self, args: &[&str]) -> String {
        self.house.ok(args)
    }
}

/// A key's file is its owner's.
fn private(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn openssl(args: &[&str]) {
    let output = run(Command::new("openssl").args(args));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {errors}");
}

const SCHEMES: [(&str, &str); 3] = [
    ("rsa3072", "esp32s3"),
    ("ecdsa256", "esp32c6"),
    ("ecdsa384", "esp32c5"),
];

#[test]
fn espsecure_verifies_what_is_signed_in_each_scheme_and_the_reverse() {
    let Some(ground) = Ground::new("images::schemes") else {
        return;
    };
    for (scheme, chip) in SCHEMES {
        let (key, other) = (
            ground.key(scheme, &format!("{scheme}.pem")),
            ground.key(scheme, &format!("{scheme}-other.pem")),
        );
        let image = ground.image(chip);
        let [ours, theirs, public, digest] = ["ours.bin", "theirs.bin", "public.pem", "digest"]
            .map(|name| ground.house.text(&format!("{scheme}-{name}")));
        ground.ok(&["image", "sign", "--key", &key, "--out", &ours, &image]);
        assert!(ground.verified_by_espsecure(&key, &ours), "{scheme}");
        assert!(!ground.verified_by_espsecure(&other, &ours), "{scheme}");
        assert_eq!(ground.digests(&ours), ground.digests_by_espsecure(&ours));

        ground.espsecure(&["sign-data", "-v", "2", "-k", &key, "-o", &theirs, &image]);
        openssl(&["pkey", "-in", &key, "-pubout", "-out", &public]);
        for key in [&key, &public] {
            ground.ok(&["image", "verify", "--key", key, &theirs]);
        }
        ground.not_verified(&["--key", &other, &theirs]);
        // Of RSA and ECDSA only the signature differs: it is another each time.
        let (ours, theirs) = (fs::read(&ours).unwrap(), fs::read(&theirs).unwrap());
        assert_eq!(ours.len(), theirs.len());
        let end = ours.len() - 4096 + 36;
        assert!(ours[..end] == theirs[..end]);

        ground.espsecure(&["digest-sbv2-public-key", "-k", &key, "-o", &digest]);
        let written = ground.house.text("written");
        ground.ok(&["image", "digest-key", "--out", &written, &key]);
        assert_eq!(fs::read(&written).unwrap(), fs::read(&digest).unwrap());
    }
}

#[test]
fn p_192_is_verified_and_a_signature_by_it_taken() {
    let Some(ground) = Ground::new("images::p192") else {
        return;
    };
    let (key, image) = (ground.key("ecdsa192", "p192.pem"), ground.image("esp32c2"));
    let theirs = ground.house.text("theirs.bin");
    ground.espsecure(&["sign-data", "-v", "2", "-k", &key, "-o", &theirs, &image]);
    ground.ok(&["image", "verify", "--key", &key, &theirs]);
    assert_eq!(
        ground.digests(&theirs),
        ground.digests_by_espsecure(&theirs)
    );
    let half = &ground.digests(&theirs)[0][..32];
    ground.ok(&["image", "verify", "--key-digest", half, &theirs]);

    elsewhere(&ground, &key, &image, &[]);
}

/// Has an image signed by `openssl` and takes that signature.
fn elsewhere(ground: &Ground, key: &str, image: &str, options: &[&str]) {
    let [public, digest, padded, signature, signed] =
        ["public", "digest", "padded", "signature", "signed"].map(|name| ground.house.text(name));
    openssl(&["pkey", "-in", key, "-pubout", "-out", &public]);
    let what = [
        "--public-key",
        &public,
        "--digest",
        &digest,
        "--padded",
        &padded,
    ];
    ground.ok(&[&["image", "sign"], &what[..], &[image]].concat());
    let mut args = vec![
        "pkeyutl", "-sign", "-inkey", key, "-in", &digest, "-out", &signature,
    ];
    args.extend(options);
    openssl(&args);
    // From the image, and from what was written out: it is the same.
    for from in [image, &padded] {
        let made = [
            "--public-key",
            &public,
            "--signature",
            &signature,
            "--out",
            &signed,
        ];
        ground.ok(&[&["image", "sign"], &made[..], &[from]].concat());
        assert!(ground.verified_by_espsecure(key, &signed));
        assert!(
            fs::read(&signed)
                .unwrap()
                .starts_with(&fs::read(&padded).unwrap())
        );
    }
    // Of another image.
    let other = ground.house.text("other.bin");
    let chip = Path::new(image).file_stem().unwrap().to_str().unwrap();
    fs::write(&other, composed("2.0.0", chip, false).bytes).unwrap();
    let out = ground.house.text("never.bin");
    let made = [
        "--public-key",
        &public,
        "--signature",
        &signature,
        "--out",
        &out,
    ];
    let said = ground
        .house
        .fails(&[&["image", "sign"], &made[..], &[&other]].concat());
    assert!(said.contains("not one of the key"), "{said}");
    assert!(!Path::new(&out).exists());
}

#[test]
fn a_signature_that_openssl_made_is_taken() {
    let Some(ground) = Ground::new("images::elsewhere") else {
        return;
    };
    for (scheme, chip) in SCHEMES {
        let key = ground.key(scheme, &format!("{scheme}.pem"));
        let image = ground.image(chip);
        let pss = [
            "-pkeyopt",
            "digest:sha256",
            "-pkeyopt",
            "rsa_padding_mode:pss",
        ];
        let salt = [
            "-pkeyopt",
            "rsa_pss_saltlen:32",
            "-pkeyopt",
            "rsa_mgf1_md:sha256",
        ];
        let options = [pss, salt].concat();
        let options = if scheme == "rsa3072" {
            &options[..]
        } else {
            &[]
        };
        elsewhere(&ground, &key, &image, options);
    }
}

#[test]
fn two_keys_three_keys_and_one_replaced_are_what_espsecure_reads() {
    let Some(ground) = Ground::new("images::blocks") else {
        return;
    };
    let keys = ["a", "b", "c", "d"].map(|name| ground.key("rsa3072", &format!("{name}.pem")));
    let [a, b, c, d] = &keys;
    let image = ground.image("esp32c3");
    let [two, three, replaced, mixed] =
        ["two", "three", "replaced", "mixed"].map(|name| ground.house.text(name));
    ground.ok(&[
        "image", "sign", "--key", a, "--key", b, "--out", &two, &image,
    ]);
    ground.ok(&[
        "image", "sign", "--append", "--key", c, "--out", &three, &two,
    ]);
    ground.ok(&[
        "image",
        "sign",
        "--replace",
        "1",
        "--key",
        d,
        "--out",
        &replaced,
        &three,
    ]);
    for (file, by) in [
        (&two, &[a, b][..]),
        (&three, &[a, b, c]),
        (&replaced, &[a, d, c]),
    ] {
        let digests: Vec<_> = by.iter().map(|key| digest(&ground, key)).collect();
        assert_eq!(ground.digests_by_espsecure(file), digests);
        assert_eq!(ground.digests(file), digests);
        for key in &keys {
            assert_eq!(ground.verified_by_espsecure(key, file), by.contains(&key));
            let ours = run(&mut ground
                .house
                .command(&["image", "verify", "--key", key, file]));
            assert_eq!(ours.status.success(), by.contains(&key));
        }
    }
    // One block of theirs behind one of ours, and the reverse.
    let ec = ground.key("ecdsa256", "p.pem");
    let c6 = ground.image("esp32c6");
    ground.ok(&["image", "sign", "--key", &ec, "--out", &two, &c6]);
    ground.espsecure(&["sign-data", "-v", "2", "-k", a, "-a", "-o", &mixed, &two]);
    ground.ok(&[
        "image", "sign", "--append", "--key", b, "--out", &three, &mixed,
    ]);
    let digests: Vec<_> = [&ec, a, b].map(|key| digest(&ground, key)).into();
    assert_eq!(ground.digests(&three), digests);
    assert_eq!(ground.digests_by_espsecure(&three), digests);
}

fn digest(ground: &Ground, key: &str) -> String {
    let said = ground.house.json(&["image", "digest-key", key]);
    said["digest"].as_str().unwrap().to_owned()
}

#[test]
fn espsecure_of_the_major_version_before_agrees() {
    let test = "images::espsecure4";
    let (Some(ground), Some(old)) = (Ground::new(test), python_of_esptool_4(test)) else {
        return;
    };
    for (scheme, chip) in SCHEMES {
        let key = ground.key(scheme, &format!("{scheme}.pem"));
        let image = ground.image(chip);
        let [ours, theirs, digest] =
            ["ours", "theirs", "digest"].map(|name| ground.house.text(name));
        ground.ok(&["image", "sign", "--key", &key, "--out", &ours, &image]);
        let verify = [
            "verify_signature",
            "--version",
            "2",
            "--keyfile",
            &key,
            &ours,
        ];
        espressif(&old, "espsecure", &verify);
        let sign = [
            "sign_data",
            "--version",
            "2",
            "--keyfile",
            &key,
            "--output",
            &theirs,
            &image,
        ];
        espressif(&old, "espsecure", &sign);
        ground.ok(&["image", "verify", "--key", &key, &theirs]);
        let of_key = [
            "digest_sbv2_public_key",
            "--keyfile",
            &key,
            "--output",
            &digest,
        ];
        espressif(&old, "espsecure", &of_key);
        let written = ground.house.text("written");
        ground.ok(&["image", "digest-key", "--out", &written, &key]);
        assert_eq!(fs::read(&written).unwrap(), fs::read(&digest).unwrap());
    }
}

#[test]
fn a_signature_of_secure_boot_v1_is_verified_by_its_key() {
    let Some(ground) = Ground::new("images::v1") else {
        return;
    };
    let [key, other, public, signed] =
        ["v1.pem", "other.pem", "v1-public.pem", "v1.bin"].map(|name| ground.house.text(name));
    for key in [&key, &other] {
        ground.espsecure(&["generate-signing-key", "-v", "1", key]);
    }
    let image = ground.image("esp32");
    ground.espsecure(&["sign-data", "-v", "1", "-k", &key, "-o", &signed, &image]);
    openssl(&["pkey", "-in", &key, "-pubout", "-out", &public]);
    for key in [&key, &public] {
        let said = ground.ok(&["image", "verify", "--key", key, &signed]);
        assert!(said.contains("Secure Boot v1"), "{said}");
    }
    ground.not_verified(&["--key", &other, &signed]);
    ground.not_verified(&[&signed]);
    let mut bytes = fs::read(&signed).unwrap();
    let end = bytes.len();
    bytes[end - 1] ^= 1;
    fs::write(&signed, bytes).unwrap();
    ground.not_verified(&["--key", &key, &signed]);
}
