//! The demonstration, as whoever clones the project runs it.

use std::process::Command;

use serde_json::Value;

use crate::harness::{House, composed, run};

fn demo(args: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    let output = run(command.args(["demo", "--json"]).args(args));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

fn check(told: &Value, versions: [&str; 3]) {
    let running = &told["device"]["running_version"];
    assert_eq!(running["before"], versions[0]);
    assert_eq!(running["after_update"], versions[1]);
    assert_eq!(running["after_rollback"], versions[2]);
    let refusals = told["refusals"].as_array().unwrap();
    let found: Vec<_> = refusals
        .iter()
        .map(|refusal| ["name", "by", "where", "reason"].map(|key| refusal[key].as_str().unwrap()))
        .collect();
    assert_eq!(found, REFUSALS);
    for refusal in refusals {
        // So that a line of the table has 110 characters at most.
        assert!(refusal["what"].as_str().unwrap().len() <= 38, "{refusal}");
        assert!(!refusal["reason_text"].as_str().unwrap().is_empty());
    }
    assert!(told["steps"].as_array().unwrap().len() >= 8);
    assert!(told["device"]["handshake_us"].as_u64().unwrap() > 0);
}

#[test]
fn the_demo_tells_the_whole_story() {
    check(&demo(&[]), ["1.0.0", "1.1.0", "1.1.0"]);
}

#[test]
fn the_demo_takes_an_image_of_another_chip() {
    let house = House::new();
    let path = house.path("app.bin");
    std::fs::write(&path, composed("v7.8-rc1", "esp32s3", false).bytes).unwrap();
    let told = demo(&["--image", path.to_str().unwrap()]);
    check(&told, ["factory", "v7.8-rc1", "v7.8-rc1"]);
    assert_eq!(told["device"]["chip"], "ESP32-S3");
}

#[test]
fn the_demo_takes_an_image_that_devices_do_not_go_back_from() {
    // By Espressif's tools: 32 characters of version, secure version 7.
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../esp-formats/tests/data/ok_image_esp32.bin"
    );
    let told = demo(&["--image", path]);
    let version = "1.2.3-xxxxxxxxxxxxxxxxxxxxxxxxxx";
    check(&told, ["factory", version, version]);
    assert_eq!(told["device"]["chip"], "ESP32");
}

#[test]
fn the_demo_says_what_is_wrong_with_an_image() {
    let house = House::new();
    let path = house.path("app.bin");
    std::fs::write(&path, b"not an image").unwrap();
    let told = house.fails(&["demo", "--image", path.to_str().unwrap()]);
    assert!(told.contains("app.bin"), "{told}");
}

/// Who is turned away, by whom, where and why.
const REFUSALS: &[[&str; 4]] = &[
    ["no-certificate", "server", "device-plane", "no-certificate"],
    ["impostor", "server", "device-plane", "unknown-issuer"],
    [
        "revoked-live-connection",
        "server",
        "device-plane",
        "device-revoked",
    ],
    [
        "revoked-download",
        "server",
        "download-plane",
        "device-revoked",
    ],
    [
        "revoked-new-connection",
        "server",
        "device-plane",
        "device-revoked",
    ],
    [
        "revoked-resumed-session",
        "server",
        "device-plane",
        "device-revoked",
    ],
    ["suspended", "server", "device-plane", "device-suspended"],
    ["foreign-server", "device", "connection", "untrusted-server"],
    [
        "device-as-server",
        "device",
        "connection",
        "untrusted-server",
    ],
    [
        "other-name-server",
        "device",
        "connection",
        "untrusted-server",
    ],
    ["changed-image", "device", "image", "wrong-digest"],
    ["forger", "device", "manifest", "bad-signature"],
    ["older-release", "device", "manifest", "old-counter"],
    ["ended-manifest", "device", "manifest", "ended"],
    ["unknown-author", "device", "manifest", "unknown-author"],
    ["other-product", "device", "manifest", "wrong-product"],
    ["other-chip", "device", "manifest", "wrong-chip"],
    ["url-ended", "server", "download-plane", "url-ended"],
    [
        "url-other-image",
        "server",
        "download-plane",
        "bad-url-signature",
    ],
    [
        "url-other-device",
        "server",
        "download-plane",
        "bad-url-signature",
    ],
    ["redirect-to-http", "device", "address", "forbidden-address"],
    [
        "redirect-to-stranger",
        "device",
        "address",
        "forbidden-address",
    ],
    ["foreign-report", "server", "device-plane", "unknown-offer"],
    ["replayed-report", "server", "device-plane", "no-effect"],
    ["foreign-check-in", "server", "device-plane", "no-effect"],
];
