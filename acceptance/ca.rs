//! The `ca` commands, judged by programs that we did not write.

mod certificates;
mod crl;
mod export;
mod offline;
mod prove;
mod replace;

use std::{path::Path, process::Command};

use serde_json::Value;

use crate::harness::{House, run};

const OPENSSL: &str = "apt-get install openssl";
const CERTTOOL: &str = "apt-get install gnutls-bin";

/// Runs openssl; whether it was content, and all its words.
fn openssl(args: &[&str]) -> (bool, String) {
    words(Command::new("openssl").args(args))
}

fn words(command: &mut Command) -> (bool, String) {
    let output = run(command);
    let all = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&all).into_owned(),
    )
}

/// A file of the state directory.
fn state(house: &House, name: &str) -> String {
    house.state().join(name).to_str().unwrap().to_owned()
}

/// One authority, as `ca show` has it.
fn authority(house: &House, name: &str) -> Value {
    let all = house.json(&["ca", "show"]);
    let found = all
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == name);
    found
        .unwrap_or_else(|| panic!("no {name} in {all}"))
        .clone()
}

/// A key and a certificate request by openssl: `NAME.key`, `NAME.csr`.
fn request(house: &House, name: &str) -> String {
    let (key, csr) = (
        house.text(&format!("{name}.key")),
        house.text(&format!("{name}.csr")),
    );
    let subject = "/CN=what the request says/O=counts for nothing";
    let (good, told) = openssl(&[
        "req",
        "-new",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-subj",
        subject,
        "-addext",
        "basicConstraints=critical,CA:TRUE",
        "-keyout",
        &key,
        "-out",
        &csr,
    ]);
    assert!(good, "{told}");
    csr
}

/// What openssl says of a certificate's file.
fn text_of(file: &Path) -> String {
    let (good, told) = openssl(&["x509", "-noout", "-text", "-in", file.to_str().unwrap()]);
    assert!(good, "{told}");
    told
}

/// A chain is good under a root of the house's, by openssl, strictly.
fn verifies(house: &House, root: &str, chain: &str) {
    let root = state(house, &format!("authorities/{root}.pem"));
    let (good, told) = openssl(&[
        "verify",
        "-x509_strict",
        "-CAfile",
        &root,
        "-untrusted",
        chain,
        chain,
    ]);
    assert!(good, "{chain}: {told}");
}
