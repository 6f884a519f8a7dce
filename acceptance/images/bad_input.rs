//! What is refused, with a word that helps, and nothing half done.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Stdio};

use super::{Ground, openssl, private};
use crate::harness::{composed, run};

#[test]
fn keys_that_sign_no_images_are_named_and_nothing_is_written() {
    let Some(ground) = Ground::new("images::bad_keys") else {
        return;
    };
    let house = &ground.house;
    let image = ground.image("esp32c6");
    let good = ground.key("rsa3072", "good.pem");
    let text = |name: &str| house.text(name);
    let make = |name: &str, args: &[&str]| {
        let path = text(name);
        openssl(&[args, &["-out", &path]].concat());
        private(Path::new(&path));
        path
    };
    let (rsa2048, p521) = (
        make(
            "rsa2048",
            &[
                "genpkey",
                "-quiet",
                "-algorithm",
                "RSA",
                "-pkeyopt",
                "rsa_keygen_bits:2048",
            ],
        ),
        make(
            "p521",
            &[
                "genpkey",
                "-quiet",
                "-algorithm",
                "EC",
                "-pkeyopt",
                "ec_paramgen_curve:P-521",
            ],
        ),
    );
    let p192 = ground.key("ecdsa192", "p192.pem");
    let request = ["req", "-x509", "-subj", "/CN=x", "-key", &good];
    let encrypt = ["pkcs8", "-topk8", "-passout", "pass:secret", "-in", &good];
    let cases = [
        (rsa2048, "2048 bits"),
        (p521, "a key on P-521"),
        (
            make("ed25519", &["genpkey", "-algorithm", "ED25519"]),
            "an Ed25519 key",
        ),
        (
            // SEC 1, in which the curve is inside.
            make(
                "k1",
                &["ecparam", "-genkey", "-noout", "-name", "secp256k1"],
            ),
            "a key on secp256k1",
        ),
        (
            make("der", &["pkey", "-outform", "DER", "-in", &good]),
            "in DER",
        ),
        (p192, "P-192"),
        (make("certificate", &request), "a certificate"),
        (
            make("public", &["pkey", "-in", &good, "-pubout"]),
            "a public key",
        ),
        (make("encrypted", &encrypt), "COUNTERSIGN_PASSPHRASE"),
        (image.clone(), "no text"),
        (text("none"), "cannot read"),
    ];
    private(Path::new(&image));
    let out = text("out.bin");
    for (key, word) in &cases {
        let said = house.fails(&["image", "sign", "--key", key, "--out", &out, &image]);
        assert!(said.contains(word), "{key}: {said}");
        assert!(!Path::new(&out).exists(), "{key}");
    }
    // With its passphrase the encrypted one signs.
    let encrypted = text("encrypted");
    let mut sign = house.command(&["image", "sign", "--key", &encrypted, "--out", &out, &image]);
    assert!(
        run(sign.env("COUNTERSIGN_PASSPHRASE", "secret"))
            .status
            .success()
    );
    assert!(ground.verified_by_espsecure(&good, &out));
    // A key that others may read is no secret; Espressif's tool writes them so.
    fs::set_permissions(&good, fs::Permissions::from_mode(0o644)).unwrap();
    let sign =
        run(&mut house.command(&["image", "sign", "--key", &good, "--out", &text("x"), &image]));
    let said = String::from_utf8(sign.stderr).unwrap();
    assert!(
        sign.status.success() && said.contains("chmod 600"),
        "{said}"
    );
}

#[test]
fn files_that_are_no_images_are_named_and_a_signed_one_is_not_signed_over() {
    let Some(ground) = Ground::new("images::bad_files") else {
        return;
    };
    let house = &ground.house;
    let key = ground.key("rsa3072", "key.pem");
    let out = house.text("out.bin");
    let image = composed("1.0.0", "esp32c3", false).bytes;
    let mut cut = image.clone();
    cut.truncate(1000);
    let mut changed = image.clone();
    changed[500] ^= 1;
    let mut more = image.clone();
    more.push(1);
    let cases: [(&[u8], &[&str]); 8] = [
        (b"", &["empty"]),
        (
            b"\xCF\xB6\x88\x07 and so on",
            &["sealed image", "open it first"],
        ),
        (b"\x7FELF and so on", &["ELF"]),
        (b"\xAA\x50\x01\x02", &["partition table"]),
        (b"#!/bin/sh", &["0x23, not 0xe9", "byte 0x0"]),
        (&cut, &["ends at 1000 bytes"]),
        (&changed, &["checksum", "byte 0x"]),
        (&more, &["no part of it"]),
    ];
    for (bytes, words) in cases {
        let file = house.text("file.bin");
        fs::write(&file, bytes).unwrap();
        for args in [
            &["image", "sign", "--key", &key, "--out", &out, &file][..],
            &["image", "verify", &file],
            &["image", "inspect", &file],
        ] {
            let output = run(&mut house.command(args));
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said).into_owned();
            assert_eq!(output.status.code(), Some(1), "{args:?}: {said}");
            for word in words {
                assert!(said.contains(word), "{args:?}: {said}");
            }
        }
        assert!(!Path::new(&out).exists());
    }

    // The trap: espsecure signs image and signature, and says nothing.
    let file = ground.image("esp32c3");
    let (once, twice) = (house.text("once.bin"), house.text("twice.bin"));
    ground.espsecure(&["sign-data", "-v", "2", "-k", &key, "-o", &once, &file]);
    ground.espsecure(&["sign-data", "-v", "2", "-k", &key, "-o", &twice, &once]);
    let said = house.fails(&["image", "sign", "--key", &key, "--out", &out, &once]);
    assert!(
        said.contains("--append") && said.contains("--replace"),
        "{said}"
    );
    for args in [
        &["image", "sign", "--key", &key, "--out", &out, &twice][..],
        &["image", "verify", "--key", &key, &twice],
    ] {
        let said = house.fails(args);
        assert!(said.contains("second sector of signatures"), "{said}");
    }
    let said = house.fails(&[
        "image", "sign", "--append", "--key", &key, "--out", &out, &once,
    ]);
    assert!(said.contains("block 0 already"), "{said}");
    let ec = ground.key("ecdsa256", "ec.pem");
    let said = house.fails(&["image", "sign", "--key", &ec, "--out", &out, &file]);
    assert!(
        said.contains("`chip_id`") && said.contains("RSA-3072"),
        "{said}"
    );
    assert!(!Path::new(&out).exists());
}

#[test]
fn what_cannot_be_written_leaves_what_was_there() {
    let Some(ground) = Ground::new("images::full") else {
        return;
    };
    let house = &ground.house;
    let (key, image) = (ground.key("rsa3072", "key.pem"), ground.image("esp32c3"));
    // A folder in the place of the file, and a folder that is not there.
    fs::create_dir(house.path("folder")).unwrap();
    for out in ["folder", "none/out.bin", "/dev/full"] {
        let out = if out.starts_with('/') {
            out.to_owned()
        } else {
            house.text(out)
        };
        house.fails(&["image", "sign", "--key", &key, "--out", &out, &image]);
    }
    // A limit on files' length does what a full disk does: the old file is whole, and nothing lies beside it.
    let out = house.text("out.bin");
    fs::write(&out, b"what was there").unwrap();
    let before = fs::read_dir(house.path("")).unwrap().count();
    let program = house.command(&["image", "sign", "--key", &key, "--out", &out, &image]);
    let mut limited = std::process::Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\""]);
    limited.arg(program.get_program()).args(program.get_args());
    let output = run(&mut limited);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.contains("cannot be written"),
        "{said}"
    );
    assert_eq!(fs::read(&out).unwrap(), b"what was there");
    assert_eq!(fs::read_dir(house.path("")).unwrap().count(), before);
}

#[test]
fn an_image_goes_through_pipes() {
    let Some(ground) = Ground::new("images::pipes") else {
        return;
    };
    let house = &ground.house;
    let (key, image) = (ground.key("rsa3072", "key.pem"), ground.image("esp32c3"));
    let mut sign = house.command(&["image", "sign", "--key", &key, "--out", "-", "-"]);
    let signed = sign
        .stdin(fs::File::open(&image).unwrap())
        .stderr(Stdio::piped());
    let signed = signed.output().unwrap();
    assert!(signed.status.success());
    let path = house.text("signed.bin");
    fs::write(&path, &signed.stdout).unwrap();
    assert!(ground.verified_by_espsecure(&key, &path));
    let mut verify = house.command(&["image", "verify", "--key", &key, "-"]);
    let verified = verify
        .stdin(fs::File::open(&path).unwrap())
        .output()
        .unwrap();
    assert!(verified.status.success());
}
