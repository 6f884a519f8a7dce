//! Foreign text on its way to a terminal: names as certificates and bundles have them, and whatever is said of a chain
//! with such names.
//!
//! The first byte is the type of string that holds the rest: of a subject, of its issuer, and of an alternative name.

use countersign_trust::{
    Clock, Device, IdfRelease, Refusal, bundle,
    chain::{Chain, Roots, assess, names},
    device::DEFAULT_MAX_ENTRIES,
    judge,
};
use countersign_x509::{Certificate, name};

use crate::plain::{assert_all_plain, assert_plain, assert_plain_error};

/// No text for people has a control character or a letter that turns others round.
pub fn run(bytes: &[u8]) {
    let Some((&tag, text)) = bytes
        .split_first()
        .filter(|(_, text)| text.len() <= LONGEST)
    else {
        return;
    };
    let lossy = String::from_utf8_lossy(text);
    let shown = name::escaped(&lossy);
    assert_plain(&shown);
    assert_eq!(name::escaped(&shown), shown);
    assert_eq!(name::is_harmless(&lossy), shown == lossy);
    for der in [text, &forge::name(tag, text)] {
        if let Ok(text) = name::text(der) {
            assert_plain(&text);
        }
    }
    let der = forge::certificate(tag, text);
    if let Ok(certificate) = Certificate::from_der(&der) {
        assert_all_plain([certificate.subject_text(), certificate.issuer_text()]);
        assert_all_plain(certificate.common_name());
        assert_all_plain(certificate.dns_names());
        assert_all_plain(certificate.uris());
        for group in names::grouped(&certificate) {
            assert_plain(&group.ending);
            assert_all_plain(group.names);
        }
        assert_all_plain(names::matching(&certificate, &lossy).map(|found| found.name));
    }
    let chain = Chain::new(&[&der], Roots::default());
    for fault in assess(&chain, Some("s3.example"), 1_800_000_000) {
        assert_plain_error(&fault);
    }
    judged(&der, &lossy);
}

/// All that a device's verdict says, with a bundle that has the same odd name.
fn judged(der: &[u8], host: &str) {
    let own = Certificate::from_der(der).ok();
    for release in [(4, 4, 8), (5, 5, 1), (6, 0, 0)].map(|(a, b, c)| IdfRelease::new(a, b, c)) {
        let Ok(bundle) = bundle::build(own.as_slice(), bundle::format_for(release)) else {
            continue;
        };
        let device = Device {
            release,
            bundle: &bundle,
            clock: Clock::Ignored,
            cross_signed: true,
            max_entries: DEFAULT_MAX_ENTRIES,
        };
        for host in [host, "s3.example"] {
            let verdict = judge(&[der], host, &device);
            assert_all_plain(verdict.steps.iter().map(ToString::to_string));
            assert_all_plain(verdict.log.lines(release));
            if let Err(refusal) = verdict.outcome {
                said(&refusal);
            }
        }
    }
}

fn said(refusal: &Refusal) {
    assert_plain_error(refusal);
    assert_all_plain(refusal.on_device());
    assert_all_plain(refusal.on_server());
    if let Refusal::WrongName { host, names } = refusal {
        assert_plain(host);
        assert_all_plain(names);
    }
}

/// A longer text says nothing else, and takes longer.
const LONGEST: usize = 512;

/// Certificates as nobody would issue them.
mod forge {
    /// A `Name` of one common name (RFC 5280 §A.1).
    pub(super) fn name(tag: u8, text: &[u8]) -> Vec<u8> {
        let value = der(TAGS[usize::from(tag) % TAGS.len()], &[text]);
        der(0x30, &[&der(0x31, &[&der(0x30, &[COMMON_NAME, &value])])])
    }

    /// A certificate whose names are all this text; its signature is nobody's.
    pub(super) fn certificate(tag: u8, text: &[u8]) -> Vec<u8> {
        let names = name(tag, text);
        let alternative = if tag & 0x80 == 0 {
            let name = der(if tag & 0x40 == 0 { 0x82 } else { 0x86 }, &[text]);
            let names = der(0x04, &[&der(0x30, &[&name])]);
            der(
                0xa3,
                &[&der(0x30, &[&der(0x30, &[SUBJECT_ALT_NAME, &names])])],
            )
        } else {
            Vec::new()
        };
        let tbs = der(
            0x30,
            &[
                VERSION_3,
                SERIAL,
                ECDSA,
                &names,
                VALIDITY,
                &names,
                KEY,
                &alternative,
            ],
        );
        der(0x30, &[&tbs, ECDSA, SIGNATURE])
    }

    fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let content = parts.concat();
        let mut out = vec![tag];
        let len = u16::try_from(content.len()).unwrap_or(u16::MAX);
        match (len, len.to_be_bytes()) {
            (0..0x80, [_, low]) => out.push(low),
            (0x80..0x100, [_, low]) => out.extend([0x81, low]),
            (_, [high, low]) => out.extend([0x82, high, low]),
        }
        out.extend(content);
        out
    }

    /// UTF-8, printable, T61, IA5, universal, BMP.
    const TAGS: [u8; 6] = [0x0c, 0x13, 0x14, 0x16, 0x1c, 0x1e];
    const COMMON_NAME: &[u8] = &[0x06, 3, 0x55, 0x04, 0x03];
    const SUBJECT_ALT_NAME: &[u8] = &[0x06, 3, 0x55, 0x1d, 0x11];
    const VERSION_3: &[u8] = &[0xa0, 3, 2, 1, 2];
    const SERIAL: &[u8] = &[2, 1, 1];
    /// ECDSA with SHA-256.
    const ECDSA: &[u8] = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";
    const VALIDITY: &[u8] = b"\x30\x1e\x17\x0d260101000000Z\x17\x0d460101000000Z";
    /// The generator of P-256 (SEC 2 §2.4.2): a point that is on the curve.
    const KEY: &[u8] = b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\0\x04\
        \x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2\x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96\
        \x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5";
    const SIGNATURE: &[u8] = b"\x03\x09\0\x30\x06\x02\x01\x01\x02\x01\x01";
}
