//! Servers' certificates.

use super::{super::random::Random, Material, PRINTABLE, UTF8};
use crate::{
    der::{oid, tlv},
    forge::{Name, Spec},
};

pub(super) fn leaf_spec(
    material: &Material,
    random: &mut Random,
    issuer: Name,
    host: &str,
) -> Spec {
    let key = random.below(material.keys.len() - 1);
    let common =
        (*random.pick(&[host, host, "other.example", "*.example", "S3.EXAMPLE"])).to_owned();
    let mut subject = vec![vec![(3, UTF8, common)]];
    if random.once_in(10) {
        subject.push(vec![(3, PRINTABLE, host.to_owned())]);
    }
    if random.once_in(20) {
        subject.clear();
    }
    let mut extensions = Vec::new();
    if !random.once_in(4) {
        extensions.push((
            vec![0x55, 0x1d, 0x11],
            random.once_in(4),
            names(random, host),
        ));
    }
    if random.once_in(2) {
        let usage = *random.pick(&[
            0x80_u8, 0x80, 0x80, 0x80, 0x80, 0xa0, 0xa0, 0x20, 0x04, 0xff,
        ]);
        extensions.push((vec![0x55, 0x1d, 0x0f], true, tlv(3, &[0, usage])));
    }
    if random.once_in(2) {
        let purposes: &[&[u8]] = match random.below(12) {
            0 => &[CLIENT_AUTH],
            1 => &[ANY_PURPOSE],
            2 => &[CLIENT_AUTH, SERVER_AUTH],
            _ => &[SERVER_AUTH],
        };
        let list: Vec<u8> = purposes.iter().flat_map(|purpose| oid(purpose)).collect();
        extensions.push((vec![0x55, 0x1d, 0x25], random.once_in(3), tlv(0x30, &list)));
    }
    Spec {
        extensions,
        ..Spec::new(issuer, subject, material.keys[key].spki.clone())
    }
}

/// The value of a subject alternative name.
fn names(random: &mut Random, host: &str) -> Vec<u8> {
    let mut list = Vec::new();
    let wild = host
        .split_once('.')
        .map_or_else(|| "*.".to_owned(), |(_, rest)| format!("*.{rest}"));
    for _ in 0..=random.below(3) {
        let (tag, content): (u8, Vec<u8>) = match random.below(16) {
            0..=5 => (0x82, host.into()),
            6..=7 => (0x82, wild.clone().into()),
            8 => (0x82, (*random.pick(&WILD)).into()),
            9 => (0x82, host.to_uppercase().into()),
            10 => (0x87, vec![192, 0, 2, 7]),
            11 => {
                let mut address = vec![0x20, 0x01, 0x0d, 0xb8];
                address.extend([0; 11]);
                address.push(7);
                (0x87, address)
            }
            12 => (0x87, vec![192, 0, 2]),
            13 => (0x86, format!("https://{host}/").into()),
            14 => (0x81, format!("root@{host}").into()),
            _ => (0x82, "elsewhere.example".into()),
        };
        // An address of three octets is rare.
        if content.len() == 3 && !random.once_in(4) {
            continue;
        }
        list.extend(tlv(tag, &content));
    }
    tlv(0x30, &list)
}

const WILD: [&str; 5] = ["*", "*.", "*.*.example", "s*.example", "*.example"];

const SERVER_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
const CLIENT_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02];
const ANY_PURPOSE: &[u8] = &[0x55, 0x1d, 0x25, 0x00];
