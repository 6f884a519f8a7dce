use std::string::String;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::testing::survives_hostile_bytes;

const PARTITION: &[u8] = include_bytes!("../../tests/data/ok_nvs.bin");
const OURS: &str = "countersign";

fn text(bytes: &[u8], key: &str) -> Result<Option<String>, Error> {
    Ok(Nvs::parse(bytes)?.text(OURS, key)?.map(String::from))
}

fn blob(bytes: &[u8], key: &str) -> Result<Option<Vec<u8>>, Error> {
    let mut room = [0; 5000];
    Ok(Nvs::parse(bytes)?
        .blob(OURS, key, &mut room)?
        .map(<[u8]>::to_vec))
}

#[test]
fn reads_what_espressifs_generator_wrote() {
    let nvs = Nvs::parse(PARTITION).unwrap();
    for (namespace, key, value) in [
        (OURS, "server", Some("https://updates.example.com:8443")),
        ("other", "server", Some("https://elsewhere.example")),
        (OURS, "wifi_ssid", Some("Gäste im Büro")),
        (OURS, "last", Some("x")),
        (OURS, "absent", None),
        (OURS, "", None),
        ("absent", "server", None),
        // Numbers and blobs are no texts.
        (OURS, "number", None),
        (OURS, "short", None),
        ("other", "count", None),
    ] {
        assert_eq!(nvs.text(namespace, key), Ok(value), "{namespace} {key}");
    }
    let long: Vec<u8> = (0..4500_u32)
        .map(|i| u8::try_from((i * 7 + 3) % 251).unwrap())
        .collect();
    assert_eq!(
        blob(PARTITION, "short").unwrap(),
        Some((0..100).collect::<Vec<u8>>())
    );
    assert_eq!(
        blob(PARTITION, "long").unwrap(),
        Some(long),
        "over two pages"
    );
    assert_eq!(blob(PARTITION, "server"), Ok(None));
    assert_eq!(blob(PARTITION, "absent"), Ok(None));
}

#[test]
fn a_blob_that_does_not_fit_is_an_error() {
    let nvs = Nvs::parse(PARTITION).unwrap();
    for (key, len) in [("short", 99), ("long", 4499), ("long", 0)] {
        let mut room = vec![0; len];
        let error = nvs.blob(OURS, key, &mut room).unwrap_err();
        assert!(
            matches!(error.kind, ErrorKind::BufferTooSmall { .. }),
            "{key} {len}"
        );
    }
}

#[test]
fn what_is_damaged_is_not_taken_for_what_it_was() {
    let at = |needle: &[u8]| {
        let mut windows = PARTITION.windows(needle.len());
        windows.position(|window| window == needle).unwrap()
    };
    let damaged = |at: usize| {
        let mut bytes = PARTITION.to_vec();
        bytes[at] ^= 1;
        bytes
    };
    let bytes = damaged(at(b"https://updates"));
    let error = text(&bytes, "server").unwrap_err();
    assert!(matches!(error.kind, ErrorKind::EntryCrc { .. }));
    // An entry with a wrong CRC is none.
    assert_eq!(text(&damaged(at(b"wifi_ssid")), "wifi_ssid"), Ok(None));
    // Chunks without the entry that counts them are no blob.
    assert_eq!(blob(&PARTITION[..PAGE], "long"), Ok(None));
}

#[test]
fn a_blob_that_lacks_a_chunk_is_an_error() {
    // The first page's chunk is erased, by its bits.
    let nvs = Nvs::parse(PARTITION).unwrap();
    let space = nvs.namespace(OURS).unwrap();
    let chunk = nvs
        .newest(space, "long", |entry| entry.kind == BLOB_DATA)
        .unwrap();
    let mut bytes = PARTITION.to_vec();
    let page = chunk.page.at;
    let bits = page + BITMAP + chunk.index / 4;
    bytes[bits] &= !(3 << (chunk.index % 4 * 2));
    let error = blob(&bytes, "long").unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Truncated { .. }));
}

#[test]
fn of_two_that_power_left_behind_the_newer_one_counts() {
    // A third page, newer than both, in which a device began to replace a setting.
    let nvs = Nvs::parse(PARTITION).unwrap();
    let space = nvs.namespace(OURS).unwrap();
    let mut page = vec![0xFF; PAGE];
    page[..4].copy_from_slice(&ACTIVE.to_le_bytes());
    page[4..8].copy_from_slice(&9_u32.to_le_bytes());
    page[8] = 0xFE;
    let crc = crc32_seeded(&[&page[4..28]]);
    page[28..32].copy_from_slice(&crc.to_le_bytes());
    page[32] = 0b1111_1010;
    let entry = &mut page[64..128];
    entry[..4].copy_from_slice(&[space, TEXT, 2, 0xFF]);
    entry[8..24].copy_from_slice(b"last\0\0\0\0\0\0\0\0\0\0\0\0");
    entry[24..28].copy_from_slice(&[2, 0, 0xFF, 0xFF]);
    entry[28..32].copy_from_slice(&crc32_seeded(&[b"y\0"]).to_le_bytes());
    entry[32..34].copy_from_slice(b"y\0");
    let crc = crc32_seeded(&[&entry[..4], &entry[8..32]]);
    entry[4..8].copy_from_slice(&crc.to_le_bytes());

    let (mut before, mut behind) = (page.clone(), PARTITION[..2 * PAGE].to_vec());
    before.extend_from_slice(&PARTITION[..2 * PAGE]);
    behind.extend_from_slice(&page);
    for bytes in [before, behind] {
        assert_eq!(text(&bytes, "last").unwrap().as_deref(), Some("y"));
        assert_eq!(
            text(&bytes, "wifi_ssid").unwrap().as_deref(),
            Some("Gäste im Büro")
        );
    }
    // The page counts for nothing while its header is not whole.
    page[5] ^= 1;
    let mut bytes = page;
    bytes.extend_from_slice(&PARTITION[..2 * PAGE]);
    assert_eq!(text(&bytes, "last").unwrap().as_deref(), Some("x"));
}

#[test]
fn blank_flash_is_no_partition() {
    for bytes in [&[0xFF; PAGE][..], &[0; 3 * PAGE], b"", &PARTITION[..4095]] {
        let kind = Nvs::parse(bytes).map(|_| ()).unwrap_err().kind;
        assert_eq!(kind, ErrorKind::NoPage);
    }
}

#[test]
fn hostile_bytes_do_no_harm() {
    survives_hostile_bytes(&PARTITION[..PAGE], |bytes| {
        let mut room = [0; 5000];
        if let Ok(nvs) = Nvs::parse(bytes) {
            let _ = nvs.text(OURS, "server");
            let _ = nvs.blob(OURS, "long", &mut room);
        }
    });
}
