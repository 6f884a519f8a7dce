use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

use sha2::{Digest, Sha256};

use super::*;
use crate::testing::survives_hostile_bytes;

const C3: &[u8] = include_bytes!("../../tests/data/ok_image_esp32c3.bin");
const ESP32: &[u8] = include_bytes!("../../tests/data/ok_image_esp32.bin");
const SIGNED_V1: &[u8] = include_bytes!("../../tests/data/ok_image_signed_v1.bin");
const SIGNED_V2: &[u8] = include_bytes!("../../tests/data/ok_image_signed_v2.bin");

fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn parse(bytes: &[u8]) -> Result<AppImage<'_>, Error> {
    AppImage::parse(bytes, sha256)
}

fn hex(bytes: &[u8]) -> String {
    use core::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

#[test]
fn reads_what_esptool_wrote() {
    let image = parse(C3).unwrap();
    assert_eq!(image.header().chip, ChipId::ESP32_C3);
    assert_eq!(image.header().spi_mode, 2);
    assert_eq!(image.header().flash_size, 2);
    assert_eq!(image.header().wp_pin, 0xEE);
    assert_eq!(image.checksum(), 0x5F);
    assert_eq!(image.image_len(), 448);
    assert_eq!(image.signature(), Signature::None);
    assert_eq!(
        hex(image.appended_digest().unwrap()),
        "539d8af342ae659e07418a04ae921da823d544189b6ec96f693b4a22b8df755c"
    );
    let descriptor = image.descriptor().unwrap();
    assert_eq!(descriptor.secure_version, 7);
    assert_eq!(
        descriptor.version, "1.2.3-xxxxxxxxxxxxxxxxxxxxxxxxxx",
        "32 bytes without NUL"
    );
    assert_eq!(descriptor.project_name, "vector");
    assert_eq!(
        (descriptor.date, descriptor.time),
        ("Jan  2 2026", "12:34:56")
    );
    assert_eq!(descriptor.idf_version, "v5.5.5");
    assert_eq!(descriptor.max_efuse_blk_rev, 99);
    assert_eq!(descriptor.mmu_page_size_log2, 16);
    assert_eq!(
        hex(descriptor.app_elf_sha256),
        "d96d16b8e4012639aa75d01e71ac900a0d69e2c7dbfc1f32889788970fdbbd0e"
    );
    let segments: Vec<_> = image.segments().collect();
    let places: Vec<_> = segments
        .iter()
        .map(|s| (s.offset, s.header.load_addr, s.header.len))
        .collect();
    assert_eq!(
        places,
        [(0x20, 0x3C00_0020, 0x120), (0x148, 0x4038_0000, 0x54)]
    );
    assert!(segments[0].is_page_aligned(16));
    assert_eq!(ChipId::ESP32_C3.is_flash_mapped(0x3C00_0020), Some(true));
    assert_eq!(ChipId::ESP32_C3.is_flash_mapped(0x4038_0000), Some(false));
    assert_eq!(ChipId(0xFF).is_flash_mapped(0), None);
    assert_eq!(parse(ESP32).unwrap().header().chip, ChipId::ESP32);
}

#[test]
fn writes_back_the_header_and_descriptor_it_read() {
    for bytes in [C3, ESP32] {
        let image = parse(bytes).unwrap();
        assert_eq!(image.header().encode(), bytes[..24]);
        assert_eq!(
            image.descriptor().unwrap().encode().unwrap(),
            bytes[32..288]
        );
        let first = SegmentHeader::parse(bytes, 24).unwrap();
        assert_eq!(first.encode(), bytes[24..32]);
    }
}

#[test]
fn finds_the_signatures_that_espsecure_made() {
    let v1 = parse(SIGNED_V1).unwrap();
    assert_eq!(v1.image_len(), 448);
    assert!(matches!(v1.signature(), Signature::V1(bytes) if bytes[..] == SIGNED_V1[448..]));
    let v2 = parse(SIGNED_V2).unwrap();
    assert_eq!(v2.image_len(), 448);
    assert!(matches!(v2.signature(), Signature::V2(sector) if sector[..] == SIGNED_V2[4096..]));
}

#[test]
fn refuses_anything_else_behind_an_image() {
    let twice = [SIGNED_V2, &SIGNED_V2[4096..]].concat();
    let mut dirty = SIGNED_V2.to_vec();
    dirty[2000] = 0;
    for (bytes, offset) in [
        ([C3, &[0xFF]].concat(), 448),
        ([C3, &vec![0xFF; 4095 - 448]].concat(), 448),
        ([C3, &vec![0x5A; 4096 - 448]].concat(), 448),
        (SIGNED_V2[..8191].to_vec(), 448),
        (SIGNED_V1[..515].to_vec(), 448),
        (dirty, 448),
        (twice, 8192),
    ] {
        let error = parse(&bytes).unwrap_err();
        assert_eq!(
            error,
            Error {
                kind: ErrorKind::TrailingData,
                offset
            }
        );
        let image = AppImage::parse_in_slot(&bytes, sha256).unwrap();
        assert_eq!(image.image_len(), 448);
    }
}

#[test]
fn names_the_byte_that_is_wrong() {
    let damaged = |at: usize, value: u8| {
        let mut bytes = C3.to_vec();
        bytes[at] = value;
        parse(&bytes).unwrap_err()
    };
    let error = |kind, offset| Error { kind, offset };
    assert_eq!(
        damaged(0, 0xE8),
        error(ErrorKind::ImageMagic { found: 0xE8 }, 0)
    );
    assert_eq!(
        damaged(1, 0),
        error(ErrorKind::SegmentCount { found: 0 }, 1)
    );
    assert_eq!(
        damaged(1, 17),
        error(ErrorKind::SegmentCount { found: 17 }, 1)
    );
    assert_eq!(
        damaged(23, 2),
        error(ErrorKind::DigestFlag { found: 2 }, 23)
    );
    assert_eq!(
        damaged(28, 0x21),
        error(ErrorKind::SegmentLength { found: 0x121 }, 24)
    );
    assert_eq!(
        damaged(31, 1),
        error(ErrorKind::SegmentLength { found: 0x0100_0120 }, 24),
        "16 MiB and more"
    );
    assert_eq!(
        damaged(48, 0xFF),
        error(ErrorKind::Text, 48),
        "version is not UTF-8"
    );
    assert_eq!(
        damaged(200, C3[200] ^ 1),
        error(
            ErrorKind::Checksum {
                stored: 0x5F,
                computed: 0x5E
            },
            415
        )
    );
    assert_eq!(
        damaged(415, 0),
        error(
            ErrorKind::Checksum {
                stored: 0,
                computed: 0x5F
            },
            415
        )
    );
    assert_eq!(
        damaged(12, 9),
        error(ErrorKind::AppendedDigest, 416),
        "chip is not in the checksum"
    );
    assert_eq!(
        damaged(447, C3[447] ^ 1),
        error(ErrorKind::AppendedDigest, 416)
    );
    assert!(matches!(
        parse(&C3[..447]).unwrap_err().kind,
        ErrorKind::Truncated { len: 447, .. }
    ));
}

#[test]
fn takes_an_image_without_digest_and_does_not_hash_it() {
    let mut bytes = C3[..416].to_vec();
    bytes[23] = 0;
    let image = AppImage::parse(&bytes, |_| unreachable!()).unwrap();
    assert_eq!((image.image_len(), image.appended_digest()), (416, None));
}

#[test]
fn takes_an_image_without_descriptor() {
    let mut bytes = C3[..416].to_vec();
    bytes[23] = 0;
    // Two equal changes keep the checksum: the magic's first byte, and one that is padding.
    bytes[32] ^= 0x55;
    bytes[300] ^= 0x55;
    assert!(parse(&bytes).unwrap().descriptor().is_none());
}

#[test]
fn reads_the_head_from_288_bytes_alone() {
    let head = Head::parse(&C3[..Head::LEN]).unwrap();
    assert_eq!(head.header, *parse(C3).unwrap().header());
    assert_eq!(head.descriptor, parse(C3).unwrap().descriptor().copied());
    assert!(matches!(
        Head::parse(&C3[..287]).unwrap_err().kind,
        ErrorKind::Truncated {
            len: 287,
            needed: 288
        }
    ));
}

fn composition(chip: ChipId) -> Composition<'static> {
    Composition {
        chip,
        secure_version: 3,
        version: "2.0.1",
        project_name: "thermostat",
        time: "10:11:12",
        date: "Feb  3 2026",
        idf_version: "v5.5.5",
        payload: b"payload",
        filler_len: 1001,
    }
}

#[test]
fn composes_images_that_parse_for_every_known_chip() {
    for chip in ChipId::all() {
        let composition = composition(chip);
        let mut out = vec![0; composed_len(&composition).unwrap()];
        assert_eq!(compose(&composition, &mut out, sha256).unwrap(), out.len());
        let image = parse(&out).unwrap();
        assert_eq!(image.header().chip, chip);
        let descriptor = image.descriptor().unwrap();
        assert_eq!(descriptor.version, "2.0.1");
        assert_eq!(descriptor.secure_version, 3);
        assert_eq!(*descriptor.app_elf_sha256, sha256(b"payload"));
        for segment in image.segments() {
            let mapped = chip.is_flash_mapped(segment.header.load_addr).unwrap();
            assert!(!mapped || segment.is_page_aligned(16), "{chip}");
        }
        let first = image.segments().next().unwrap();
        assert_eq!(chip.is_flash_mapped(first.header.load_addr), Some(true));
        assert!(first.data[256..].starts_with(b"payload"));
    }
}

#[test]
fn composes_every_length_of_payload() {
    for len in 0..40 {
        let payload = vec![0xA5; len];
        let composition = Composition {
            payload: &payload,
            filler_len: 0,
            ..composition(ChipId::ESP32_C6)
        };
        let mut out = vec![0; composed_len(&composition).unwrap()];
        let written = compose(&composition, &mut out, sha256).unwrap();
        assert_eq!(
            parse(&out[..written]).unwrap().image_len(),
            u32::try_from(written).unwrap()
        );
        assert!(matches!(
            compose(&composition, &mut out[1..], sha256)
                .unwrap_err()
                .kind,
            ErrorKind::BufferTooSmall { .. }
        ));
    }
}

#[test]
fn takes_padding_to_the_end_of_a_sector_and_no_other() {
    let signed_at = SIGNED_V1.len() - 68;
    for (image, signed) in [(C3, false), (SIGNED_V1, true)] {
        for filler in [0x00, 0xFF] {
            let mut padded = image.to_vec();
            padded.resize(image.len().next_multiple_of(4096), filler);
            let parsed = parse(&padded).unwrap();
            assert_eq!(matches!(parsed.signature(), Signature::V1(_)), signed);
            padded.pop();
            let error = parse(&padded).unwrap_err();
            assert_eq!(error.kind, ErrorKind::TrailingData);
            padded.push(0x5A);
            assert_eq!(parse(&padded).unwrap_err().kind, ErrorKind::TrailingData);
        }
    }
    // Padding alone is no signature, though one of version 0 begins as it does.
    let mut unsigned = SIGNED_V1[..signed_at].to_vec();
    unsigned.resize(4096, 0);
    assert_eq!(parse(&unsigned).unwrap().signature(), Signature::None);
}

#[test]
fn composes_the_same_bytes_every_time() {
    let composition = composition(ChipId::ESP32_C3);
    let mut out = vec![0; composed_len(&composition).unwrap()];
    compose(&composition, &mut out, sha256).unwrap();
    // `esptool image-info` 5.6.0 called this image valid and printed this validation hash.
    assert_eq!(
        hex(parse(&out).unwrap().appended_digest().unwrap()),
        COMPOSED_DIGEST
    );
}

#[test]
fn refuses_to_compose_what_no_image_can_hold() {
    let valid = composition(ChipId::ESP32_C3);
    let mut out = vec![0; 4096];
    let long = "x".repeat(33);
    for (composition, kind) in [
        (
            Composition {
                chip: ChipId(0xFF),
                ..valid
            },
            ErrorKind::UnknownChip { chip: ChipId(0xFF) },
        ),
        (
            Composition {
                version: &long,
                ..valid
            },
            ErrorKind::FieldTooLong { len: 33, max: 32 },
        ),
        (
            Composition {
                time: "1\0",
                ..valid
            },
            ErrorKind::Text,
        ),
        (
            Composition {
                filler_len: 16 << 20,
                ..valid
            },
            ErrorKind::ImageTooLong { max: SEGMENT_LIMIT },
        ),
        (
            Composition {
                filler_len: u32::MAX,
                ..valid
            },
            ErrorKind::ImageTooLong { max: SEGMENT_LIMIT },
        ),
    ] {
        assert_eq!(
            compose(&composition, &mut out, sha256).unwrap_err().kind,
            kind
        );
    }
}

#[test]
fn knows_chips_by_number_and_name() {
    for (name, chip) in [
        ("esp32", ChipId::ESP32),
        ("ESP32-C3", ChipId::ESP32_C3),
        ("esp32c3", ChipId::ESP32_C3),
        ("Esp32-s31", ChipId::ESP32_S31),
    ] {
        assert_eq!(ChipId::from_name(name), Some(chip));
    }
    assert_eq!(ChipId::from_name("esp8266"), None);
    assert_eq!(ChipId::from_name(""), None);
    assert_eq!(ChipId(0x0D).to_string(), "ESP32-C6");
    assert_eq!(ChipId(0xFF).to_string(), "chip 0x00ff");
    assert_eq!(ChipId(0x0E).to_string(), "ESP32-H2(beta2)");
    assert_eq!(ChipId(0x0E).is_flash_mapped(0x4200_0020), None);
    for chip in ChipId::all() {
        assert_eq!(ChipId::from_name(chip.name().unwrap()), Some(chip));
    }
}

#[test]
fn survives_hostile_images() {
    for valid in [C3, SIGNED_V1] {
        survives_hostile_bytes(valid, |bytes| {
            let _ = AppImage::parse(bytes, |_| [0; 32]);
            let _ = AppImage::parse_in_slot(bytes, sha256).map(|image| image.segments().count());
            let _ = Head::parse(bytes);
            let _ = AppDescriptor::parse(bytes);
        });
    }
}

const COMPOSED_DIGEST: &str = "4f07dd5d1b1af5870771496afd5db7890cf9360804f05ecc0ad3813247302652";
