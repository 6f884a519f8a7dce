use std::vec::Vec;

use super::*;
use crate::testing::survives_hostile_bytes;

const TABLE: &[u8; LEN] = include_bytes!("../../tests/data/ok_partition_table.bin");

fn partition(kind: u8, subtype: u8, offset: u32, size: u32, label: &str) -> Partition {
    Partition {
        kind,
        subtype,
        offset,
        size,
        label: Label::new(label).unwrap(),
        flags: 0,
    }
}

fn usual() -> Vec<Partition> {
    let mut secure_cert = partition(
        KIND_SECURE_CERT,
        SUBTYPE_SECURE_CERT,
        0xF000,
        0x2000,
        "esp_secure_cert",
    );
    secure_cert.flags = FLAG_ENCRYPTED;
    [
        partition(KIND_DATA, SUBTYPE_DATA_NVS, 0x9000, 0x4000, "nvs"),
        partition(KIND_DATA, SUBTYPE_DATA_OTA, 0xD000, 0x2000, "otadata"),
        secure_cert,
        partition(KIND_APP, SUBTYPE_APP_OTA_0, 0x2_0000, 0x10_0000, "ota_0"),
        partition(
            KIND_APP,
            SUBTYPE_APP_OTA_0 + 1,
            0x12_0000,
            0x10_0000,
            "ota_1",
        ),
    ]
    .into()
}

#[test]
fn reads_what_the_build_wrote() {
    let table = PartitionTable::parse(TABLE).unwrap();
    assert!(table.has_md5());
    assert_eq!(table.iter().collect::<Vec<_>>(), usual());
    assert_eq!(table.ota_slots(), 2);
    assert_eq!(table.ota_slot(1).unwrap().label.as_str(), "ota_1");
    assert_eq!(table.ota_slot(2), None);
    assert_eq!(table.ota_slot(250), None);
    assert_eq!(
        table.find(KIND_DATA, SUBTYPE_DATA_OTA).unwrap().offset,
        0xD000
    );
    assert_eq!(
        table.find_label("esp_secure_cert").unwrap().flags,
        FLAG_ENCRYPTED
    );
    assert_eq!(table.find_label("esp_secure"), None);
    assert_eq!(table.check_fits(4 << 20), Ok(()));
    assert_eq!(
        table.check_fits(2 << 20).unwrap_err(),
        Error {
            kind: ErrorKind::BeyondFlash {
                end: 0x22_0000,
                flash_size: 0x20_0000
            },
            offset: 128
        }
    );
}

#[test]
fn writes_what_the_build_writes() {
    let mut out = [0; LEN];
    encode(&usual(), &mut out).unwrap();
    assert_eq!(out, *TABLE);
    // MD5 row as ESP-IDF's tool has it for this table.
    assert_eq!(out[176..180], [0xE7, 0xBB, 0x90, 0xA7]);
}

#[test]
fn takes_a_table_without_md5_row_and_in_any_order() {
    let mut bytes = TABLE.to_vec();
    bytes[160..192].fill(0xFF);
    assert!(!PartitionTable::parse(&bytes).unwrap().has_md5());
    let (first, rest) = bytes.split_at_mut(32);
    first.swap_with_slice(&mut rest[..32]);
    assert_eq!(
        PartitionTable::parse(&bytes)
            .unwrap()
            .iter()
            .next()
            .unwrap()
            .offset,
        0xD000
    );
}

#[test]
fn refuses_tables_that_cannot_be() {
    let damaged = |change: &dyn Fn(&mut [u8; LEN])| {
        let mut bytes = *TABLE;
        change(&mut bytes);
        PartitionTable::parse(&bytes).unwrap_err()
    };
    let error = |kind, offset| Error { kind, offset };
    assert_eq!(damaged(&|b| b[12] ^= 1), error(ErrorKind::TableMd5, 160));
    assert_eq!(damaged(&|b| b[176] ^= 1), error(ErrorKind::TableMd5, 160));
    assert_eq!(
        damaged(&|b| b[0] = 0),
        error(ErrorKind::RowMagic { found: 0x5000 }, 0)
    );
    assert_eq!(
        damaged(&|b| b.copy_within(0..32, 192)),
        error(ErrorKind::RowAfterMd5, 192)
    );
    assert_eq!(
        damaged(&|b| b.copy_within(160..192, 192)),
        error(ErrorKind::RowAfterMd5, 192),
        "a second MD5 row"
    );
    assert_eq!(
        damaged(&|b| b.copy_within(0..32, 32)),
        error(
            ErrorKind::Overlap {
                start: 0x9000,
                free: 0xD000
            },
            32
        )
    );
    assert_eq!(
        damaged(&|b| b[5] = 0x80),
        error(
            ErrorKind::Overlap {
                start: 0x8000,
                free: 0x9000
            },
            0
        ),
        "the table itself"
    );
    assert_eq!(
        damaged(&|b| b[8..12].fill(0)),
        error(
            ErrorKind::PartitionRange {
                start: 0x9000,
                size: 0
            },
            0
        )
    );
    assert_eq!(
        damaged(&|b| b[8..12].fill(0xFF)),
        error(
            ErrorKind::PartitionRange {
                start: 0x9000,
                size: u32::MAX
            },
            0
        )
    );
    assert_eq!(
        PartitionTable::parse(&TABLE[..192]).unwrap_err(),
        error(ErrorKind::NoEndRow, 192)
    );
    assert_eq!(
        PartitionTable::parse(&[]).unwrap_err(),
        error(ErrorKind::NoEndRow, 0)
    );
}

#[test]
fn refuses_to_write_what_the_build_refuses() {
    let check = |change: &dyn Fn(&mut Vec<Partition>), kind: ErrorKind| {
        let mut partitions = usual();
        change(&mut partitions);
        assert_eq!(encode(&partitions, &mut [0; LEN]).unwrap_err().kind, kind);
    };
    check(&|p| p.swap(0, 1), ErrorKind::OutOfOrder { start: 0x9000 });
    check(
        &|p| p[1].offset = 0xC000,
        ErrorKind::Overlap {
            start: 0xC000,
            free: 0xD000,
        },
    );
    check(
        &|p| p[0].offset = 0x8000,
        ErrorKind::Overlap {
            start: 0x8000,
            free: 0x9000,
        },
    );
    check(
        &|p| p[3].offset = 0x2_1000,
        ErrorKind::Alignment {
            value: 0x2_1000,
            align: 0x1_0000,
        },
    );
    check(
        &|p| p[4].size = 0x800,
        ErrorKind::Alignment {
            value: 0x800,
            align: 0x1000,
        },
    );
    check(
        &|p| p[2].offset = 0xF010,
        ErrorKind::Alignment {
            value: 0xF010,
            align: 0x1000,
        },
    );
    check(
        &|p| p[1].size = 0x1000,
        ErrorKind::PartitionSize {
            found: 0x1000,
            needed: 0x2000,
        },
    );
    check(
        &|p| p[0].size = 0x2000,
        ErrorKind::PartitionSize {
            found: 0x2000,
            needed: 0x3000,
        },
    );
    check(&|p| p[4].label = p[3].label, ErrorKind::DuplicateLabel);
    check(
        &|p| p[4].label = Label::from_bytes([0; 16]),
        ErrorKind::EmptyLabel,
    );
    check(
        &|p| p[4].size = 0,
        ErrorKind::PartitionRange {
            start: 0x12_0000,
            size: 0,
        },
    );
    check(
        &|p| p.resize(95, p[4]),
        ErrorKind::TooManyPartitions { found: 95, max: 94 },
    );
}

#[test]
fn holds_as_many_partitions_as_it_says() {
    let partitions: Vec<_> = (0..94_u32)
        .map(|n| {
            partition(
                KIND_DATA,
                6,
                0x9000 + n * 0x1000,
                0x1000,
                &std::format!("p{n}"),
            )
        })
        .collect();
    let mut out = [0; LEN];
    encode(&partitions, &mut out).unwrap();
    assert_eq!(PartitionTable::parse(&out).unwrap().iter().count(), 94);
}

#[test]
fn keeps_labels_of_sixteen_bytes() {
    let label = Label::new("0123456789abcdef").unwrap();
    assert_eq!(label.as_str(), "0123456789abcdef");
    assert_eq!(
        Label::new("0123456789abcdefg").unwrap_err().kind,
        ErrorKind::FieldTooLong { len: 17, max: 16 }
    );
    assert_eq!(Label::new("").unwrap_err().kind, ErrorKind::EmptyLabel);
    assert_eq!(Label::new("a\0b").unwrap_err().kind, ErrorKind::Text);
    assert_eq!(Label::from_bytes([0xC3; 16]).as_str(), "");
}

#[test]
fn survives_hostile_tables() {
    survives_hostile_bytes(&TABLE[..256], |bytes| {
        let _ = PartitionTable::parse(bytes).map(|table| (table.iter().count(), table.ota_slots()));
    });
}
