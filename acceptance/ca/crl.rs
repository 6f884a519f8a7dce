//! CRLs: before and after somebody is revoked.

use std::{fs, process::Command, time::Duration};

use super::{CERTTOOL, OPENSSL, authority, openssl, state, words};
use crate::harness::{DEVICE, House, need, wait_until};

/// Whether openssl takes a device, by the CRLs in the state directory: of the issuing authority, and of the root.
fn by_openssl(house: &House, folder: &str) -> (bool, String) {
    let chain = house.path(folder).join("device.pem");
    let chain = chain.to_str().unwrap();
    openssl(&[
        "verify",
        "-x509_strict",
        "-purpose",
        "sslclient",
        "-crl_check_all",
        "-CAfile",
        &state(house, "authorities/device-root.pem"),
        "-CRLfile",
        &state(house, "crl/device-issuing.pem"),
        "-CRLfile",
        &state(house, "crl/device-root.pem"),
        "-untrusted",
        chain,
        chain,
    ])
}

/// The same by `GnuTLS`, of the device's own certificate under the issuing authority.
fn by_gnutls(house: &House, folder: &str) -> (bool, String) {
    let device = house.path(folder).join("device.pem");
    words(
        Command::new("certtool")
            .args(["--verify", "--load-ca-certificate"])
            .arg(state(house, "authorities/device-issuing.pem"))
            .arg("--load-crl")
            .arg(state(house, "crl/device-issuing.pem"))
            .arg("--infile")
            .arg(device),
    )
}

#[test]
fn openssl_and_gnutls_take_what_we_issued_and_refuse_what_we_revoked() {
    if !need("ca_crl", "openssl", OPENSSL) || !need("ca_crl", "certtool", CERTTOOL) {
        return;
    }
    let house = House::new();
    house.enroll();
    house.enroll_as("7cdfa1000002", "second");
    let made = house.json(&["ca", "crl"]);
    assert_eq!(made.as_array().unwrap().len(), 4, "{made}");
    for folder in ["device", "second"] {
        let (good, told) = by_openssl(&house, folder);
        assert!(good, "{told}");
        let (good, told) = by_gnutls(&house, folder);
        assert!(good && told.contains("is trusted"), "{told}");
    }
    let first = authority(&house, "device-issuing")["crl"]["number"]
        .as_u64()
        .unwrap();
    // Nothing changed: nothing is made.
    house.ok(&["ca", "crl"]);
    assert_eq!(authority(&house, "device-issuing")["crl"]["number"], first);

    house.ok(&["device", "revoke", DEVICE, "--reason", "stolen"]);
    house.ok(&["device", "retire", "7cdfa1000002"]);
    let out = house.text("out");
    house.ok(&["ca", "crl", "--out", &out]);
    for name in ["device-issuing.pem", "device-issuing.crl"] {
        let copy = fs::read(house.path("out").join(name)).unwrap();
        assert_eq!(
            copy,
            fs::read(state(&house, &format!("crl/{name}"))).unwrap()
        );
    }
    for folder in ["device", "second"] {
        let (good, told) = by_openssl(&house, folder);
        assert!(!good && told.contains("certificate revoked"), "{told}");
        let (good, told) = by_gnutls(&house, folder);
        assert!(!good && told.contains("revoked"), "{told}");
    }
    let (_, told) = openssl(&[
        "crl",
        "-noout",
        "-text",
        "-crlnumber",
        "-in",
        &state(&house, "crl/device-issuing.pem"),
    ]);
    for line in [
        "Version 2",
        "Key Compromise",
        "Cessation Of Operation",
        "X509v3 Authority Key Identifier",
    ] {
        assert!(told.contains(line), "no `{line}` in {told}");
    }
    let shown = authority(&house, "device-issuing");
    let number = shown["crl"]["number"].as_u64().unwrap();
    assert!(number > first);
    let hex = format!("{number:X}");
    assert!(told.contains(&hex), "no {hex} in {told}");
    assert_eq!(
        (&shown["issued"], &shown["revoked"]),
        (&2.into(), &2.into())
    );
    assert_eq!(shown["crl"]["revoked"], 2);
}

#[test]
fn a_running_server_publishes_a_revocation_within_seconds() {
    if !need("ca_crl_serve", "openssl", OPENSSL)
        || !need("ca_crl_serve", "curl", "apt-get install curl")
    {
        return;
    }
    let house = House::new();
    // A new one may follow the last at once, so that the test need not wait for a minute.
    let settings = house.state().join("countersign.toml");
    let text = fs::read_to_string(&settings).unwrap();
    let quick = text.replace("at_most_every_s = 60", "at_most_every_s = 0");
    assert_ne!(quick, text);
    fs::write(&settings, quick).unwrap();
    house.enroll();
    let server = house.serve();
    let published = || fs::read(state(&house, "crl/device-issuing.crl"));
    assert!(wait_until(|| published().is_ok()), "{}", server.log());
    let (good, told) = by_openssl(&house, "device");
    assert!(good, "{told}");
    house.ok(&["device", "revoke", DEVICE]);
    assert!(
        wait_until(|| !by_openssl(&house, "device").0),
        "{}",
        server.log()
    );
    let (_, told) = by_openssl(&house, "device");
    assert!(told.contains("certificate revoked"), "{told}");
    // The operator plane has the same.
    let all = house.operator("/v1/ca/crls");
    let one = all
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["authority"] == "device-issuing");
    assert_eq!(one.unwrap()["revoked"], 1);
    let got = Command::new("curl")
        .args(["-sS", "--fail", "--unix-socket"])
        .arg(house.state().join("operator.sock"))
        .arg("http://countersign/v1/ca/crls/device-issuing.crl")
        .output()
        .unwrap();
    assert_eq!(got.stdout, published().unwrap());
    server.stop();
}

#[test]
fn a_revocation_waits_for_its_minute_behind_another_and_is_asked_for_at_once() {
    let house = House::new();
    house.enroll();
    let server = house.serve();
    let number = || authority(&house, "device-issuing")["crl"]["number"].as_u64();
    assert!(wait_until(|| number().is_some()), "{}", server.log());
    let first = number();
    house.ok(&["device", "revoke", DEVICE]);
    // More than twice as long as a look takes to come round, and far less than a minute.
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(number(), first);
    let made = house.json(&["ca", "crl"]);
    let one = made
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["authority"] == "device-issuing")
        .unwrap();
    assert_eq!((&one["made"], &one["revoked"]), (&true.into(), &1.into()));
    assert!(number() > first);
    server.stop();
}

#[test]
fn a_number_grows_behind_a_backup_and_a_cut_file_is_named() {
    let house = House::new();
    house.enroll();
    house.ok(&["ca", "crl"]);
    let number = || {
        authority(&house, "device-issuing")["crl"]["number"]
            .as_u64()
            .unwrap()
    };
    let database = house.state().join("countersign.db");
    let backup = fs::read(&database).unwrap();
    house.ok(&["device", "revoke", DEVICE]);
    house.ok(&["ca", "crl"]);
    let newest = number();
    for name in ["countersign.db-wal", "countersign.db-shm"] {
        let _ = fs::remove_file(house.state().join(name));
    }
    fs::write(&database, backup).unwrap();
    // The journal knows of the revocation, the folder of the number.
    house.ok(&["ca", "crl"]);
    assert!(number() > newest, "{} {newest}", number());
    assert_eq!(authority(&house, "device-issuing")["crl"]["revoked"], 1);

    for name in ["crl/device-issuing.crl", "crl/device-issuing.pem"] {
        let path = house.state().join(name);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        let output = house.command(&["ca", "crl"]).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{told}");
        for word in ["warning: device-issuing", name, "is cut", "written anew"] {
            assert!(told.contains(word), "{told}");
        }
        assert_eq!(fs::read(&path).unwrap().len(), whole.len());
        let output = house.command(&["ca", "crl"]).output().unwrap();
        assert!(output.stderr.is_empty());
    }
    // A CA's file that is cut.
    let path = house.state().join("authorities/device-issuing.pem");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let told = house.fails(&["ca", "crl"]);
    assert!(
        told.contains("authorities/device-issuing.pem is not right"),
        "{told}"
    );
}
