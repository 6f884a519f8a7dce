use esp_formats::app_image::{ChipId, Composition, Memory, compose, composed_len};

use super::*;

fn image(of: &Composition<'_>) -> Vec<u8> {
    let mut bytes = vec![0; composed_len(of).unwrap()];
    let len = compose(of, &mut bytes, |bytes| sha256(bytes).0).unwrap();
    bytes.truncate(len);
    bytes
}

fn composition() -> Composition<'static> {
    Composition {
        chip: ChipId::ESP32_C3,
        secure_version: 3,
        version: "1.4.0",
        project_name: "thermostat",
        time: "03:06:07",
        date: "Nov 23 2026",
        idf_version: "v5.5.1",
        payload: b"payload",
        filler_len: 400,
    }
}

fn changed(diff: &Diff) -> Vec<&'static str> {
    let both = diff.old.fields.iter().zip(&diff.new.fields);
    both.filter(|(old, new)| old.value != new.value)
        .map(|(old, _)| old.name)
        .collect()
}

/// An image that espsecure signed.
fn signed(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../esp-formats/tests/data");
    std::fs::read(format!("{folder}/{name}")).unwrap()
}

#[test]
fn an_image_and_itself_differ_in_nothing() {
    let file = image(&composition());
    let diff = diff(&file, &file).unwrap();
    assert_eq!(changed(&diff), [""; 0]);
    assert_eq!(diff.first_difference, None);
    assert_eq!(diff.equal_bytes, file.len());
    assert!(diff.segments.iter().all(|pair| pair.same_data));
    assert_eq!(diff.obstacles, []);
}

#[test]
fn a_step_forward_changes_what_it_changes() {
    let old = image(&composition());
    let new = image(&Composition {
        version: "1.5.0",
        payload: b"a payload that is longer",
        secure_version: 4,
        ..composition()
    });
    let diff = diff(&old, &new).unwrap();
    let changed = changed(&diff);
    for name in ["version", "secure_version", "checksum", "appended hash"] {
        assert!(changed.contains(&name), "{name}");
    }
    for name in ["chip_id", "project_name", "idf_ver", "spi_mode"] {
        assert!(!changed.contains(&name), "{name}");
    }
    // The length of the first segment, before the descriptor.
    assert_eq!(diff.first_difference, Some(28));
    assert_eq!(diff.obstacles, []);
    assert!(diff.memory.contains_key(&Some(Memory::FlashData)));
}

#[test]
fn what_stops_a_step_is_said() {
    let old = image(&composition());
    let stops = |of: &Composition<'_>| diff(&old, &image(of)).unwrap().obstacles;
    let found = stops(&Composition {
        chip: ChipId::ESP32_S3,
        version: "2",
        ..composition()
    });
    assert!(matches!(found[..], [Obstacle::Chip { .. }]), "{found:?}");
    let found = stops(&Composition {
        secure_version: 2,
        version: "2",
        ..composition()
    });
    assert_eq!(found, [Obstacle::SecureVersion { old: 3, new: 2 }]);
    let found = stops(&Composition {
        project_name: "lamp",
        version: "2",
        ..composition()
    });
    assert!(matches!(found[..], [Obstacle::Project { .. }]), "{found:?}");
    let found = stops(&Composition {
        payload: b"other",
        ..composition()
    });
    let version = "1.4.0".to_owned();
    assert_eq!(found, [Obstacle::SameVersion { version }]);
}

#[test]
fn signatures_stop_a_step_by_their_order_and_keys() {
    let stops = |old: &str, new: &str| {
        let mut found = diff(&signed(old), &signed(new)).unwrap().obstacles;
        // The vectors have one version.
        found.retain(|found| !matches!(found, Obstacle::SameVersion { .. }));
        found
    };
    let (rsa, both, p256) = (
        "ok_signed_rsa.bin",
        "ok_signed_rsa_p256.bin",
        "ok_signed_p256.bin",
    );
    assert_eq!(stops(rsa, both), []);
    assert_eq!(stops(rsa, p256), [Obstacle::Keys]);
    assert_eq!(stops(rsa, "ok_signed_rsa_three.bin"), [Obstacle::FirstKey]);
    let unsigned = signed(rsa)[..2352].to_vec();
    let found = diff(&signed(rsa), &unsigned).unwrap().obstacles;
    assert!(matches!(
        found[0],
        Obstacle::Signature { new: "missing", .. }
    ));
    let found = diff(&unsigned, &signed(rsa)).unwrap().obstacles;
    assert!(matches!(found[..], [Obstacle::SameVersion { .. }]));
}

#[test]
fn a_damaged_image_is_named() {
    let good = image(&composition());
    let mut bad = good.clone();
    bad[300] ^= 1;
    assert!(matches!(diff(&bad, &good), Err((Side::Old, _))));
    assert!(matches!(diff(&good, &bad), Err((Side::New, _))));
}

#[test]
fn segments_are_paired_by_address_then_by_memory() {
    let c3 = image(&composition());
    let longer = image(&Composition {
        filler_len: 4000,
        ..composition()
    });
    let pairs = diff(&c3, &longer).unwrap().segments;
    assert!(
        pairs
            .iter()
            .all(|pair| pair.old.is_some() && pair.new.is_some())
    );
    let s3 = image(&Composition {
        chip: ChipId::ESP32_S3,
        ..composition()
    });
    let pairs = diff(&c3, &s3).unwrap().segments;
    assert_eq!(pairs.len(), 2);
}
