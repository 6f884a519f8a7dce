//! What is not sealed and not opened, with the reason, and with nothing written.

use std::{fs, process::Command};

use super::{SCHEMES, house, key, openssl, sealed};
use crate::harness::{House, need, run, skip};

/// Runs a command that must fail with these words, and write nothing.
fn refused(house: &House, args: &[&str], words: &str) {
    let before = names(house);
    let told = house.fails(args);
    assert!(told.contains(words), "{args:?}: {told}");
    assert_eq!(names(house), before, "{args:?}");
}

fn names(house: &House) -> Vec<std::ffi::OsString> {
    let entries = fs::read_dir(house.path("")).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    names
}

#[test]
fn damaged_files_are_refused_and_nothing_is_written() {
    let house = house();
    for [_, public, secret, how] in SCHEMES {
        let good = fs::read(sealed(&house, public)).unwrap();
        let (secret, bad, out) = (
            key(&house, secret),
            house.text("sealed.bin"),
            house.text("out.bin"),
        );
        let open = ["image", "open", how, &secret, "--out", &out, &bad];
        // Every byte is tried in `countersign-images`; here, a part of each kind through the whole program.
        for (at, words) in [
            (0, "magic of a sealed image"),
            (10, "another key, or is damaged"),
            (390, "another key, or is damaged"),
            (407, "`bin_size`"),
            (410, "another key, or is damaged"),
            (500, "a reserved byte is"),
            (512, "another key, or is damaged"),
            (good.len() - 1, "another key, or is damaged"),
        ] {
            let mut damaged = good.clone();
            damaged[at] ^= 0x40;
            fs::write(&bad, damaged).unwrap();
            refused(&house, &open, words);
        }
        for len in [0, 3, 100, 511, 512, good.len() - 1] {
            fs::write(&bad, &good[..len]).unwrap();
            refused(&house, &open, "are needed");
        }
        fs::write(&bad, [&good[..], &[0]].concat()).unwrap();
        refused(&house, &open, "bytes that are no part of it");
        fs::write(&bad, fs::read(house.path("app.bin")).unwrap()).unwrap();
        refused(
            &house,
            &open,
            "is not sealed: it begins as an app image does",
        );
    }
}

#[test]
fn the_other_scheme_and_the_other_order_are_told() {
    let house = house();
    let [[_, rsa_public, rsa, _], [_, ecies_public, hmac, _]] = SCHEMES;
    let (rsa, hmac, out) = (key(&house, rsa), key(&house, hmac), house.text("out.bin"));
    let file = sealed(&house, rsa_public);
    let args = ["image", "open", "--hmac-key", &hmac, "--out", &out, &file];
    refused(
        &house,
        &args,
        "sealed by RSA-3072, and the key is one for ECIES-P256",
    );
    let file = sealed(&house, ecies_public);
    let args = ["image", "open", "--key", &rsa, "--out", &out, &file];
    refused(
        &house,
        &args,
        "sealed by ECIES-P256, and the key is one for RSA-3072",
    );

    let public = key(&house, rsa_public);
    let again = ["image", "seal", "--key", &public, "--out", &out, &file];
    refused(&house, &again, "sealed already");
    let data = [&again[..], &["--data"]].concat();
    refused(&house, &data, "sealed already");
    refused(
        &house,
        &["image", "diff", &file, &file],
        "is sealed: open it first",
    );
    let text = house.text("keys/rsa_pub_key.pem");
    let other = ["image", "seal", "--key", &public, "--out", &out, &text];
    refused(&house, &other, "not a whole app image");
    house.ok(&[&other[..], &["--data"]].concat());
}

#[test]
fn wrong_keys_are_called_what_they_are() {
    if !need("sealed_wrong_keys", "openssl", "apt-get install openssl") {
        return;
    }
    let house = house();
    let (app, out) = (house.text("app.bin"), house.text("out.bin"));
    let file = sealed(&house, "rsa_pub_key.pem");
    openssl(&house, &["genrsa", "-out", "2048.pem", "2048"]);
    openssl(&house, &["genrsa", "-out", "4096.pem", "4096"]);
    openssl(
        &house,
        &[
            "ecparam",
            "-name",
            "secp384r1",
            "-genkey",
            "-noout",
            "-out",
            "p384.pem",
        ],
    );
    openssl(
        &house,
        &["genpkey", "-algorithm", "ed25519", "-out", "ed.pem"],
    );
    let self_signed = ["req", "-x509", "-key", "2048.pem", "-subj", "/CN=x", "-out"];
    openssl(&house, &[&self_signed[..], &["certificate.pem"]].concat());
    let old = [
        "rsa",
        "-in",
        "2048.pem",
        "-traditional",
        "-aes256",
        "-passout",
        "pass:x",
    ];
    openssl(&house, &[&old[..], &["-out", "old.pem"]].concat());
    fs::write(house.path("hmac31.bin"), [7; 31]).unwrap();
    fs::write(house.path("empty"), "").unwrap();
    for (name, words) in [
        ("2048.pem", "a key of kind RSA 2048"),
        ("4096.pem", "a key of kind RSA 4096"),
        ("p384.pem", "a key of kind EC P-384"),
        ("ed.pem", "a key of kind Ed25519"),
        ("certificate.pem", "this is a certificate"),
        ("old.pem", "encrypted in the way of before PKCS#8"),
        ("empty", "no key in PEM"),
        ("app.bin", "no key in PEM"),
        ("keys/device_hmac_key.bin", "32 bytes and no PEM"),
        ("nowhere.pem", "cannot be read"),
    ] {
        let key = house.text(name);
        for args in [
            ["image", "seal", "--key", &key, "--out", &out, &app],
            ["image", "open", "--key", &key, "--out", &out, &file],
        ] {
            // An app image is longer than any key.
            let words = if name == "app.bin" { "bytes" } else { words };
            refused(&house, &args, words);
        }
    }
    let public = key(&house, "rsa_pub_key.pem");
    let args = ["image", "open", "--key", &public, "--out", &out, &file];
    refused(&house, &args, "this is a public key");
    for (name, found) in [("hmac31.bin", "31"), ("keys/rsa_priv_key.pem", "24")] {
        let hmac = house.text(name);
        let args = ["image", "open", "--hmac-key", &hmac, "--out", &out, &file];
        refused(&house, &args, &format!("has 32 bytes, this has {found}"));
    }
    let stranger = house.text("other");
    house.ok(&[
        "image", "seal-key", "--scheme", "rsa3072", "--out", &stranger,
    ]);
    let stranger = house.text("other/rsa_priv_key.pem");
    let args = ["image", "open", "--key", &stranger, "--out", &out, &file];
    refused(&house, &args, "sealed for another key, or is damaged");
}

#[test]
fn a_full_disk_leaves_the_former_file_and_nothing_beside_it() {
    let house = house();
    let key = key(&house, "device_pub_key.pem");
    let app = house.text("app.bin");
    if fs::exists("/dev/full").unwrap_or(false) {
        for out in ["/dev/full", "-"] {
            let mut command = house.command(&["image", "seal", "--key", &key, "--out", out, &app]);
            command.stdout(
                fs::OpenOptions::new()
                    .write(true)
                    .open("/dev/full")
                    .unwrap(),
            );
            let output = run(&mut command);
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(
                !output.status.success() && told.contains("cannot be written"),
                "{told}"
            );
        }
    }
    // A disk of its own takes root; a limit to the length of files fails in the same place.
    let out = house.path("out.bin");
    fs::write(&out, "former").unwrap();
    let program = env!("CARGO_BIN_EXE_countersign");
    let script = "trap '' XFSZ; ulimit -f 64; exec \"$@\"";
    let args = [
        "image",
        "seal",
        "--key",
        &key,
        "--out",
        out.to_str().unwrap(),
        &app,
    ];
    let Ok(output) = Command::new("bash")
        .args(["-c", script, "bash", program])
        .args(args)
        .output()
    else {
        skip("sealed_full_disk", "bash", "apt-get install bash");
        return;
    };
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && told.contains("cannot be written"),
        "{told}"
    );
    assert_eq!(fs::read(&out).unwrap(), b"former");
    let left = names(&house);
    assert_eq!(left, ["app.bin", "keys", "out.bin"]);
}
