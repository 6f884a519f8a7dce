//! What is no certificate, or one by looser rules than those of DER.

use super::{BAD, Case, Forge, Shown, TOO_LONG, UNKNOWN};
use crate::gate::{
    der::{
        BASIC_CONSTRAINTS, CLIENT_AUTH, KEY_USAGE, PURPOSES, extension, oid, purposes, sequence,
        tlv,
    },
    forge::version,
};

pub(super) fn cases(forge: &Forge) -> Vec<Case> {
    let whole = |change: fn(Vec<u8>) -> Vec<u8>| forge.device(|spec| spec.change_whole = change);
    let inside = |change: fn(Vec<u8>) -> Vec<u8>| forge.device(|spec| spec.change = change);
    let signature =
        |change: fn(Vec<u8>) -> Vec<u8>| forge.device(|spec| spec.change_signature = change);
    let of_version = |field: Vec<u8>| forge.device(|spec| spec.version = field);
    let more = |extension: Vec<u8>| forge.device(|spec| spec.extensions.push(extension));
    let raw = |der: Vec<u8>| {
        let one = forge.device(|_| {});
        let above = one.chain[1].clone();
        one.showing(vec![der, above])
    };
    let usage = tlv(0x03, &[7, 0x80]);
    let flagged = |flag: &[u8]| {
        let extension = sequence(&[&oid(&[0x55, 0x1d, KEY_USAGE]), flag, &tlv(0x04, &usage)]);
        forge.device(|spec| spec.with(KEY_USAGE, extension))
    };
    let no_ca = extension(BASIC_CONSTRAINTS, true, &sequence(&[&tlv(0x01, &[0])]));
    vec![
        Case::new(
            "of version 1, without extensions",
            forge.device(|spec| {
                spec.version = Vec::new();
                spec.extensions.clear();
            }),
            BAD,
        ),
        Case::new("of version 1, with extensions", of_version(Vec::new()), BAD),
        Case::new("of version 2", of_version(version(1)), BAD),
        Case::new("of version 4", of_version(version(3)), BAD),
        Case::new(
            "of a version that is spelled out though it is the first",
            forge.device(|spec| {
                spec.version = version(0);
                spec.extensions.clear();
            }),
            BAD,
        ),
        Case::new(
            "the same extension twice",
            more(purposes(&[CLIENT_AUTH])),
            BAD,
        ),
        Case::new(
            "the same extension twice, of a kind that nobody looks at",
            forge.device(|spec| spec.extensions.extend([unknown(), unknown()])),
            BAD,
        ),
        Case::new(
            "an extension that cannot be read",
            forge.device(|spec| spec.with(PURPOSES, extension(PURPOSES, false, &[0x30, 5, 1]))),
            BAD,
        ),
        Case::new(
            "a length in more bytes than it needs (BER)",
            whole(|der| longer(&der)),
            BAD,
        ),
        Case::new(
            "a length in more bytes than it needs, under the signature",
            inside(|der| longer(&der)),
            BAD,
        ),
        Case::new(
            "an indefinite length (BER)",
            whole(|der| indefinite(&der)),
            BAD,
        ),
        Case::new(
            "an indefinite length, under the signature",
            inside(|der| indefinite(&der)),
            BAD,
        ),
        Case::new("TRUE as 1 (BER)", flagged(&tlv(0x01, &[1])), BAD),
        Case::new(
            "a default that is spelled out: not critical (BER)",
            flagged(&tlv(0x01, &[0])),
            UNKNOWN,
        ),
        Case::new(
            "a default that is spelled out: no CA (BER)",
            more(no_ca),
            UNKNOWN,
        ),
        Case::new(
            "a signature with unused bits",
            signature(|mut bits| {
                bits[2] = 1;
                bits
            }),
            BAD,
        ),
        Case::new(
            "a byte behind it",
            whole(|der| [der, vec![0]].concat()),
            BAD,
        ),
        Case::new(
            "another certificate behind it",
            whole(|der| [der.clone(), der].concat()),
            BAD,
        ),
        Case::new(
            "a byte behind what is signed",
            inside(|der| {
                let content = der[4..].to_vec();
                tlv(0x30, &[content, vec![0]].concat())
            }),
            BAD,
        ),
        Case::new(
            "cut in the middle",
            whole(|der| der[..der.len() / 2].to_vec()),
            BAD,
        ),
        Case::new(
            "cut before its last byte",
            whole(|der| der[..der.len() - 1].to_vec()),
            BAD,
        ),
        Case::new(
            "cut after its first byte",
            whole(|der| der[..1].to_vec()),
            BAD,
        ),
        Case::new("of no bytes", raw(Vec::new()), BAD),
        Case::new("zeros", raw(vec![0; 600]), BAD),
        Case::new(
            "a length that runs past any memory",
            raw([&[0x30, 0x88][..], &[0xff; 600]].concat()),
            BAD,
        ),
        Case::new(
            "SEQUENCE in SEQUENCE, 2,000 deep",
            raw((0..2000).fold(Vec::new(), |inner, _| tlv(0x30, &inner))),
            BAD,
        ),
        Case::new(
            "PEM",
            whole(|der| countersign_x509::pem::encode("CERTIFICATE", &der).into_bytes()),
            BAD,
        ),
        Case::new(
            "9,000 bytes in an extension",
            more(extension(99, false, &[0; 9000])),
            TOO_LONG,
        ),
        Case::new("16 MB", raw(tlv(0x30, &vec![0; 16_000_000])), TOO_LARGE),
    ]
}

fn unknown() -> Vec<u8> {
    crate::gate::der::extension_of(&[0x2a, 3, 4], false, &[5, 0])
}

/// The same with its length in one byte more.
fn longer(der: &[u8]) -> Vec<u8> {
    let [0x30, 0x82, ..] = der else {
        unreachable!("all have between 256 and 65,535 bytes");
    };
    [&[0x30, 0x83, 0], &der[2..]].concat()
}

/// The same with no length, and an end in its place.
fn indefinite(der: &[u8]) -> Vec<u8> {
    [&[0x30, 0x80], &der[4..], &[0, 0]].concat()
}

/// As a handshake that is larger than any device's.
const TOO_LARGE: &str = "handshake-too-large";

impl Shown {
    /// The same without what is above the device's own certificate.
    pub(super) fn without_above(&self) -> Self {
        self.showing(self.chain[..1].to_vec())
    }
}
