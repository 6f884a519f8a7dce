//! App images: ours by Espressif's tool, and Espressif's by ours.

use std::{fs, path::Path};

use serde_json::Value;

use super::{valid_by_esptool, word};
use crate::harness::{DEVICE, House, Image, composed, espressif, image, judge, python, run, skip};

/// Builds an image as ESP-IDF's build does, with none of our code: an ELF file, and `esptool elf2image`.
fn built(python: &Path, house: &House, chip: &str, version: &str) -> Image {
    let (elf, bin) = (house.text("strange.elf"), house.text("strange.bin"));
    judge(
        python,
        "app_elf.py",
        &[chip, version, "strange", "v5.4.2", &elf],
    );
    let flash = [
        "--flash-mode",
        "dio",
        "--flash-freq",
        "40m",
        "--flash-size",
        "4MB",
    ];
    let how = ["--chip", chip, "elf2image", "--elf-sha256-offset", "0xb0"];
    let files = ["-o", &bin, &elf];
    espressif(python, "esptool", &[&how[..], &flash, &files].concat());
    Image {
        version: version.to_owned(),
        bytes: fs::read(bin).unwrap(),
    }
}

#[test]
fn espressif_s_tool_calls_composed_images_valid() {
    let Some(python) = python("formats_composed") else {
        return;
    };
    let house = House::new();
    for (chip, name) in [
        ("esp32", "ESP32"),
        ("esp32s2", "ESP32-S2"),
        ("esp32s3", "ESP32-S3"),
        ("esp32c3", "ESP32-C3"),
        ("esp32c6", "ESP32-C6"),
        ("esp32h2", "ESP32-H2"),
        ("esp32p4", "ESP32-P4"),
    ] {
        let path = house.text("composed.bin");
        fs::write(&path, composed("1.2.3-rc4", chip, false).bytes).unwrap();
        let words = valid_by_esptool(&python, &path);
        assert_eq!(word(&words, "Detected image type"), name);
        assert_eq!(word(&words, "App version"), "1.2.3-rc4");
        assert_eq!(word(&words, "Project name"), "acceptance");
    }
}

#[test]
fn the_words_of_espressif_s_tool_do_change() {
    let Some(python) = python("formats_invalid") else {
        return;
    };
    // Or the tests beside this one would prove nothing.
    let house = House::new();
    let mut bytes = image("1.0.0").bytes;
    bytes[5000] ^= 1;
    let path = house.text("broken.bin");
    fs::write(&path, bytes).unwrap();
    let words = espressif(&python, "esptool", &["image-info", &path]);
    assert!(words.contains("(invalid"), "{words}");
}

#[test]
fn images_by_espressif_s_tool_are_inspected_published_and_run() {
    let Some(python) = python("formats_strange") else {
        return;
    };
    for (chip, name) in [
        ("esp32", "ESP32"),
        ("esp32s3", "ESP32-S3"),
        ("esp32c6", "ESP32-C6"),
    ] {
        let house = House::new();
        let _server = house.serve();
        house.enroll();
        let strange = built(&python, &house, chip, "v9.1-strange");
        let path = house.text("strange.bin");
        let words = valid_by_esptool(&python, &path);

        let seen = house.json(&["image", "inspect", &path]);
        assert_eq!(seen["project"], word(&words, "Project name"));
        assert_eq!(seen["version"], word(&words, "App version"));
        assert_eq!(seen["idf_version"], word(&words, "ESP-IDF"));
        assert_eq!(seen["built"], word(&words, "Compile time"));
        assert_eq!(seen["chip"], name);
        assert_eq!(word(&words, "Detected image type"), name);
        assert_eq!(seen["size"], strange.bytes.len());
        assert_eq!(seen["appended_digest"], true);
        let checksum = format!("{:#04x} (valid)", seen["checksum"].as_u64().unwrap());
        assert_eq!(checksum, word(&words, "Checksum"));
        same_segments(&seen, &words);

        house.publish(&strange, 1);
        let factory = composed("1.0.0", chip, false);
        house.node("device", &factory, &[]);
        let device = house.json(&["device", "show", DEVICE]);
        assert_eq!(device["running"]["version"], "v9.1-strange", "{chip}");
        assert_eq!(device["running"]["chip"], name);

        let out = run(house
            .command(&["demo", "--json", "--image", &path])
            .env_remove("COUNTERSIGN_STATE"));
        let errors = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{chip}: {errors}");
        let told: Value = serde_json::from_slice(&out.stdout).unwrap();
        assert_eq!(told["device"]["chip"], name);
        let running = &told["device"]["running_version"];
        assert_eq!(running["after_update"], "v9.1-strange");
        assert_eq!(running["after_rollback"], "v9.1-strange");
    }
}

#[test]
fn the_firmware_for_the_esp32_c3_is_released_like_any_other() {
    let test = "formats_esp32c3";
    let Some(python) = python(test) else {
        return;
    };
    let Some(path) = std::env::var_os("COUNTERSIGN_ESP32C3") else {
        skip(
            test,
            "the firmware in firmware/esp32c3",
            "cargo xtask test --only tools,esp32c3,tests",
        );
        return;
    };
    let path = path.to_str().unwrap();
    let house = House::new();
    let _server = house.serve();
    house.enroll();
    let words = valid_by_esptool(&python, path);
    let seen = house.json(&["image", "inspect", path]);
    assert_eq!(seen["chip"], "ESP32-C3");
    assert_eq!(seen["project"], word(&words, "Project name"));
    assert_eq!(seen["built"], word(&words, "Compile time"));
    same_segments(&seen, &words);
    let version = word(&words, "App version").to_owned();
    let firmware = Image {
        version: version.clone(),
        bytes: fs::read(path).unwrap(),
    };
    house.publish(&firmware, 1);
    house.node("device", &composed("1.0.0", "esp32c3", false), &[]);
    assert_eq!(house.device()["running"]["version"], version);
}

/// Holds our segments against the table of Espressif's tool, where the offsets are those of the headers.
fn same_segments(ours: &Value, words: &str) {
    let number = |text: &str| u64::from_str_radix(text.trim_start_matches("0x"), 16).ok();
    let rows: Vec<_> = words
        .lines()
        .filter_map(|line| {
            let mut cells = line.split_whitespace();
            cells.next()?.parse::<u8>().ok()?;
            let length = number(cells.next()?)?;
            let address = number(cells.next()?)?;
            let offset = number(cells.next()?)?;
            Some((offset + 8, address, length))
        })
        .collect();
    let ours = ours["segments"].as_array().unwrap().iter();
    let field = |segment: &Value, name: &str| segment[name].as_u64().unwrap();
    let ours: Vec<_> = ours
        .map(|segment| {
            (
                field(segment, "offset"),
                field(segment, "load_address"),
                field(segment, "length"),
            )
        })
        .collect();
    assert_eq!(ours, rows, "{words}");
    assert!(!rows.is_empty());
}

#[test]
fn the_published_image_stands_in_the_slot_as_espressif_s_tool_reads_it() {
    let Some(python) = python("formats_slot") else {
        return;
    };
    let house = House::new();
    let _server = house.serve();
    house.enroll();
    let newest = image("1.1.0");
    house.publish(&newest, 1);
    house.node("device", &image("1.0.0"), &[]);
    let flash = house.text("device/flash.bin");
    judge(&python, "flash_layout.py", &[&flash, &house.text("")]);
    let slot = fs::read(house.path("ota_1.bin")).unwrap();
    let (held, rest) = slot.split_at(newest.bytes.len());
    assert!(held == newest.bytes, "the slot holds something else");
    assert!(rest.iter().all(|byte| *byte == 0xFF), "more than the image");
    let path = house.text("slot.bin");
    fs::write(&path, held).unwrap();
    let words = valid_by_esptool(&python, &path);
    assert_eq!(word(&words, "App version"), "1.1.0");
    // The image before is still there, to go back to.
    let slot = fs::read(house.path("ota_0.bin")).unwrap();
    let old = image("1.0.0").bytes;
    assert!(slot[..old.len()] == old, "ota_0 holds something else");
}
