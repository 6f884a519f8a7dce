//! Five authors' keys by openssl, sets of them by the program, and what a device says.

use std::{fs, process::Command};

use serde_json::Value;

use crate::harness::{House, Image, Link, run};

/// A house with keys of five authors beside the one that it was made with.
pub(super) fn house() -> House {
    let house = House::new();
    for name in ["ann", "ben", "cyd", "dan", "mallory"] {
        let (key, public) = (key(&house, name), public(&house, name));
        let curve = "ec_paramgen_curve:P-256";
        let made = [
            "genpkey",
            "-algorithm",
            "EC",
            "-pkeyopt",
            curve,
            "-out",
            &key,
        ];
        openssl(&made);
        openssl(&["pkey", "-in", &key, "-pubout", "-out", &public]);
    }
    house
}

fn openssl(args: &[&str]) {
    let output = run(Command::new("openssl").args(args));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {errors}");
}

pub(super) fn key(house: &House, name: &str) -> String {
    house.text(&format!("{name}.key"))
}

pub(super) fn public(house: &House, name: &str) -> String {
    house.text(&format!("{name}.pub.pem"))
}

/// Two of Ann, Ben and Cyd, vouched for by the factory's author: in `1.cset`, and published.
pub(super) fn two_of_three(house: &House) {
    let (ann, ben, cyd) = (key(house, "ann"), key(house, "ben"), public(house, "cyd"));
    let (former, out) = (house.text("author.key"), house.text("1.cset"));
    let mut args = vec!["author", "init", "--product", "demo", "--threshold", "2"];
    args.extend([
        "--key", &ann, "--key", &ben, "--author", &cyd, "--out", &out,
    ]);
    let alone = house.json(&args);
    assert_eq!(alone["own"]["met"], true, "{alone}");
    let refused = house.fails(&["author", "publish", &out]);
    assert!(
        refused.contains("0 of the 1 authors needed of the set before"),
        "{refused}"
    );
    args.extend(["--former", &former]);
    house.ok(&args);
    let published = house.json(&["author", "publish", &out]);
    assert_eq!(published["sequence"], 1);
    assert_eq!(published["threshold"], 2);
}

/// An image signed by each in turn; gives its path.
pub(super) fn signed(house: &House, image: &Image, counter: u64, signers: &[&str]) -> String {
    let path = house.text(&format!("{}.bin", image.version));
    fs::write(&path, &image.bytes).unwrap();
    let counter = counter.to_string();
    for (number, signer) in signers.iter().enumerate() {
        let key = key(house, signer);
        let mut args = vec!["release", "sign", &path, "--key", &key, "--product", "demo"];
        if number == 0 {
            args.extend(["--counter", &counter]);
        } else {
            args.push("--add");
        }
        house.ok(&args);
    }
    path
}

/// What the house's device says until it has nothing more to do.
pub(super) fn node(house: &House, link: Link) -> Vec<Value> {
    link.node(house, &link.image("1.0.0"), false)
}

pub(super) fn said(events: &[Value], kind: &str) -> bool {
    events.iter().any(|event| event["event"] == kind)
}

pub(super) fn followed(events: &[Value]) -> Vec<u64> {
    let of_kind = events
        .iter()
        .filter(|event| event["event"] == "authors-followed");
    of_kind
        .map(|event| event["sequence"].as_u64().unwrap())
        .collect()
}

pub(super) fn id(house: &House, set: &str, at: usize) -> String {
    let shown = house.json(&["author", "show", &house.text(set)]);
    shown["own"]["authors"][at]["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Changes the database behind the program's back.
pub(super) fn database(house: &House, change: &str) {
    let script = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1], timeout=20); db.executescript(sys.argv[2]); db.commit()";
    let file = house.state().join("countersign.db");
    let output = run(Command::new("python3")
        .args(["-c", script])
        .arg(file)
        .arg(change));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
}
