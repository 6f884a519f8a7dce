use super::*;
use crate::check_image;

const C3: &[u8] = include_bytes!("../../../esp-formats/tests/data/ok_image_esp32c3.bin");
const TABLE: &[u8] = include_bytes!("../../../esp-formats/tests/data/ok_partition_table.bin");
const SIGNED: &[u8] = include_bytes!("../../../esp-formats/tests/data/ok_signed_rsa.bin");
const TWICE: &[u8] = include_bytes!("../../../esp-formats/tests/data/ok_signed_rsa_twice.bin");
const V1: &[u8] = include_bytes!("../../../esp-formats/tests/data/ok_image_signed_v1.bin");

#[test]
fn finds_nothing_wrong_with_images_by_espressif_s_tools() {
    for (file, blocks, flash_len) in [(C3, 0, C3.len()), (SIGNED, 1, 8192), (V1, 0, V1.len())] {
        let found = inspect(file).unwrap();
        assert_eq!(found.refusals, []);
        assert_eq!(found.kind, ImageKind::App);
        assert_eq!(found.blocks.len(), blocks);
        assert_eq!(found.flash_len(), u32::try_from(flash_len).ok());
    }
}

#[test]
fn what_is_refused_is_shown_all_the_same() {
    let of = |change: fn(&mut Vec<u8>)| {
        let mut file = SIGNED.to_vec();
        change(&mut file);
        let found = inspect(&file).unwrap();
        let segments = found.survey.segments().count();
        (found.refusals, segments)
    };
    // A byte of code: checksum and digest; signatures are not asked of a damaged image.
    let (refusals, segments) = of(|file| file[400] ^= 1);
    assert_eq!((refusals.len(), segments), (2, 2), "{refusals:?}");
    let (refusals, _) = of(|file| file[32 + 16] = 0xFF);
    assert!(matches!(
        refusals[0],
        Refusal::Format {
            kind: ErrorKind::Text,
            offset: 48
        }
    ));
    let mut file = SIGNED.to_vec();
    file[32 + 16] = 0xFF;
    assert_eq!(inspect(&file).unwrap().kind, ImageKind::App);
    let (refusals, segments) = of(|file| file.truncate(2330));
    assert!(matches!(
        refusals[..],
        [Refusal::Format {
            kind: ErrorKind::Truncated { .. },
            ..
        }]
    ));
    assert_eq!(segments, 2);
    let (refusals, segments) = of(|file| file[28] = 1);
    assert!(matches!(
        refusals[..],
        [Refusal::Format {
            kind: ErrorKind::SegmentLength { .. },
            offset: 24
        }]
    ));
    assert_eq!(segments, 0);
    let (refusals, _) = of(|file| file[4096 + 700] ^= 1);
    assert!(matches!(
        refusals[..],
        [Refusal::Signature { number: 0, .. }]
    ));
    let (refusals, _) = of(|file| file.push(1));
    assert!(matches!(
        refusals[..],
        [Refusal::Format {
            kind: ErrorKind::TrailingData,
            offset: 8192
        }]
    ));
    let twice = inspect(TWICE).unwrap().refusals;
    assert_eq!(twice.len(), 1);
    assert!(inspect(&SIGNED[..23]).is_err());
}

#[test]
fn a_whole_flash_is_shown_as_what_it_begins_with_and_refused() {
    let mut flash = C3.to_vec();
    flash.resize(0x8000, 0xFF);
    flash.extend_from_slice(TABLE);
    // As it is flashed to 0, to 0x1000 and to 0x2000.
    for cut in [0, 0x1000, 0x2000] {
        let mut flash = flash.clone();
        flash.drain(0x8000 - cut..0x8000);
        let found = inspect(&flash).unwrap();
        let table = 0x8000 - cut;
        assert_eq!(found.refusals, [Refusal::Flash { table }]);
        assert!(found.survey.descriptor.is_some());
    }
}

#[test]
fn a_descriptor_is_missed_where_the_boot_loader_asks_for_it() {
    let without = |chip: ChipId| {
        let mut file = C3.to_vec();
        file[12..14].copy_from_slice(&chip.0.to_le_bytes());
        file[32] ^= 1;
        let loads_at = if chip == ChipId::ESP32_P4 {
            0x4000_0020_u32
        } else {
            0x4200_0020
        };
        file[24..28].copy_from_slice(&loads_at.to_le_bytes());
        let refusals = inspect(&file).unwrap().refusals;
        refusals.contains(&Refusal::NoDescriptor { chip })
    };
    for chip in [ChipId::ESP32_C6, ChipId::ESP32_H2, ChipId::ESP32_C61] {
        assert!(without(chip), "{chip}");
    }
    for chip in [ChipId::ESP32_C3, ChipId::ESP32_C5, ChipId::ESP32_P4] {
        assert!(!without(chip), "{chip}");
    }
}

#[test]
fn every_cut_and_every_changed_byte_is_shown_or_refused_and_none_is_taken_for_good() {
    for len in 0..SIGNED.len() {
        if let Ok(found) = inspect(&SIGNED[..len]) {
            let whole = check_image(&SIGNED[..len]).is_ok();
            assert_eq!(found.refusals.is_empty(), whole, "{len}");
        }
    }
    let mut file = SIGNED.to_vec();
    for at in 0..2352 {
        for mask in [1, 0x80, 0xFF] {
            file[at] ^= mask;
            if let Ok(found) = inspect(&file) {
                assert!(!found.refusals.is_empty(), "{at} {mask}");
            }
            file[at] ^= mask;
        }
    }
}
