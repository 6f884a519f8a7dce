use esp_formats::app_image::{ChipId, Composition, compose, composed_len};

use super::*;
use crate::sha256;

const C3: &[u8] = include_bytes!("../../../esp-formats/tests/data/ok_image_esp32c3.bin");
const SIGNED_V1: &[u8] = include_bytes!("../../../esp-formats/tests/data/ok_image_signed_v1.bin");
const SIGNED_V2: &[u8] = include_bytes!("../../../esp-formats/tests/data/ok_image_signed_v2.bin");

fn composed(version: &str) -> Vec<u8> {
    let composition = Composition {
        chip: ChipId::ESP32_C6,
        secure_version: 2,
        version,
        project_name: "demo",
        time: "12:00:00",
        date: "Nov 23 2026",
        idf_version: "v5.5.1",
        payload: b"payload",
        filler_len: 4096,
    };
    let mut file = vec![0; composed_len(&composition).unwrap()];
    compose(&composition, &mut file, |bytes| sha256(bytes).0).unwrap();
    file
}

/// The image's checksum and appended digest, made right again after a change.
fn reseal(file: &mut [u8]) {
    let end = file.len() - 32;
    let mut sum = 0xEF;
    let mut at = 24;
    for _ in 0..file[1] {
        let length = u32::from_le_bytes(file[at + 4..at + 8].try_into().unwrap());
        let next = at + 8 + usize::try_from(length).unwrap();
        sum = file[at + 8..next].iter().fold(sum, |sum, byte| sum ^ byte);
        at = next;
    }
    file[end - 1] = sum;
    let digest = sha256(&file[..end]).0;
    file[end..].copy_from_slice(&digest);
}

#[test]
fn describes_an_image_by_esptool() {
    let checked = check_image(C3).unwrap();
    assert_eq!(checked.digest, sha256(C3));
    assert_eq!(usize::try_from(checked.size).unwrap(), C3.len());
    assert_eq!(checked.chip, 5);
    assert_eq!(checked.project, "vector");
    assert_eq!(checked.version.len(), 32);
    assert_eq!(checked.secure_version, 7);
    assert_eq!(checked.segments, 2);
    assert!(checked.has_appended_digest);
    assert_eq!(checked.signed, Signed::No);
}

#[test]
fn tells_signatures_apart() {
    let v1 = check_image(SIGNED_V1).unwrap();
    assert_eq!((v1.signed, v1.chip), (Signed::V1, 0));
    let v2 = check_image(SIGNED_V2).unwrap();
    assert_eq!(v2.signed, Signed::V2);
    // A signature is part of what the device holds.
    assert_eq!(v2.digest, sha256(SIGNED_V2));
    assert_eq!(usize::try_from(v2.size).unwrap(), SIGNED_V2.len());
}

#[test]
fn describes_a_composed_image() {
    let checked = check_image(&composed("1.0.0")).unwrap();
    assert_eq!(checked.built, "Nov 23 2026 12:00:00");
    assert_eq!(checked.idf_version, "v5.5.1");
    assert_eq!(
        (
            checked.chip,
            checked.version.as_str(),
            checked.secure_version
        ),
        (0x0D, "1.0.0", 2)
    );
}

#[test]
fn names_what_is_wrong_and_where() {
    let good = composed("1.0.0");
    let flip = |at: usize| {
        let mut bad = good.clone();
        bad[at] ^= 1;
        check_image(&bad).unwrap_err()
    };
    let end = good.len() - 32;
    let checksum_at = u32::try_from(end - 1).unwrap();
    let stored = good[end - 1];
    assert_eq!(
        flip(300),
        CheckError::Format {
            kind: ErrorKind::Checksum {
                stored,
                computed: stored ^ 1
            },
            offset: checksum_at
        }
    );
    assert_eq!(
        flip(0),
        CheckError::Format {
            kind: ErrorKind::ImageMagic { found: 0xE8 },
            offset: 0
        }
    );
    assert_eq!(
        flip(good.len() - 1),
        CheckError::Format {
            kind: ErrorKind::AppendedDigest,
            offset: checksum_at + 1
        }
    );
    let mut longer = good.clone();
    longer.push(0xFF);
    assert_eq!(
        check_image(&longer).unwrap_err(),
        CheckError::Format {
            kind: ErrorKind::TrailingData,
            offset: u32::try_from(good.len()).unwrap()
        }
    );
    let said = flip(300).to_string();
    for part in [
        "checksum",
        &format!("{stored:#04x}"),
        &format!("{checksum_at:#x}"),
    ] {
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn refuses_an_image_that_says_nothing_of_itself() {
    let mut bootloader = composed("1.0.0");
    bootloader[32] ^= 0xFF;
    reseal(&mut bootloader);
    assert_eq!(check_image(&bootloader), Err(CheckError::NoDescriptor));
    assert_eq!(check_image(&composed("")), Err(CheckError::NoVersion));
}

#[test]
fn refuses_a_segment_that_the_mmu_cannot_map() {
    let good = composed("1.0.0");
    let load_addr = u32::from_le_bytes(good[24..28].try_into().unwrap());
    // Stated pages of 64 KiB, and none stated, where half of 64 KiB may still be a page.
    for (page_log2, moved, page) in [
        (16, 0x1000, 0x1_0000),
        (16, 0x8000, 0x1_0000),
        (0, 0x1000, 0x2000),
    ] {
        let mut bad = good.clone();
        bad[24..28].copy_from_slice(&(load_addr + moved).to_le_bytes());
        bad[32 + 180] = page_log2;
        reseal(&mut bad);
        assert_eq!(
            check_image(&bad),
            Err(CheckError::Misplaced {
                offset: 32,
                load_addr: load_addr + moved,
                page
            })
        );
    }
    // The ESP32-C3's pages are 64 KiB, whatever is stated.
    for page_log2 in [0, 13, 16] {
        let mut bad = C3.to_vec();
        bad[25] ^= 0x80;
        bad[32 + 180] = page_log2;
        reseal(&mut bad);
        let page = 0x1_0000;
        let refused = check_image(&bad);
        assert!(
            matches!(refused, Err(CheckError::Misplaced { page: told, .. }) if told == page),
            "{refused:?}"
        );
    }
    let mut unstated = good.clone();
    unstated[24..28].copy_from_slice(&(load_addr + 0x8000).to_le_bytes());
    unstated[32 + 180] = 0;
    reseal(&mut unstated);
    check_image(&unstated).unwrap();
}

#[test]
fn no_damage_passes() {
    let good = composed("1.0.0");
    for end in 0..good.len() {
        check_image(&good[..end]).unwrap_err();
    }
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x40;
        check_image(&bad).unwrap_err();
    }
    // Resealed, so that what comes after the checksum is reached: no panic, whatever is said.
    for at in 0..320 {
        for value in [0, 1, 0x7F, 0x80, 0xFF] {
            let mut odd = good.clone();
            odd[at] = value;
            if !(24..32).contains(&at) && at != 1 {
                reseal(&mut odd);
            }
            let _ = check_image(&odd);
        }
    }
}
