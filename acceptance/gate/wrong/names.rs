//! Names and numbers that would be read in two ways, or that do something to whoever reads them.

use super::{BAD, Case, Forge, UNKNOWN};
use crate::gate::der::{DNS, URI, name, oid, sequence, tlv};

pub(super) fn cases(forge: &Forge) -> Vec<Case> {
    let called = |names: &[&[u8]]| forge.device(|spec| spec.subject = name(names));
    let encoded = |tag: u8, octets: &[u8]| {
        let pair = sequence(&[&oid(&[0x55, 0x04, 0x03]), &tlv(tag, octets)]);
        forge.device(|spec| spec.subject = sequence(&[&tlv(0x31, &pair)]))
    };
    let numbered = |serial: &[u8]| forge.device(|spec| spec.serial = serial.to_vec());
    let also = |names: &[(u8, &[u8])]| forge.device(|spec| spec.named(names));
    let id: &[u8] = b"7cdfa1000001";
    vec![
        Case::new("a negative serial number", numbered(&[0x80, 1]), UNKNOWN),
        Case::new("the serial number 0", numbered(&[0]), UNKNOWN),
        Case::new(
            "a serial number of 40 bytes",
            numbered(&[0x11; 40]),
            UNKNOWN,
        ),
        Case::new(
            "a serial number of 4,000 bytes",
            numbered(&[0x11; 4000]),
            UNKNOWN,
        ),
        Case::new(
            "no serial number: an INTEGER without content",
            numbered(&[]),
            BAD,
        ),
        Case::new(
            "two common names, the enrolled device's the second",
            called(&[b"7cdfa1000009", id]),
            UNKNOWN,
        ),
        Case::new(
            "the enrolled device's name, and a NUL behind it",
            called(&[b"7cdfa1000001\0.example.com"]),
            UNKNOWN,
        ),
        Case::new(
            "a name that clears a terminal",
            called(&[b"\x1b[2J\x1b[1;31mrefused\x07\r\n"]),
            UNKNOWN,
        ),
        Case::new(
            "a name that is turned round when it is shown",
            called(&["moc.\u{202e}live".as_bytes()]),
            UNKNOWN,
        ),
        Case::new("a name of 65 characters", called(&[&[b'a'; 65]]), UNKNOWN),
        Case::new(
            "a name of 4,000 characters",
            called(&[&[b'a'; 4000]]),
            UNKNOWN,
        ),
        Case::new(
            "a name that is no UTF-8",
            called(&[b"\xff\xfe7cdfa1"]),
            UNKNOWN,
        ),
        Case::new("a name of no characters", called(&[b""]), UNKNOWN),
        Case::new(
            "no name",
            forge.device(|spec| spec.subject = sequence(&[])),
            UNKNOWN,
        ),
        Case::new(
            "a name in UTF-16 (BMPString)",
            encoded(0x1e, b"\x007\x00c"),
            UNKNOWN,
        ),
        Case::new(
            "a part of a name that is empty",
            forge.device(|spec| spec.subject = sequence(&[&tlv(0x31, &[])])),
            BAD,
        ),
        Case::new(
            "an alternative name with a NUL in it",
            also(&[(DNS, b"a.example.com\0.b")]),
            BAD,
        ),
        Case::new(
            "an alternative name with a line end in it",
            also(&[(URI, b"urn:dev:mac:\r\n7cdfa1")]),
            BAD,
        ),
        Case::new(
            "the enrolled device's URN under another name",
            also(&[(URI, b"urn:dev:mac:7cdfa1ffff000001")]),
            UNKNOWN,
        ),
    ]
}
