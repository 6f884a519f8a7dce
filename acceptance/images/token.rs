//! Keys for images on a token of `SoftHSM` 2.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::Ground;
use crate::harness::{need, run, skip};

const INSTALL: &str = "apt-get install softhsm2 opensc openssl";

fn module(test: &str) -> Option<PathBuf> {
    let places = [
        "/usr/lib/softhsm",
        "/usr/lib64/softhsm",
        "/usr/local/lib/softhsm",
    ];
    let libraries = places.map(|place| Path::new(place).join("libsofthsm2.so"));
    let found = libraries.into_iter().find(|library| library.exists());
    if found.is_none() {
        skip(test, "SoftHSM 2", INSTALL);
    }
    found.filter(|_| need(test, "softhsm2-util", INSTALL) && need(test, "pkcs11-tool", INSTALL))
}

#[test]
fn a_key_on_a_token_signs_what_espsecure_verifies_and_a_pulled_token_is_said_to_be_gone() {
    let test = "images::token";
    let (Some(ground), Some(module)) = (Ground::new(test), module(test)) else {
        return;
    };
    let house = &ground.house;
    let with = |command: &mut Command| {
        command.env("SOFTHSM2_CONF", house.path("softhsm2.conf"));
        command.env("COUNTERSIGN_PIN", "1234");
        run(command)
    };
    let tokens = house.path("tokens");
    fs::create_dir(&tokens).unwrap();
    let text = format!("directories.tokendir = {}\n", tokens.display());
    fs::write(house.path("softhsm2.conf"), text).unwrap();
    let mut util = Command::new("softhsm2-util");
    util.args(["--init-token", "--free", "--label", "ours"]);
    util.args(["--pin", "1234", "--so-pin", "12345678"]);
    assert!(with(&mut util).status.success());

    for (id, label, kind, chip) in [
        ("01", "rsa", "RSA:3072", "esp32s3"),
        ("02", "p256", "EC:prime256v1", "esp32c2"),
        ("03", "p384", "EC:secp384r1", "esp32c5"),
    ] {
        let mut tool = Command::new("pkcs11-tool");
        tool.arg("--module").arg(&module);
        tool.args(["--token-label", "ours", "--login", "--pin", "1234"]);
        tool.args([
            "--keypairgen",
            "--key-type",
            kind,
            "--label",
            label,
            "--id",
            id,
        ]);
        assert!(with(&mut tool).status.success(), "{label}");
        let uri = format!(
            "pkcs11:token=ours;object={label}?module-path={}",
            module.display()
        );
        let (image, out) = (ground.image(chip), house.text(&format!("{label}.bin")));
        let signed =
            with(&mut house.command(&["image", "sign", "--key", &uri, "--out", &out, &image]));
        let errors = String::from_utf8_lossy(&signed.stderr).into_owned();
        assert!(signed.status.success(), "{errors}");

        let verified = with(&mut house.command(&["image", "verify", "--key", &uri, &out]));
        assert!(verified.status.success());
        assert_eq!(ground.digests(&out), ground.digests_by_espsecure(&out));
        // OpenSC's tool writes no public key on P-384.
        if label != "p384" {
            let mut read = Command::new("pkcs11-tool");
            read.arg("--module").arg(&module);
            read.args([
                "--token-label",
                "ours",
                "--login",
                "--pin",
                "1234",
                "--read-object",
                "--type",
                "pubkey",
                "--label",
                label,
            ]);
            let (der, pem) = (house.text("public.der"), house.text("public.pem"));
            let read = with(read.args(["-o", &der]));
            assert!(read.status.success(), "{label}: {read:?}");
            super::openssl(&[
                "pkey", "-pubin", "-inform", "DER", "-in", &der, "-pubout", "-out", &pem,
            ]);
            assert!(ground.verified_by_espsecure(&pem, &out), "{label}");
            house.ok(&["image", "verify", "--key", &pem, &out]);
        }

        let away = house.path("away");
        fs::rename(&tokens, &away).unwrap();
        fs::create_dir(&tokens).unwrap();
        let never = house.text("never.bin");
        let gone =
            with(&mut house.command(&["image", "sign", "--key", &uri, "--out", &never, &image]));
        let said = String::from_utf8_lossy(&gone.stderr).into_owned();
        assert!(
            !gone.status.success() && said.contains("no such token"),
            "{said}"
        );
        assert!(!Path::new(&never).exists());
        fs::remove_dir(&tokens).unwrap();
        fs::rename(&away, &tokens).unwrap();
    }
}
