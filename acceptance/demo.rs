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
    let reason = |name: &str| {
        let refusal = refusals
            .iter()
            .find(|refusal| refusal["name"] == name)
            .unwrap();
        (
            refusal["by"].as_str().unwrap(),
            refusal["reason"].as_str().unwrap(),
        )
    };
    assert_eq!(reason("impostor"), ("server", "unknown-issuer"));
    assert_eq!(reason("forger"), ("device", "bad-signature"));
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
fn the_demo_says_what_is_wrong_with_an_image() {
    let house = House::new();
    let path = house.path("app.bin");
    std::fs::write(&path, b"not an image").unwrap();
    let told = house.fails(&["demo", "--image", path.to_str().unwrap()]);
    assert!(told.contains("app.bin"), "{told}");
}
