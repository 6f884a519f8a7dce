//! `image diff`, of images that Espressif's tools made too.

use std::fs;

use crate::harness::{House, composed, espressif, python, secured};

#[test]
fn a_step_is_shown_field_by_field_and_what_stops_it_is_said() {
    let house = House::empty();
    let [old, new, low, s3] =
        ["old.bin", "new.bin", "low.bin", "s3.bin"].map(|name| house.text(name));
    fs::write(&old, secured("1.0.0", 2).bytes).unwrap();
    fs::write(&new, secured("1.1.0", 3).bytes).unwrap();
    fs::write(&low, secured("1.2.0", 1).bytes).unwrap();
    fs::write(&s3, composed("1.1.0", "esp32s3", false).bytes).unwrap();

    let told = house.json(&["image", "diff", &old, &new]);
    assert_eq!(told["same"], false);
    assert_eq!(told["old"]["version"], "1.0.0");
    assert_eq!(told["new"]["secure_version"], 3);
    assert_eq!(told["obstacles"], serde_json::json!([]));
    let changed = told["changed"].as_array().unwrap();
    let of = |name: &str| changed.iter().find(|row| row["field"] == name);
    let row = of("secure_version").unwrap();
    assert_eq!(row["setting"], "CONFIG_BOOTLOADER_APP_SECURE_VERSION");
    assert_eq!((&row["old"], &row["new"]), (&2.into(), &3.into()));
    assert!(of("chip_id").is_none());
    assert!(told["bytes"]["equal"].as_u64() < told["bytes"]["of"].as_u64());

    let told = house.json(&["image", "diff", &old, &low]);
    let obstacle = told["obstacles"][0].as_str().unwrap();
    assert!(
        obstacle.contains("secure_version falls from 2 to 1"),
        "{obstacle}"
    );
    let told = house.json(&["image", "diff", &old, &s3]);
    let obstacle = told["obstacles"][0].as_str().unwrap();
    assert!(obstacle.contains("ESP32-S3, not ESP32-C3"), "{obstacle}");

    let said = house.ok(&["image", "diff", &old, &old]);
    assert_eq!(said, "the same, byte for byte\n");
    let said = house.ok(&["image", "diff", &old, &new]);
    for words in [
        "version",
        "1.0.0",
        "1.1.0",
        "CONFIG_APP_PROJECT_VER",
        "flash, data",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    fs::write(&new, &fs::read(&old).unwrap()[..5000]).unwrap();
    let told = house.fails(&["image", "diff", &old, &new]);
    assert!(told.contains("new.bin: not a whole app image"), "{told}");
}

#[test]
fn another_key_in_the_first_block_is_told_with_espsecure_s_signatures() {
    let Some(python) = python("diff_signatures") else {
        return;
    };
    let house = House::empty();
    for name in ["a", "b"] {
        let key = house.text(&format!("{name}.pem"));
        let generate = ["generate-signing-key", "-v", "2", "-s", "ecdsa256", &key];
        espressif(&python, "espsecure", &generate);
    }
    let (a, b) = (house.text("a.pem"), house.text("b.pem"));
    let sign = |version: &str, keys: &[&str]| {
        let (plain, out) = (
            house.text("plain.bin"),
            house.text(&format!("{version}.bin")),
        );
        fs::write(&plain, composed(version, "esp32c6", false).bytes).unwrap();
        let mut args = vec!["sign-data", "-v", "2"];
        for key in keys {
            args.extend(["-k", key]);
        }
        args.extend(["-o", &out, &plain]);
        espressif(&python, "espsecure", &args);
        out
    };
    let (first, with_both, turned, other) = (
        sign("1", &[&a]),
        sign("2", &[&a, &b]),
        sign("3", &[&b, &a]),
        sign("4", &[&b]),
    );
    let obstacles = |new: &str| {
        let told = house.json(&["image", "diff", &first, new]);
        assert_eq!(told["old"]["signature_blocks"].as_array().unwrap().len(), 1);
        told["obstacles"].to_string()
    };
    assert_eq!(obstacles(&with_both), "[]");
    assert!(obstacles(&turned).contains("block 0 is by another key"));
    assert!(obstacles(&other).contains("no signature block is by a key of the old image"));
}
