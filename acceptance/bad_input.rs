//! Bad input gets a clear error and loses nothing.

use std::{fs, path::Path};

use crate::harness::{DEVICE, House, composed, image, secured};

/// How many images are stored.
fn stored(house: &House) -> usize {
    fs::read_dir(house.state().join("images")).unwrap().count()
}

/// Spoils an image.
type Harm = fn(&mut Vec<u8>);

#[test]
fn what_no_device_would_take_is_refused_at_publish_and_not_stored() {
    let house = House::new();
    let good = image("1.0.0");
    let path = house.sign(&good, 1);
    let size = good.bytes.len();
    let cases: [(&str, Harm, &str); 7] = [
        ("empty", |bytes| bytes.clear(), "byte 0x0"),
        (
            "a text",
            |bytes| *bytes = b"#!/bin/sh\n".repeat(100),
            "byte 0x0",
        ),
        ("cut short", |bytes| bytes.truncate(1000), "byte 0x"),
        (
            "cut by a byte",
            |bytes| bytes.truncate(bytes.len() - 1),
            "byte 0x",
        ),
        ("wrong checksum", |bytes| flip(bytes, 33), "checksum"),
        ("wrong digest", |bytes| flip(bytes, 1), "digest"),
        ("a byte too many", |bytes| bytes.push(0), "byte 0x"),
    ];
    for server in [false, true] {
        let _server = server.then(|| house.serve());
        for (name, harm, word) in cases {
            let mut bytes = good.bytes.clone();
            harm(&mut bytes);
            fs::write(&path, bytes).unwrap();
            let said = house.fails(&["release", "publish", path.to_str().unwrap()]);
            assert!(
                said.contains(word) && said.contains("1.0.0.bin"),
                "{name}: {said}"
            );
            assert_eq!(stored(&house), 0, "{name}");
        }
        assert_eq!(house.json(&["release", "list"]), serde_json::json!([]));
    }
    fs::write(&path, &good.bytes).unwrap();
    house.ok(&["release", "publish", path.to_str().unwrap()]);
    assert_eq!((stored(&house), size), (1, good.bytes.len()));
}

/// Flips a bit of the byte that stands `from_end` bytes before the end: the checksum is before the digest of 32.
fn flip(bytes: &mut [u8], from_end: usize) {
    let at = bytes.len() - from_end;
    bytes[at] ^= 1;
}

#[test]
fn another_chip_another_image_and_an_older_counter_are_refused_at_publish() {
    let house = House::new();
    house.publish(&image("1.0.0"), 5);
    let publish = |image, manifest: &str| {
        let image: &Path = image;
        house.fails(&[
            "release",
            "publish",
            image.to_str().unwrap(),
            "--manifest",
            manifest,
        ])
    };
    let other = house.sign(&composed("1.1.0", "esp32s3", false), 6);
    let said = publish(&other, &house.text("1.1.0.cose"));
    for word in ["ESP32-S3", "byte 12", "ESP32-C3", "1.0.0"] {
        assert!(said.contains(word), "{said}");
    }
    let older = house.sign(&image("1.2.0"), 5);
    let said = publish(&older, &house.text("1.2.0.cose"));
    assert!(
        said.contains("counter 5") && said.contains("1.0.0"),
        "{said}"
    );
    let swapped = house.sign(&image("1.3.0"), 7);
    let said = publish(&swapped, &house.text("1.2.0.cose"));
    assert!(said.contains("version"), "{said}");
    let again = house.sign(&secured("1.0.0", 1), 9);
    let said = publish(&again, &house.text("1.0.0.cose"));
    assert!(said.contains("version 1.0.0, of another image"), "{said}");
    let said = publish(&older, &house.text("nothing.cose"));
    assert!(said.contains("nothing.cose"), "{said}");
    assert_eq!(stored(&house), 1);
}

#[test]
fn a_product_that_demands_signed_images_takes_no_other() {
    let house = House::new();
    let settings = house.state().join("countersign.toml");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(
        &settings,
        text.replace("unsigned_images = true", "unsigned_images = false"),
    )
    .unwrap();
    let path = house.sign(&image("1.0.0"), 1);
    let said = house.fails(&["release", "publish", path.to_str().unwrap()]);
    assert!(
        said.contains("Secure Boot v2") && said.contains("unsigned_images"),
        "{said}"
    );
    assert_eq!(stored(&house), 0);
}

#[test]
fn a_manifest_by_a_stranger_is_refused() {
    let (house, stranger) = (House::new(), House::new());
    let image = image("1.0.0");
    let path = house.sign(&image, 1);
    stranger.sign(&image, 1);
    let manifest = stranger.text("1.0.0.cose");
    let said = house.fails(&[
        "release",
        "publish",
        path.to_str().unwrap(),
        "--manifest",
        &manifest,
    ]);
    assert!(said.contains("unknown-author"), "{said}");
    let ended = "2020-01-01T00:00:00Z";
    house.ok(&[
        "release",
        "sign",
        "--key",
        &house.text("author.key"),
        "--product",
        "demo",
        "--not-after",
        ended,
        path.to_str().unwrap(),
    ]);
    let said = house.fails(&["release", "publish", path.to_str().unwrap()]);
    assert!(said.contains(ended), "{said}");
    assert_eq!(stored(&house), 0);
}

#[test]
fn devices_that_cannot_be_enrolled_leave_no_folder() {
    let house = House::new();
    house.enroll();
    let out = house.text("other");
    let cases = [
        (&["device", "enroll", DEVICE, "--out", &out][..], "already"),
        (&["device", "enroll", "../x", "--out", &out], "device id"),
        // The namespace of a registered authority is not ours to certify in.
        (
            &["device", "enroll", "acme/x", "--out", &out],
            "`acme/x` is not a device id",
        ),
        (
            &["device", "enroll", "x", "--product", "none", "--out", &out],
            "`demo`",
        ),
        (
            &["device", "enroll", "x", "--idf", "latest", "--out", &out],
            "latest",
        ),
    ];
    for (args, word) in cases {
        let said = house.fails(args);
        assert!(said.contains(word), "{said}");
        assert!(!house.path("other").exists(), "{args:?}");
    }
    let said = house.fails(&["device", "enroll", "x", "--out", &house.text("device")]);
    assert!(said.contains("there already"), "{said}");
    assert_eq!(house.json(&["device", "list"]).as_array().unwrap().len(), 1);
    let said = house.fails(&["device", "revoke", "nobody"]);
    assert!(said.contains("nobody"), "{said}");
    let said = house.fails(&["node", "run", &house.text("nowhere")]);
    assert!(said.contains("device enroll"), "{said}");
    // Another spelling of the same MAC address is the same device.
    let said = house.fails(&["device", "enroll", "7C:DF:A1:00:00:01", "--out", &out]);
    assert!(said.contains("already"), "{said}");
}

#[test]
fn whoever_stops_reading_makes_no_panic_and_a_full_disk_is_an_error() {
    let house = House::empty();
    let deaf = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        writer
    };
    // The exit code is what it would be, and stderr says nothing of it.
    let roots = house
        .command(&["trust", "roots", "--json"])
        .stdout(deaf())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(roots.stderr).unwrap(), "");
    assert_eq!(roots.status.code(), Some(0));
    let mut command = house.command(&["trust", "show", "none"]);
    let none = command.stdout(deaf()).stderr(deaf()).status().unwrap();
    assert_eq!(none.code(), Some(1));

    if let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") {
        let roots = house
            .command(&["trust", "roots"])
            .stdout(full)
            .output()
            .unwrap();
        let said = String::from_utf8(roots.stderr).unwrap();
        assert!(said.contains("error: the output is not whole"), "{said}");
        assert_eq!(roots.status.code(), Some(1));
    }
}
