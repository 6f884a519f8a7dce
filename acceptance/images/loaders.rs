//! Boot loaders, and whole flashes that begin with one, as `esptool image-info` shows them.

use std::fs;

use serde_json::Value;

use super::Ground;
use crate::harness::{composed, espressif, run};

/// A boot loader of `chip` that says of itself what ESP-IDF's does, in one segment at `ram`.
fn loader(chip: u16, ram: u32) -> Vec<u8> {
    let mut description = vec![80, 0xFF, 0xFF, 0];
    description.extend(7_u32.to_le_bytes());
    for (text, len) in [("v5.5.5", 32), ("Nov 23 2026 12:34:56", 24), ("", 16)] {
        let end = description.len() + len;
        description.extend(text.as_bytes());
        description.resize(end, 0);
    }
    description.resize(640, 0x5A);
    let mut image = vec![0xE9, 1, 2, 0x2F];
    image.extend((ram + 0x100).to_le_bytes());
    image.extend([0xEE, 0, 0, 0]);
    image.extend(chip.to_le_bytes());
    image.extend([0, 100, 0, 199, 0, 0, 0, 0, 0, 1]);
    image.extend(ram.to_le_bytes());
    image.extend(u32::try_from(description.len()).unwrap().to_le_bytes());
    let checksum = description.iter().fold(0xEF, |sum, byte| sum ^ byte);
    image.extend(description);
    image.resize(image.len() | 15, 0);
    image.push(checksum);
    let digest = countersign_x509::sha256(&image);
    image.extend(digest);
    image
}

/// A table with one app, as it lies in flash.
const TABLE: &[u8] = include_bytes!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../esp-formats/tests/data/ok_partition_table.bin"
));

/// What `esptool` says under a name.
fn said<'a>(words: &'a str, name: &str) -> Option<&'a str> {
    let found = words
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    found.map(str::trim_end)
}

fn agree(words: &str, seen: &Value) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let of = &seen["boot_loader"];
    for (name, ours) in [
        ("Detected image type", text(&seen["chip"])),
        ("Segments", seen["segment_count"].to_string()),
        ("Flash size", text(&seen["flash"]["size"])),
        ("Flash mode", text(&seen["flash"]["mode"])),
        (
            "Validation hash",
            format!("{} (valid)", text(&seen["digest"])),
        ),
    ] {
        assert_eq!(said(words, name), Some(&*ours), "{words}");
    }
    // It looks for the description where the chip's data is, and so not on every chip.
    let shown = [
        ("Bootloader version", of["version"].to_string()),
        ("ESP-IDF", text(&of["idf_version"])),
        ("Compile time", text(&of["built"])),
    ];
    for (name, ours) in shown {
        let theirs = said(words, name);
        assert!(theirs.is_none_or(|theirs| theirs == ours), "{words}");
    }
}

#[test]
fn boot_loaders_are_shown_as_esptool_shows_them() {
    let Some(ground) = Ground::new("images::loaders") else {
        return;
    };
    let path = ground.house.text("loader.bin");
    let mut told = 0;
    for (chip, ram) in [
        (0, 0x3FFF_0020),
        (2, 0x3FFE_8020),
        (5, 0x3FCD_5820),
        (9, 0x3FCE_2820),
        (0x0C, 0x3FCD_8020),
        (0x0D, 0x4086_C410),
        (0x10, 0x4083_EFD0),
        (0x12, 0x4FF3_3CE0),
        (0x17, 0x4084_BBA0),
    ] {
        fs::write(&path, loader(chip, ram)).unwrap();
        let words = espressif(&ground.python, "esptool", &["image-info", &path]);
        let seen = ground.house.json(&["image", "inspect", &path]);
        assert_eq!(seen["kind"], "boot loader");
        assert_eq!(seen["boot_loader"]["version"], 7);
        agree(&words, &seen);
        told += u8::from(said(&words, "Bootloader version").is_some());
    }
    assert!(told >= 5, "{told}");
}

#[test]
fn a_whole_flash_is_shown_as_its_boot_loader_wherever_it_begins() {
    let Some(ground) = Ground::new("images::flash") else {
        return;
    };
    let path = ground.house.text("flash.bin");
    for (chip, id, ram, begins) in [
        ("esp32c3", 5, 0x3FCD_5820, 0),
        ("esp32", 0, 0x3FFF_0020, 0x1000),
        ("esp32p4", 0x12, 0x4FF3_3CE0, 0x2000),
    ] {
        let mut flash = loader(id, ram);
        flash.resize(0x8000 - begins, 0xFF);
        flash.extend(TABLE);
        flash.resize(0x1_0000 - begins, 0xFF);
        flash.extend(composed("1.0.0", chip, false).bytes);
        fs::write(&path, flash).unwrap();
        let words = espressif(&ground.python, "esptool", &["image-info", &path]);
        let output = run(&mut ground.house.command(&["image", "inspect", "--json", &path]));
        assert_eq!(output.status.code(), Some(1));
        let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
        agree(&words, &seen);
        let refused = seen["refused"].to_string();
        let table = format!("partition table at byte {:#x}", 0x8000 - begins);
        assert!(refused.contains(&table), "{refused}");
        // Nothing of it is signed.
        let key = ground.key("rsa3072", &format!("{chip}.pem"));
        let out = ground.house.text("out.bin");
        let said = ground
            .house
            .fails(&["image", "sign", "--key", &key, "--out", &out, &path]);
        assert!(said.contains("a whole flash"), "{said}");
        assert!(!fs::exists(out).unwrap());
    }
}
