//! The ceremony: the root's key goes away, encrypted, and comes back for a moment.

use std::fs;

use super::{OPENSSL, authority, openssl, state, verifies};
use crate::harness::{House, Server, need, run};

const PASSPHRASE: &str = "correct horse";

fn offline(house: &House, hierarchy: &str, to: &str) -> std::process::Output {
    let mut command = house.command(&["ca", "offline", hierarchy, "--to", to]);
    run(command.env("COUNTERSIGN_PASSPHRASE", PASSPHRASE))
}

fn refused(output: &std::process::Output, said: &[&str]) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said:?}");
    for word in said {
        assert!(told.contains(word), "no `{word}` in {told}");
    }
    assert!(!told.contains("panicked"), "{told}");
}

#[test]
fn the_ceremony_from_end_to_end_with_the_root_s_key_in_a_drawer() {
    if !need("ca_offline", "openssl", OPENSSL) {
        return;
    }
    let house = House::new();
    let drawer = house.path("drawer");
    fs::create_dir(&drawer).unwrap();
    let file = |name: &str| drawer.join(name).to_str().unwrap().to_owned();
    let key = file("device-root.key");
    let kept = state(&house, "authorities/device-root.key");
    assert_eq!(authority(&house, "device-root")["key"]["place"], "file");
    let plain = fs::read_to_string(&kept).unwrap();

    // What cannot be done leaves the key where it is.
    let within = state(&house, "device-root.key");
    refused(
        &offline(&house, "device", &within),
        &["lies in the state directory"],
    );
    let none = house.text("none/device-root.key");
    refused(&offline(&house, "device", &none), &["none/device-root.key"]);
    let silent = run(&mut house.command(&["ca", "offline", "device", "--to", &key]));
    refused(&silent, &["passphrase", "--passphrase-file"]);
    assert_eq!(fs::read_to_string(&kept).unwrap(), plain);
    assert!(!drawer.join("device-root.key").exists());

    for (hierarchy, to) in [("device", &key), ("server", &file("server-root.key"))] {
        let output = offline(&house, hierarchy, to);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            told.contains("Flash media") && told.contains("traces"),
            "{told}"
        );
        let name = format!("{hierarchy}-root");
        assert!(
            !house
                .state()
                .join(format!("authorities/{name}.key"))
                .exists()
        );
        assert_eq!(authority(&house, &name)["key"]["place"], "elsewhere");
        assert!(
            fs::read_to_string(to)
                .unwrap()
                .starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----")
        );
    }
    assert!(house.ok(&["ca", "show"]).contains("not here: offline"));
    refused(
        &offline(&house, "device", &file("again.key")),
        &["offline already"],
    );
    refused(&offline(&house, "device", &key), &["offline already"]);

    // `serve` needs no root.
    let server = house.serve();
    assert!(
        !server.log().contains("root's key is within"),
        "{}",
        server.log()
    );
    house.enroll();
    let told = house.fails(&["ca", "replace", "device"]);
    assert!(
        told.contains("--root-key") && told.contains("--request"),
        "{told}"
    );

    // Away from here: from a folder that knows no state.
    let (csr, new) = (house.text("out.csr"), file("new.pem"));
    let told = house.ok(&["ca", "replace", "device", "--request", &csr]);
    assert!(told.contains("ca sign"), "{told}");
    fs::copy(
        state(&house, "authorities/device-root.pem"),
        file("device-root.pem"),
    )
    .unwrap();
    let sign = |passphrase: &str, root: &str| {
        let (key, root) = (file("device-root.key"), file(root));
        let mut command = house.command(&[
            "ca",
            "sign",
            "--root-key",
            &key,
            "--root",
            &root,
            "--csr",
            &csr,
            "--out",
            &new,
        ]);
        command.env("COUNTERSIGN_STATE", house.path("nowhere"));
        run(command.env("COUNTERSIGN_PASSPHRASE", passphrase))
    };
    refused(
        &sign("another", "device-root.pem"),
        &["the passphrase of `device-root`", "is wrong"],
    );
    fs::copy(
        state(&house, "authorities/server-root.pem"),
        file("other-root.pem"),
    )
    .unwrap();
    refused(&sign(PASSPHRASE, "other-root.pem"), &["is not the key of"]);
    assert!(!drawer.join("new.pem").exists(), "nothing half done");
    let signed = sign(PASSPHRASE, "device-root.pem");
    assert!(
        signed.status.success(),
        "{}",
        String::from_utf8_lossy(&signed.stderr)
    );

    // Nothing but what was asked for is taken.
    let before = authority(&house, "device-issuing")["serial"].clone();
    let whole = fs::read_to_string(&new).unwrap();
    let cut = house.text("cut.pem");
    fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    for (certificate, said) in [
        (&cut, "cut.pem"),
        (
            &state(&house, "authorities/server-issuing.pem"),
            "another key",
        ),
        (
            &state(&house, "authorities/device-root.pem"),
            "bad-authority",
        ),
    ] {
        let told = house.fails(&["ca", "replace", "device", "--certificate", certificate]);
        assert!(told.contains(said), "{certificate}: {told}");
    }
    let told = house.fails(&["ca", "replace", "server", "--certificate", &new]);
    assert!(told.contains("nothing-requested"), "{told}");
    assert_eq!(authority(&house, "device-issuing")["serial"], before);

    house.ok(&["ca", "replace", "device", "--certificate", &new]);
    assert_ne!(authority(&house, "device-issuing")["serial"], before);
    assert_eq!(authority(&house, "device-issuing.1")["serial"], before);
    house.enroll_as("7cdfa1000002", "second");
    for folder in ["device", "second"] {
        let chain = house.path(folder).join("device.pem");
        verifies(&house, "device-root", chain.to_str().unwrap());
    }
    let told = house.fails(&["ca", "replace", "device", "--certificate", &new]);
    assert!(told.contains("nothing-requested"), "{told}");
    server.stop();

    // The root's own CRL, and a proof, with the key brought back; and after a start, all is as it was.
    let by_root = |args: &[&str], passphrase: &str| {
        let mut command = house.command(args);
        run(command
            .args(["--root-key", &key])
            .env("COUNTERSIGN_PASSPHRASE", passphrase))
    };
    let first = authority(&house, "device-root")["crl"]["number"]
        .as_u64()
        .unwrap();
    let crl = ["ca", "crl", "--root", "device"];
    refused(&by_root(&crl, "another"), &["is wrong"]);
    let replace = ["ca", "replace", "device"];
    refused(&by_root(&replace, "another"), &["is wrong"]);
    let waits = house.state().join("authorities/device-issuing.next.key");
    assert!(!waits.exists(), "nothing was begun");
    let made = by_root(&crl, PASSPHRASE);
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    assert!(
        authority(&house, "device-root")["crl"]["number"]
            .as_u64()
            .unwrap()
            > first
    );
    let mut command = house.command(&[]);
    command.env("COUNTERSIGN_STATE", house.state());
    let server = Server::start_by(&house, command, &[]);
    house.enroll_as("7cdfa1000003", "third");
    server.stop();
}

#[test]
fn an_authority_that_is_revoked_stands_in_its_root_s_crl() {
    if !need("ca_revoked_authority", "openssl", OPENSSL) {
        return;
    }
    let house = House::new();
    house.enroll();
    house.ok(&["ca", "replace", "device"]);
    let old = authority(&house, "device-issuing.1");
    house.ok(&[
        "ca",
        "revoke",
        old["serial"].as_str().unwrap(),
        "--reason",
        "key-compromise",
    ]);
    let verify = || {
        let chain = house.path("device/device.pem");
        let chain = chain.to_str().unwrap();
        let crl = |name: &str| state(&house, &format!("crl/{name}.pem"));
        openssl(&[
            "verify",
            "-crl_check_all",
            "-CAfile",
            &state(&house, "authorities/device-root.pem"),
            "-CRLfile",
            &crl("device-issuing.1"),
            "-CRLfile",
            &crl("device-root"),
            "-untrusted",
            chain,
            chain,
        ])
    };
    house.ok(&["ca", "crl"]);
    let (good, told) = verify();
    assert!(good, "{told}");
    house.ok(&["ca", "crl", "--root", "device"]);
    let (good, told) = verify();
    assert!(!good && told.contains("certificate revoked"), "{told}");
}
