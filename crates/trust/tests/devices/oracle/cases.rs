//! Random chains and bundles, most of them nearly right.

mod blemish;
mod leaf;

use super::random::Random;
use crate::{
    der::tlv,
    forge::{self, Extension, Key, Name, Spec},
};
use blemish::blemish;
use leaf::leaf_spec;

/// What a device meets.
pub struct Case {
    pub host: String,
    /// DER, the server's own first.
    pub chain: Vec<Vec<u8>>,
    /// Names and keys, in the order in which they shall stand in the bundle.
    pub roots: Vec<(Vec<u8>, Vec<u8>)>,
}

/// What certificates are made of.
pub struct Material {
    keys: Vec<Key>,
    odd_root: Fixed,
    odd_cas: Vec<Vec<u8>>,
    odd_ca_key: Key,
}

struct Fixed {
    der: Vec<u8>,
    key: Key,
}

/// A CA of a case.
#[derive(Clone)]
struct Ca {
    name: Name,
    key: usize,
    der: Vec<u8>,
}

impl Material {
    pub fn new() -> Self {
        Self {
            keys: Key::pool(),
            odd_root: Fixed {
                der: include_bytes!("../../data/root_sha1.der").to_vec(),
                key: Key::fixed(include_str!("../../data/root.key.pem")),
            },
            odd_cas: vec![
                include_bytes!("../../data/ca_sha1.der").to_vec(),
                include_bytes!("../../data/ca_sha256.der").to_vec(),
                include_bytes!("../../data/ca_pss_sha256.der").to_vec(),
                include_bytes!("../../data/ca_pss_sha1.der").to_vec(),
                include_bytes!("../../data/ca_sha224.der").to_vec(),
                include_bytes!("../../data/ca_md5.der").to_vec(),
            ],
            odd_ca_key: Key::fixed(include_str!("../../data/ca.key.pem")),
        }
    }
}

/// The case with this number.
pub fn case(material: &Material, number: u64) -> Case {
    let mut random = Random::new(number);
    if random.once_in(12) {
        return odd_case(material, &mut random);
    }
    let host = (*random.pick(&HOSTS)).to_owned();
    let mut roots: Vec<Ca> = Vec::new();
    for _ in 0..=random.below(3) {
        let root = root(material, &mut random, &roots);
        roots.push(root);
    }
    let depth = match random.below(40) {
        0 => 7 + random.below(4),
        n => n % 4,
    };
    // From the root down.
    let anchor = random.below(roots.len());
    let mut line = vec![roots[anchor].clone()];
    for level in 0..depth {
        let above = line.last().unwrap().clone();
        line.push(if depth > 3 {
            plain(material, &mut random, &above, level)
        } else {
            intermediate(material, &mut random, &above, level)
        });
    }
    let leaf = leaf(material, &mut random, line.last().unwrap(), &host);

    let mut chain = vec![leaf];
    chain.extend(line[1..].iter().rev().map(|ca| ca.der.clone()));
    if random.once_in(4) {
        chain.push(line[0].der.clone());
    }
    if random.once_in(4) && roots.len() > 1 {
        chain.push(crossed(material, &mut random, &line, &roots));
    }
    disturb(&mut chain, &roots, &line, &mut random);
    if random.once_in(6) {
        damage(&mut chain, &mut random);
    }
    let roots = bundle(material, &roots, &line, anchor, &mut random);
    Case { host, chain, roots }
}

/// A chain below the fixed certificates with odd signatures.
fn odd_case(material: &Material, random: &mut Random) -> Case {
    let host = "s3.example".to_owned();
    let below_root = random.once_in(3);
    let (above, key) = if below_root {
        ("Odd Root", &material.odd_root.key)
    } else {
        ("Odd CA", &material.odd_ca_key)
    };
    let issuer = vec![
        vec![(10, UTF8, "Odd".to_owned())],
        vec![(3, UTF8, above.to_owned())],
    ];
    let spec = leaf_spec(material, random, issuer, &host);
    let mut chain = vec![forge::sign(&spec, key)];
    if !below_root {
        // The last ones have signatures that we cannot check.
        let count = if random.once_in(4) { 6 } else { 3 };
        let ca = random.pick(&material.odd_cas[..count]).clone();
        chain.push(ca);
    }
    if random.once_in(2) {
        chain.push(material.odd_root.der.clone());
    }
    let root = named(&material.odd_root.der);
    let mut roots = vec![root];
    if random.once_in(3) {
        roots.push(named(&material.odd_cas[0]));
    }
    if random.once_in(4) {
        roots.remove(0);
        roots.push((b"\x30\x00".to_vec(), material.keys[0].spki.clone()));
    }
    roots.sort();
    Case { host, chain, roots }
}

fn named(der: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let certificate = countersign_x509::Certificate::from_der(der).unwrap();
    (
        certificate.subject().to_vec(),
        certificate.public_key().to_vec(),
    )
}

fn root(material: &Material, random: &mut Random, others: &[Ca]) -> Ca {
    let name = match others.last() {
        // Two roots of one name.
        Some(other) if random.once_in(3) => other.name.clone(),
        _ => {
            let text = format!("root {}", random.below(4));
            ca_name(random, &text)
        }
    };
    let key = signing_key(material, random);
    let mut spec = ca_spec(material, random, name.clone(), name.clone(), key);
    if random.once_in(8) {
        // As old roots are: no extensions, no version.
        spec.version = None;
        spec.extensions.clear();
    }
    let der = forge::sign(&spec, &material.keys[key]);
    Ca { name, key, der }
}

fn intermediate(material: &Material, random: &mut Random, above: &Ca, level: usize) -> Ca {
    let name = if random.once_in(20) {
        above.name.clone()
    } else {
        let text = format!("ca {level}");
        ca_name(random, &text)
    };
    let key = signing_key(material, random);
    let issuer = if random.once_in(30) {
        respelled(&above.name)
    } else {
        above.name.clone()
    };
    let mut spec = ca_spec(material, random, issuer, name.clone(), key);
    blemish(material, random, &mut spec, 20);
    let signer = if random.once_in(25) {
        signing_key(material, random)
    } else {
        above.key
    };
    let der = forge::sign(&spec, &material.keys[signer]);
    Ca { name, key, der }
}

/// A CA with nothing about it: many of them in a row shall be good.
fn plain(material: &Material, random: &mut Random, above: &Ca, level: usize) -> Ca {
    let key = random.below(material.keys.len() - 1);
    let name: Name = vec![vec![(3, UTF8, format!("plain {level}"))]];
    let mut spec = ca_spec(material, random, above.name.clone(), name.clone(), key);
    spec.extensions = vec![(vec![0x55, 0x1d, 0x13], true, tlv(0x30, &[1, 1, 0xff]))];
    let der = forge::sign(&spec, &material.keys[above.key]);
    Ca { name, key, der }
}

/// One of the CAs, certified by another root.
fn crossed(material: &Material, random: &mut Random, line: &[Ca], roots: &[Ca]) -> Vec<u8> {
    let (whom, by) = (random.pick(line).clone(), random.pick(roots).clone());
    let spec = ca_spec(material, random, by.name, whom.name, whom.key);
    forge::sign(&spec, &material.keys[by.key])
}

fn leaf(material: &Material, random: &mut Random, above: &Ca, host: &str) -> Vec<u8> {
    let mut spec = leaf_spec(material, random, above.name.clone(), host);
    blemish(material, random, &mut spec, 12);
    let signer = if random.once_in(25) {
        signing_key(material, random)
    } else {
        above.key
    };
    forge::sign(&spec, &material.keys[signer])
}

fn ca_spec(
    material: &Material,
    random: &mut Random,
    issuer: Name,
    subject: Name,
    key: usize,
) -> Spec {
    let mut constraints = vec![0x01, 0x01, 0xff];
    if random.once_in(5) {
        let room = u8::try_from(random.below(3)).unwrap();
        constraints.extend(tlv(2, &[room]));
    }
    let mut extensions: Vec<Extension> = Vec::new();
    if !random.once_in(30) {
        let value = if random.once_in(30) {
            tlv(0x30, &[])
        } else {
            tlv(0x30, &constraints)
        };
        extensions.push((vec![0x55, 0x1d, 0x13], true, value));
    }
    if random.once_in(2) {
        let usage = *random.pick(&[0x06_u8, 0x04, 0x86, 0x06, 0x06, 0x04, 0x80]);
        extensions.push((vec![0x55, 0x1d, 0x0f], true, tlv(3, &[1, usage])));
    }
    Spec {
        extensions,
        ..Spec::new(issuer, subject, material.keys[key].spki.clone())
    }
}

fn ca_name(random: &mut Random, text: &str) -> Name {
    let tag = *random.pick(&[UTF8, PRINTABLE, PRINTABLE]);
    let common = (3, tag, text.to_owned());
    let organization = (10, PRINTABLE, "Org".to_owned());
    match random.below(8) {
        0 => vec![vec![organization, common]],
        1..4 => vec![vec![organization], vec![common]],
        _ => vec![vec![common]],
    }
}

/// Another spelling that mbedTLS takes for the same, and a bundle does not.
fn respelled(name: &Name) -> Name {
    let mut name = name.clone();
    for (_, tag, text) in name.iter_mut().flatten() {
        *tag = if *tag == UTF8 { PRINTABLE } else { UTF8 };
        *text = text.to_uppercase();
    }
    name
}

/// RSA more often than not; the last key, Ed25519, seldom.
fn signing_key(material: &Material, random: &mut Random) -> usize {
    let last = material.keys.len() - 1;
    if random.once_in(60) {
        return last;
    }
    match random.below(12) {
        0..6 => random.below(4),
        6..11 => 4 + random.below(4),
        _ => 8 + random.below(last - 8),
    }
}

/// Changes a byte, or cuts a certificate short.
fn damage(chain: &mut [Vec<u8>], random: &mut Random) {
    let which = random.below(chain.len());
    let der = &mut chain[which];
    // On these curves we cannot tell a point from what is none.
    let strange = |curve: &[u8]| der.windows(curve.len()).any(|bytes| bytes == curve);
    if CURVES_UNKNOWN.iter().any(|curve| strange(curve)) {
        return;
    }
    let at = random.below(der.len());
    if random.once_in(10) {
        der.truncate(at.max(1));
    } else {
        der[at] = u8::try_from(random.below(256)).unwrap();
    }
}

fn disturb(chain: &mut Vec<Vec<u8>>, roots: &[Ca], line: &[Ca], random: &mut Random) {
    if random.once_in(8) && chain.len() > 1 {
        chain.remove(1 + random.below(chain.len() - 1));
    }
    if random.once_in(8) {
        let surplus = random.pick(&[roots, line].concat()).der.clone();
        let at = 1 + random.below(chain.len());
        chain.insert(at, surplus);
    }
    if random.once_in(8) && chain.len() > 2 {
        let one = 1 + random.below(chain.len() - 1);
        let other = 1 + random.below(chain.len() - 1);
        chain.swap(one, other);
    }
    if random.once_in(20) {
        let again = random.pick(chain).clone();
        chain.push(again);
    }
    if random.once_in(60) && chain.len() > 1 {
        chain.swap(0, 1);
    }
}

fn bundle(
    material: &Material,
    roots: &[Ca],
    line: &[Ca],
    anchor: usize,
    random: &mut Random,
) -> Vec<(Vec<u8>, Vec<u8>)> {
    let entry = |ca: &Ca| (forge::name(&ca.name), material.keys[ca.key].spki.clone());
    let mut entries: Vec<_> = roots.iter().map(entry).collect();
    if random.once_in(10) {
        entries.remove(anchor);
    }
    if random.once_in(6) {
        entries.push(entry(random.pick(line)));
    }
    for n in 0..random.below(6) {
        let name = vec![vec![(3, UTF8, format!("nobody {n}"))]];
        entries.push((forge::name(&name), material.keys[n].spki.clone()));
    }
    if entries.is_empty() {
        let name = vec![vec![(3, UTF8, "alone".to_owned())]];
        entries.push((forge::name(&name), material.keys[0].spki.clone()));
    }
    if random.once_in(12) {
        entries.reverse();
    } else {
        // By name only: what has one name stays in its order.
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        if random.once_in(3) {
            for at in 1..entries.len() {
                if entries[at - 1].0 == entries[at].0 {
                    entries.swap(at - 1, at);
                }
            }
        }
    }
    entries
}

/// Of P-224, and what Brainpool's begin with.
const CURVES_UNKNOWN: [&[u8]; 2] = [&[0x2b, 0x81, 0x04, 0x00, 0x21], &[0x2b, 0x24, 0x03, 0x03]];

const HOSTS: [&str; 8] = [
    "s3.example",
    "s3.example",
    "s3.example",
    "a.b.example",
    "192.0.2.7",
    "2001:db8::7",
    "host",
    ".example",
];

const UTF8: u8 = 0x0c;
const PRINTABLE: u8 = 0x13;
