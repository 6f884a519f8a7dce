//! `image inspect`, field for field as `esptool image-info` says it.

use std::{collections::BTreeMap, fs, ops::RangeInclusive};

use serde_json::Value;

use super::Ground;
use crate::harness::{composed, espressif, run};

/// Spoils an image.
type Harm = fn(&mut Vec<u8>);

/// What `esptool image-info` says, by its names.
fn by_esptool(ground: &Ground, path: &str) -> (BTreeMap<String, String>, Vec<[String; 4]>) {
    let words = espressif(&ground.python, "esptool", &["image-info", path]);
    let pairs = words.lines().filter_map(|line| line.split_once(": "));
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let rows = words.lines().filter_map(|line| {
        let mut cells = line.split_whitespace();
        cells.next()?.parse::<u8>().ok()?;
        let [length, address, offset] = [cells.next()?, cells.next()?, cells.next()?];
        let memory = cells.collect::<Vec<_>>().join(" ");
        Some(
            [length, address, offset]
                .map(str::to_owned)
                .into_iter()
                .chain([memory]),
        )
    });
    let rows = rows.map(|cells| cells.collect::<Vec<_>>().try_into().unwrap());
    (pairs.collect(), rows.collect())
}

/// Our fields in esptool's words.
fn in_its_words(seen: &Value) -> Vec<(&'static str, String)> {
    let number = |name: &str| seen[name].as_u64().unwrap();
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let revision = |value: u64| format!("v{}.{}", value / 100, value % 100);
    let drive = &seen["pin_drive"];
    let drives: Vec<_> = ["clk", "q", "d", "cs0", "hd", "wp"]
        .map(|pin| format!("{pin}_drv: {:#x}", drive[pin].as_u64().unwrap()))
        .into();
    let wp = number("wp_pin");
    let disabled = if wp == 0xEE { " (disabled)" } else { "" };
    let flash = &seen["flash"];
    let mut pairs = vec![
        ("Image size", format!("{} bytes", number("size"))),
        ("Detected image type", text(&seen["chip"])),
        ("Entry point", format!("{:#8x}", number("entry"))),
        ("Segments", number("segment_count").to_string()),
        ("Flash size", text(&flash["size"])),
        ("Flash freq", text(&flash["frequency"])),
        ("Flash mode", text(&flash["mode"])),
        ("WP pin", format!("{wp:#x}{disabled}")),
        ("Flash pins drive settings", drives.join(", ")),
        (
            "Chip ID",
            format!("{} ({})", number("chip_id"), text(&seen["chip"])),
        ),
        (
            "Minimal chip revision",
            format!(
                "{}, (legacy min_rev = {})",
                revision(number("min_chip_rev_full")),
                number("min_chip_rev")
            ),
        ),
        (
            "Maximal chip revision",
            revision(number("max_chip_rev_full")),
        ),
        ("Checksum", format!("{:#04x} (valid)", number("checksum"))),
        (
            "Validation hash",
            format!("{} (valid)", text(&seen["digest"])),
        ),
        ("Project name", text(&seen["project"])),
        ("App version", text(&seen["version"])),
        ("Compile time", text(&seen["built"])),
        ("ELF file SHA256", text(&seen["elf_sha256"])),
        ("ESP-IDF", text(&seen["idf_version"])),
        ("Secure version", number("secure_version").to_string()),
    ];
    for (name, field) in [
        ("Minimal eFuse block revision", "min_efuse_blk_rev_full"),
        ("Maximal eFuse block revision", "max_efuse_blk_rev_full"),
    ] {
        pairs.push((name, revision(number(field))[1..].to_owned()));
    }
    if let Some(page) = seen["mmu_page_size"].as_u64() {
        pairs.push(("MMU page size", format!("{} KB", page / 1024)));
    }
    pairs
}

const CHIPS: [&str; 14] = [
    "esp32", "esp32s2", "esp32s3", "esp32c2", "esp32c3", "esp32c5", "esp32c6", "esp32c61",
    "esp32e22", "esp32h2", "esp32h21", "esp32h4", "esp32p4", "esp32s31",
];

#[test]
fn every_field_is_the_one_that_esptool_shows_for_each_chip_and_each_setting() {
    let Some(ground) = Ground::new("images::inspect") else {
        return;
    };
    let path = ground.house.text("image.bin");
    // Each chip with two of four settings, and each setting with chips of all kinds.
    for (at, chip) in (0_u8..).zip(CHIPS) {
        for round in [at % 4, (at + 1) % 4] {
            let mut bytes = composed("1.2.3", chip, false).bytes;
            // Mode, speed and size, pins, revisions: whatever they say, the image stays whole.
            bytes[2] = round;
            bytes[3] = [0x20, 0x1F, 0x72, 0x41][usize::from(round)];
            bytes[8] = [0xEE, 7, 0, 0xEE][usize::from(round)];
            bytes[9..12].copy_from_slice(&[0x21 * round, 0x10 * round, round]);
            bytes[14..19].copy_from_slice(&[round, 44, round, 0xFF, 0]);
            digest_again(&mut bytes);
            fs::write(&path, &bytes).unwrap();
            let (theirs, rows) = by_esptool(&ground, &path);
            let seen = ground.house.json(&["image", "inspect", &path]);
            for (name, ours) in in_its_words(&seen) {
                // It warns of numbers that mean nothing, and shows no line.
                match theirs.get(name) {
                    Some(theirs) => assert_eq!(&ours, theirs, "{chip} {name}"),
                    None => assert_eq!(ours, "?", "{chip} {name}"),
                }
            }
            let ours = seen["segments"].as_array().unwrap().iter().map(|segment| {
                let number = |name: &str| segment[name].as_u64().unwrap();
                let memory = segment["memory"].as_array().unwrap().iter();
                let memory: Vec<_> = memory.map(|name| name.as_str().unwrap()).collect();
                [
                    format!("{:#07x}", number("length")),
                    format!("{:#010x}", number("load_address")),
                    format!("{:#010x}", number("offset") - 8),
                    memory.join(", "),
                ]
            });
            assert_eq!(ours.collect::<Vec<_>>(), rows, "{chip}");
        }
    }
}

/// Where ESP-IDF's own memory maps, which we go by, have other borders or names than esptool's, and no image has a segment.
const OTHERWISE: [RangeInclusive<u32>; 6] = [
    // Two words at the ends of the ESP32's RAM.
    0x3FFF_FFFC..=0x3FFF_FFFF,
    0x400B_FFFC..=0x400C_0000,
    // ROM.
    0x4000_0000..=0x4007_0000,
    // RAM that the H2 and the C61 have not, and LP RAM that the H2 has not.
    0x4085_0000..=0x4088_0000,
    0x5000_1000..=0x5000_4000,
    // Registers on most chips.
    0x600F_DFFF..=0x6010_0000,
];

#[test]
fn memory_is_named_as_esptool_names_it_at_every_border() {
    let Some(ground) = Ground::new("images::memory") else {
        return;
    };
    let script = "import json\n\
        from esptool.targets import CHIP_DEFS\n\
        print(json.dumps([[c.IMAGE_CHIP_ID, at, [m for a, b, m in c.MEMORY_MAP if a <= at < b]]\n\
        for c in CHIP_DEFS.values() if c.IMAGE_CHIP_ID is not None\n\
        for at in sorted({x + d for a, b, m in c.MEMORY_MAP for x in (a, b) for d in (-1, 0, 1) if x + d >= 0})]))";
    let mut python = std::process::Command::new(&ground.python);
    let said = run(python.args(["-c", script]));
    let rows: Vec<(u16, u32, Vec<String>)> = serde_json::from_slice(&said.stdout).unwrap();
    let mut chips = BTreeMap::new();
    for (chip, address, theirs) in rows {
        let chip = esp_formats::app_image::ChipId(chip);
        assert!(chip.name().is_some(), "esptool knows {chip}");
        let ours: Vec<_> = chip.memory_types(address).collect();
        let is_told_otherwise = OTHERWISE.iter().any(|range| range.contains(&address));
        assert!(
            ours == theirs || is_told_otherwise,
            "{chip} {address:#x}: {ours:?}, {theirs:?}"
        );
        *chips.entry(chip).or_insert(0) += 1;
    }
    assert_eq!(chips.len(), CHIPS.len(), "{chips:?}");
}

#[test]
fn what_a_device_would_refuse_is_shown_with_its_reason() {
    let Some(ground) = Ground::new("images::refused") else {
        return;
    };
    let good = composed("1.0.0", "esp32c3", false).bytes;
    let path = ground.house.text("image.bin");
    let cases: [(Harm, &str); 5] = [
        (|bytes| bytes[600] ^= 1, "checksum"),
        (|bytes| bytes[4] ^= 1, "digest"),
        (|bytes| bytes[25] ^= 0x10, "does not fit its place"),
        (|bytes| bytes.truncate(3000), "the data ends at 3000 bytes"),
        (|bytes| bytes[28] |= 1, "multiple of 4"),
    ];
    for (harm, word) in cases {
        let mut bytes = good.clone();
        harm(&mut bytes);
        if word == "does not fit its place" {
            digest_again(&mut bytes);
        }
        fs::write(&path, bytes).unwrap();
        let said = run(&mut ground.house.command(&["image", "inspect", &path]));
        let words = String::from_utf8_lossy(&said.stdout);
        assert_eq!(said.status.code(), Some(1), "{words}");
        assert!(
            words.contains("\nrefused: ") && words.contains(word),
            "{words}"
        );
        assert!(
            words.contains("ESP32-C3"),
            "what can be read is shown: {words}"
        );
        let said = run(&mut ground.house.command(&["image", "inspect", "--json", &path]));
        let seen: Value = serde_json::from_slice(&said.stdout).unwrap();
        assert!(!seen["refused"].as_array().unwrap().is_empty());
    }
}

#[test]
fn an_image_is_measured_by_a_partition_table() {
    let Some(ground) = Ground::new("images::slots") else {
        return;
    };
    let path = ground.house.text("image.bin");
    fs::write(&path, composed("1.0.0", "esp32c3", false).bytes).unwrap();
    let table = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../esp-formats/tests/data/ok_partition_table.bin"
    );
    let flags = ["image", "inspect", "--partition-table", table];
    let seen = ground.house.json(&[&flags[..], &[&path]].concat());
    let slots = seen["slots"].as_array().unwrap();
    assert_eq!(slots.len(), 2);
    assert!(
        slots
            .iter()
            .all(|slot| slot["fits"] == true && slot["size"] == 0x10_0000)
    );
    let large = crate::harness::large("1.0.0");
    fs::write(&path, &large.bytes).unwrap();
    let said = run(&mut ground.house.command(&[&flags[..], &[&path]].concat()));
    let fits = large.bytes.len() <= 0x10_0000;
    assert_eq!(said.status.success(), fits);
    let csv = ground.house.text("table.csv");
    fs::write(&csv, "nvs,data,nvs,0x9000,0x4000,\n").unwrap();
    let said = ground
        .house
        .fails(&["image", "inspect", "--partition-table", &csv, &path]);
    assert!(said.contains("gen_esp32part.py"), "{said}");
}

/// Makes the appended digest right again; the header is no part of the checksum.
fn digest_again(bytes: &mut [u8]) {
    let end = bytes.len() - 32;
    let digest = countersign_x509::sha256(&bytes[..end]);
    bytes[end..].copy_from_slice(&digest);
}
