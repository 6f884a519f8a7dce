//! The signed manifest, by people who never saw our code: `cbor2` decodes it, `cryptography` verifies it, openssl makes
//! its keys.

use std::{fs, path::Path, process::Command, time::UNIX_EPOCH};

use crate::harness::{House, built_with, image, judge, need, python, run};

fn openssl(args: &[&str]) -> String {
    let output = run(Command::new("openssl").args(args));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The author's public key, by openssl.
fn public_key(house: &House) -> String {
    let public = house.text("author.pub.pem");
    let key = house.text("author.key");
    openssl(&["pkey", "-in", &key, "-pubout", "-out", &public]);
    public
}

#[test]
fn a_foreign_reader_finds_every_field_and_the_author_s_signature() {
    let Some(python) = python("manifest_fields") else {
        return;
    };
    let house = House::new();
    let newest = image("1.1.0");
    let path = house.sign(&newest, 41);
    let judged = judge(
        &python,
        "manifest.py",
        &[&house.text("1.1.0.cose"), &public_key(&house)],
    );
    assert_eq!(judged["algorithm"], -7);
    assert_eq!(judged["media_type_is_ours"], true);
    assert_eq!(judged["header_keys"], serde_json::json!([1, 3, 4]));
    assert_eq!(judged["author"], judged["author_of_key"]);
    for (part, deterministic) in judged["deterministic"].as_object().unwrap() {
        assert_eq!(deterministic, true, "{part}");
    }
    let said = judged["manifest"].as_object().unwrap();
    let digest = openssl(&["dgst", "-sha256", "-r", path.to_str().unwrap()]);
    for (key, wanted) in [
        ("0", 1.into()),
        ("1", "demo".into()),
        ("2", 5.into()),
        ("3", "acceptance".into()),
        ("4", "1.1.0".into()),
        ("5", digest.split(' ').next().unwrap().into()),
        ("6", newest.bytes.len().into()),
        ("7", 41.into()),
        ("8", 0.into()),
    ] as [(&str, serde_json::Value); 9]
    {
        assert_eq!(said[key], wanted, "key {key}");
    }
    let written = fs::metadata(house.path("1.1.0.cose")).unwrap();
    let written = written.modified().unwrap().duration_since(UNIX_EPOCH);
    let late = written.unwrap().as_secs() - said["9"].as_u64().unwrap();
    assert!(late < 60, "created {late} s before it was written");
    assert_eq!(said.len(), 10, "{said:?}");
}

#[test]
fn an_end_and_a_great_counter_are_in_the_manifest_as_they_were_said() {
    let Some(python) = python("manifest_end") else {
        return;
    };
    let house = House::new();
    let path = house.path("app.bin");
    fs::write(&path, built_with("2.0.0", "v5.5").bytes).unwrap();
    let (key, out) = (house.text("author.key"), house.text("other.cose"));
    let counter = u64::MAX.to_string();
    house.ok(&[
        "release",
        "sign",
        "--key",
        &key,
        "--product",
        "another",
        "--counter",
        &counter,
        "--not-after",
        "2031-06-30T00:00:00Z",
        "--out",
        &out,
        path.to_str().unwrap(),
    ]);
    let judged = judge(&python, "manifest.py", &[&out, &public_key(&house)]);
    let said = judged["manifest"].as_object().unwrap();
    assert_eq!(said["1"], "another");
    assert_eq!(said["7"], u64::MAX);
    assert_eq!(said["10"], 1_940_544_000);
    assert_eq!(judged["deterministic"]["payload"], true);
}

#[test]
fn one_flipped_bit_is_refused_by_strangers_and_at_publish() {
    let Some(python) = python("manifest_flipped") else {
        return;
    };
    let house = House::new();
    let release = built_with("1.1.0", "v5.5");
    let path = house.sign(&release, 1);
    let manifest = house.text("1.1.0.cose");
    let public = public_key(&house);
    let judged = judge(&python, "manifest.py", &["--sweep", &manifest, &public]);
    assert_eq!(judged["still"], serde_json::json!([]));
    assert!(judged["flipped"].as_u64().unwrap() > 1000);

    // Ours: a bit of each byte, of the envelope too.
    let _server = house.serve();
    let honest = fs::read(&manifest).unwrap();
    let forged = house.text("forged.cose");
    for (at, _) in honest.iter().enumerate() {
        let mut bytes = honest.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(&forged, bytes).unwrap();
        let image = path.to_str().unwrap();
        let told = house.fails(&["release", "publish", image, "--manifest", &forged]);
        assert!(
            CODES.iter().any(|code| told.contains(code)),
            "byte {at}: {told}"
        );
    }
    assert_eq!(house.json(&["release", "list"]), serde_json::json!([]));
    assert_eq!(files_in(&house.state().join("images")), 0);
    house.ok(&["release", "publish", path.to_str().unwrap()]);
    assert_eq!(files_in(&house.state().join("images")), 1);
}

/// What is wrong, as far as can be told before a signature is believed: the form, the product's name, the author's, the
/// signature.
const CODES: [&str; 5] = [
    "(malformed-manifest)",
    "(bad-name)",
    "(unknown-product)",
    "(unknown-author)",
    "(bad-signature)",
];

fn files_in(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

#[test]
fn authors_keys_by_openssl_sign_where_the_server_has_their_public_half_only() {
    if !need(
        "manifest_openssl_keys",
        "openssl",
        "apt-get install openssl",
    ) {
        return;
    }
    let p256 = "ec_paramgen_curve:P-256";
    // PKCS#8 and SEC 1.
    let pkcs8 = ["genpkey", "-algorithm", "EC", "-pkeyopt", p256, "-out"];
    let sec1 = [
        "ecparam",
        "-name",
        "prime256v1",
        "-genkey",
        "-noout",
        "-out",
    ];
    for (make, begin) in [
        (&pkcs8[..], "-----BEGIN PRIVATE KEY"),
        (&sec1, "-----BEGIN EC PRIVATE KEY"),
    ] {
        let house = House::empty();
        let key = house.text("author.key");
        openssl(&[make, &[&key]].concat());
        assert!(fs::read_to_string(&key).unwrap().starts_with(begin));
        let public = public_key(&house);
        house.ok(&[
            "init",
            "--product",
            "demo",
            "--unsigned-images",
            "--author",
            &public,
        ]);
        house.publish(&built_with("1.1.0", "v5.5"), 1);
        let release = house.json(&["release", "show", "1.1.0"]);
        assert_eq!(release["counter"], 1);

        // A stranger's key signs, and is not believed.
        let stranger = house.text("stranger.key");
        openssl(&[make, &[&stranger]].concat());
        fs::rename(&stranger, &key).unwrap();
        let path = house.sign(&built_with("1.2.0", "v5.5"), 2);
        let told = house.fails(&["release", "publish", path.to_str().unwrap()]);
        assert!(told.contains("not known"), "{told}");
    }
}

#[test]
fn keys_that_cannot_be_an_author_s_are_refused() {
    if !need("manifest_wrong_keys", "openssl", "apt-get install openssl") {
        return;
    }
    let rsa = [
        "genpkey",
        "-algorithm",
        "RSA",
        "-pkeyopt",
        "rsa_keygen_bits:2048",
    ];
    let p384 = [
        "genpkey",
        "-algorithm",
        "EC",
        "-pkeyopt",
        "ec_paramgen_curve:P-384",
    ];
    let ed25519 = ["genpkey", "-algorithm", "ED25519"];
    let cases: [&[&str]; 3] = [&rsa, &p384, &ed25519];
    for make in cases {
        let house = House::empty();
        let key = house.text("author.key");
        openssl(&[make, &["-out", &key]].concat());
        let public = public_key(&house);
        let told = house.fails(&["init", "--product", "demo", "--author", &public]);
        assert!(told.contains("author.pub.pem"), "{told}");
        assert!(!house.state().exists(), "{make:?}");
        let path = house.path("app.bin");
        fs::write(&path, built_with("1.0.0", "v5.5").bytes).unwrap();
        let told = house.fails(&["release", "sign", "--key", &key, path.to_str().unwrap()]);
        assert!(told.contains("author.key"), "{told}");
        assert!(!house.path("app.cose").exists());
    }
}
