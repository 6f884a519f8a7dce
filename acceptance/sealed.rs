//! Sealed images: opened and sealed by a script that was written from the format's description, with keys by openssl; and
//! images compared.

mod bad_input;
mod diff;

use std::{
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
};

use crate::harness::{House, composed, judge, need, python, run};

/// Both schemes: what `--scheme` calls it, the public key's file, the secret's, and how that is given to `image open`.
const SCHEMES: [[&str; 4]; 2] = [
    ["rsa3072", "rsa_pub_key.pem", "rsa_priv_key.pem", "--key"],
    [
        "ecies-p256",
        "device_pub_key.pem",
        "device_hmac_key.bin",
        "--hmac-key",
    ],
];

/// A house with an app image, and keys of both schemes in `keys`.
fn house() -> House {
    let house = House::empty();
    let app = composed("1.2.3", "esp32c3", false).bytes;
    fs::write(house.path("app.bin"), app).unwrap();
    for [scheme, ..] in SCHEMES {
        let keys = house.text("keys");
        house.ok(&["image", "seal-key", "--scheme", scheme, "--out", &keys]);
    }
    house
}

fn key(house: &House, name: &str) -> String {
    house.path("keys").join(name).to_str().unwrap().to_owned()
}

/// Seals the app image for a key; gives where.
fn sealed(house: &House, public: &str) -> String {
    let out = house.text("sealed.bin");
    let key = key(house, public);
    house.ok(&[
        "image",
        "seal",
        "--key",
        &key,
        "--out",
        &out,
        &house.text("app.bin"),
    ]);
    out
}

fn same(one: &str, other: &str) {
    assert!(
        fs::read(one).unwrap() == fs::read(other).unwrap(),
        "{one} and {other} differ"
    );
}

fn openssl(house: &House, args: &[&str]) {
    let output = run(Command::new("openssl")
        .args(args)
        .current_dir(house.path("")));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {errors}");
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_stranger_opens_what_we_seal_and_we_open_what_it_seals() {
    let Some(python) = python("sealed_both_ways") else {
        return;
    };
    let house = house();
    let (app, theirs) = (house.text("app.bin"), house.text("theirs.bin"));
    let opened = house.text("opened.bin");
    for [scheme, public, secret, how] in SCHEMES {
        let (public_key, secret) = (key(&house, public), key(&house, secret));
        let ours = sealed(&house, public);
        judge(&python, "sealed.py", &["open", &ours, &secret, &opened]);
        same(&opened, &app);

        judge(&python, "sealed.py", &["seal", &app, &public_key, &theirs]);
        let told = house.json(&["image", "open", how, &secret, "--out", &opened, &theirs]);
        same(&opened, &app);
        assert_eq!(told["scheme"], scheme);
        assert_eq!(told["plain"]["version"], "1.2.3");
        assert_eq!(told["plain"]["signature"], "none");
        assert_eq!(mode(&house.path("opened.bin")), 0o600);
    }
    // A private key in PEM opens for ECIES too.
    let (hmac, pem) = (key(&house, "device_hmac_key.bin"), house.text("ecies.pem"));
    judge(&python, "sealed.py", &["pkcs8", &hmac, &pem]);
    house.ok(&["image", "open", "--key", &pem, "--out", &opened, &theirs]);
    same(&opened, &app);
}

#[test]
fn keys_that_openssl_made_seal_and_open_encrypted_or_not() {
    if !need("sealed_openssl", "openssl", "apt-get install openssl") {
        return;
    }
    let house = house();
    let (app, out, opened) = (
        house.text("app.bin"),
        house.text("sealed.bin"),
        house.text("opened.bin"),
    );
    openssl(&house, &["genrsa", "-out", "pkcs8.pem", "3072"]);
    openssl(
        &house,
        &[
            "rsa",
            "-in",
            "pkcs8.pem",
            "-traditional",
            "-out",
            "pkcs1.pem",
        ],
    );
    openssl(
        &house,
        &[
            "ecparam",
            "-name",
            "prime256v1",
            "-genkey",
            "-out",
            "sec1.pem",
        ],
    );
    for name in ["pkcs8", "pkcs1", "sec1"] {
        let file = |ending: &str| format!("{name}{ending}.pem");
        let (private, public) = (file(""), file(".pub"));
        openssl(
            &house,
            &["pkey", "-in", &private, "-pubout", "-out", &public],
        );
        let pass = ["-passout", "pass:a long one", "-v2", "aes-256-cbc"];
        let made = ["pkcs8", "-topk8", "-in", &private, "-out", &file(".enc")];
        openssl(&house, &[&made[..], &pass].concat());
        // The public key, or the private one, of which the public half is used.
        for to in [&public, &private] {
            let key = house.text(to);
            let told = house.json(&["image", "seal", "--key", &key, "--out", &out, &app]);
            let said = told["notes"].to_string().contains("is a private key");
            assert_eq!(said, to == &private, "{told}");
            house.ok(&[
                "image",
                "open",
                "--key",
                &house.text(&private),
                "--out",
                &opened,
                &out,
            ]);
            same(&opened, &app);
            fs::remove_file(&opened).unwrap();
            let encrypted = house.text(&file(".enc"));
            let args = ["image", "open", "--key", &encrypted, "--out", &opened, &out];
            let told = house.fails(&args);
            assert!(told.contains("passphrase"), "{told}");
            let output = run(house
                .command(&args)
                .env("COUNTERSIGN_PASSPHRASE", "a long one"));
            assert!(output.status.success(), "{output:?}");
            same(&opened, &app);
        }
    }
}

#[test]
fn images_go_through_pipes_and_nothing_else_is_in_them() {
    let house = house();
    let app = fs::read(house.path("app.bin")).unwrap();
    let through = |args: &[&str], input: &[u8]| {
        let mut command = house.command(args);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input).unwrap();
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{args:?}: {errors}");
        (output.stdout, errors)
    };
    for [_, public, secret, how] in SCHEMES {
        let (public, secret) = (key(&house, public), key(&house, secret));
        let (sealed, said) = through(
            &["image", "seal", "--key", &public, "--out", "-", "-"],
            &app,
        );
        assert_eq!(sealed.len(), app.len() + 512);
        assert!(said.contains("note: the image is not signed"), "{said}");
        let open = ["--json", "image", "open", how, &secret, "--out", "-", "-"];
        let (opened, said) = through(&open, &sealed);
        assert!(opened == app);
        assert!(said.contains("\"scheme\""), "{said}");
    }
}

#[test]
fn new_keys_are_their_owner_s_alone_and_take_nobody_s_place() {
    let house = house();
    for [scheme, public, secret, _] in SCHEMES {
        let folder = house.path("keys");
        assert_eq!(mode(&folder.join(secret)), 0o600);
        let before = [secret, public].map(|name| fs::read(folder.join(name)).unwrap());
        let keys = house.text("keys");
        let again = ["image", "seal-key", "--scheme", scheme, "--out", &keys];
        let told = house.fails(&again);
        assert!(told.contains("never overwritten"), "{told}");
        // One of the two alone is not overwritten either, and nothing is half made.
        fs::remove_file(folder.join(secret)).unwrap();
        house.fails(&again);
        assert!(!folder.join(secret).exists());
        assert_eq!(fs::read(folder.join(public)).unwrap(), before[1]);
        assert_ne!(before[0], before[1]);
    }
    let left = fs::read_dir(house.path("keys")).unwrap().count();
    assert_eq!(left, 2);
}
