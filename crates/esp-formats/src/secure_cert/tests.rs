use std::vec;
use std::vec::Vec;

use sha2::Digest;

use super::*;
use crate::testing::survives_hostile_bytes;

const PARTITION: &[u8] = include_bytes!("../../tests/data/ok_secure_cert.bin");

fn entries(bytes: &[u8]) -> Result<Vec<Entry<'_>>, Error> {
    Entries::new(bytes).collect()
}

#[test]
fn reads_what_espressifs_tool_wrote() {
    let read = entries(PARTITION).unwrap();
    let kinds: Vec<_> = read
        .iter()
        .map(|entry| (entry.kind, entry.subtype, entry.flags))
        .collect();
    assert_eq!(
        kinds,
        [
            (Kind::CA_CERTIFICATE, 0, 0),
            (Kind::DEVICE_CERTIFICATE, 0, 0),
            (Kind::PRIVATE_KEY, 0, 0),
            (Kind::INTEGRITY, 0, 0),
        ]
    );
    for entry in &read[..3] {
        assert_eq!(entry.data.last(), Some(&0), "PEM keeps its NUL");
        assert_eq!(find(PARTITION, entry.kind, 0).unwrap(), Some(*entry));
    }
    assert!(read[2].data.starts_with(b"-----BEGIN EC PRIVATE KEY-----"));
    let integrity = sha2::Sha256::digest(&PARTITION[..PARTITION.len() - 48]);
    assert_eq!(read[3].data, integrity.as_slice());
    assert_eq!(find(PARTITION, Kind::DS_DATA, 0).unwrap(), None);
    assert_eq!(find(PARTITION, Kind::CA_CERTIFICATE, 1).unwrap(), None);
}

#[test]
fn writes_what_espressifs_tool_writes() {
    let mut out = vec![0xFF; 0x2000];
    let mut writer = Writer::new(&mut out);
    assert!(writer.is_empty());
    for entry in entries(PARTITION).unwrap() {
        writer.append(&entry).unwrap();
    }
    assert_eq!(writer.written(), PARTITION);
    assert_eq!(
        entries(&out).unwrap(),
        entries(PARTITION).unwrap(),
        "blank flash ends it"
    );
}

#[test]
fn pads_to_sixteen() {
    for len in 0..40 {
        let data = vec![7; len];
        let entry = Entry {
            flags: 8,
            kind: Kind(51),
            subtype: 2,
            data: &data,
        };
        let mut out = [0xFF; 256];
        let mut writer = Writer::new(&mut out);
        writer.append(&entry).unwrap();
        assert_eq!(writer.len(), 16 + len.next_multiple_of(16));
        assert_eq!(entries(&out).unwrap(), [entry]);
    }
}

#[test]
fn takes_no_damaged_entry() {
    let mut bytes = PARTITION.to_vec();
    bytes[20] ^= 1;
    let error = entries(&bytes).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::EntryCrc { .. }));
    assert_eq!(error.offset, 12 + 592, "where the CRC lies");
    assert!(find(&bytes, Kind::CA_CERTIFICATE, 0).is_err());
    // The device checks only the entry that it wants.
    assert!(find(&bytes, Kind::PRIVATE_KEY, 0).unwrap().is_some());
    let mut iterator = Entries::new(&bytes);
    assert!(iterator.next().unwrap().is_err());
    assert!(iterator.next().is_none());
}

#[test]
fn ends_at_blank_flash_and_nowhere_else() {
    assert_eq!(entries(&[]).unwrap(), []);
    assert_eq!(entries(&[0xFF; 64]).unwrap(), []);
    assert_eq!(
        entries(&[0; 64]).unwrap_err(),
        Error {
            kind: ErrorKind::EntryMagic { found: 0 },
            offset: 0
        }
    );
    assert_eq!(find(&[0; 64], Kind::PRIVATE_KEY, 0), Ok(None));
    assert!(matches!(
        entries(&PARTITION[..100]).unwrap_err().kind,
        ErrorKind::Truncated { .. }
    ));
}

#[test]
fn refuses_what_the_device_could_not_reach() {
    let mut out = vec![0xFF; 0x2_0000];
    let mut writer = Writer::new(&mut out);
    let entry = |data| Entry {
        flags: 0,
        kind: Kind(51),
        subtype: 0,
        data,
    };
    let data = vec![0; 0x1_0000];
    let kind = |result: Result<(), Error>| result.unwrap_err().kind;
    assert!(matches!(
        kind(writer.append(&entry(&data))),
        ErrorKind::FieldTooLong { len: 0x1_0000, .. }
    ));
    writer.append(&entry(&data[..0x8000])).unwrap();
    assert!(matches!(
        kind(writer.append(&entry(&data[..0x8000]))),
        ErrorKind::BufferTooSmall { len: 0x1_0000, .. }
    ));
    assert!(matches!(
        kind(Writer::new(&mut [0; 31]).append(&entry(&[1]))),
        ErrorKind::BufferTooSmall {
            len: 31,
            needed: 32
        }
    ));
}

#[test]
fn shows_no_key_in_debug_output() {
    let read = entries(PARTITION).unwrap();
    assert!(!std::format!("{:?}", read[2]).contains("data"));
}

#[test]
fn survives_hostile_partitions() {
    survives_hostile_bytes(&PARTITION[..700], |bytes| {
        let _ = Entries::new(bytes).count();
        for kind in 0..4 {
            let _ = find(bytes, Kind(kind), 0);
        }
    });
}
