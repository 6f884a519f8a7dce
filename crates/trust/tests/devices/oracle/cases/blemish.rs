//! What can be wrong with a certificate, or only unusual.

use super::{super::random::Random, Material};
use crate::{
    NOW,
    der::{oid, sequence, tlv},
    forge::{self, Spec},
};

/// Something unusual, once in so many times.
pub(super) fn blemish(material: &Material, random: &mut Random, spec: &mut Spec, n: usize) {
    if !random.once_in(3) {
        return;
    }
    if random.once_in(n / 4) {
        spec.not_after = NOW - 1 - u64::try_from(random.below(1000)).unwrap();
    }
    if random.once_in(n) {
        spec.not_before = NOW + 1;
    }
    if random.once_in(n) {
        (spec.not_before, spec.not_after) = (NOW, NOW);
    }
    match random.below(n * 2) {
        0 => spec.serial = vec![0xff, 0x01],
        1 => spec.spoilt = true,
        2 => spec.two_algorithms = true,
        3 => spec.trailing = true,
        4 => spec.version = Some(1),
        5 => spec.version = Some(3),
        6 => spec.spki = forge::rsa_key(*random.pick(&[1024, 2040, 2048, 4096])),
        7 => spec.spki = forge::curve_key(&[0x2b, 0x81, 0x04, 0x00, 0x21], P224),
        8 => spec.spki = forge::curve_key(&[0x2b, 0x81, 0x04, 0x00, 0x0a], SECP256K1),
        9 => {
            let curve = [0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x07];
            spec.spki = forge::curve_key(&curve, BRAINPOOL256);
        }
        10 => spec.spki.clone_from(&material.keys.last().unwrap().spki),
        11 | 12 => unusual_extension(random, spec),
        13 => {
            if let Some(first) = spec.extensions.first().cloned() {
                spec.extensions.push(first);
            }
        }
        14 => spec
            .subject
            .push(vec![(3, *random.pick(&STRINGS), "x".to_owned())]),
        15 => spec.serial = vec![],
        16 => spec.extensions.clear(),
        17..20 => spec.twist = Some(random.next()),
        20 | 21 => spec.spki = forge::compressed(&spec.spki),
        // A compressed point, and one where no point of that `x` is.
        22 => spec.spki = forge::curve_key(forge::P256, forge::P256_COMPRESSED),
        23 => spec.spki = forge::curve_key(forge::P256, P256_NOWHERE),
        24 => spec.spki = forge::curve_key(&[0x2b, 0x81, 0x04, 0x00, 0x21], P224_COMPRESSED),
        _ => {}
    }
}

fn unusual_extension(random: &mut Random, spec: &mut Spec) {
    let critical = random.once_in(2);
    let (id, value): (&[u8], Vec<u8>) = match random.below(9) {
        // Name constraints.
        0 => (&[0x55, 0x1d, 0x1e], sequence(&[&tlv(0xa0, &[])])),
        1 => (
            &[0x55, 0x1d, 0x20],
            sequence(&[&sequence(&[&oid(&[0x55, 0x1d, 0x20, 0x00])])]),
        ),
        2 => (
            &[0x55, 0x1d, 0x20],
            sequence(&[&sequence(&[&oid(&[0x67, 0x81, 0x0c, 0x01, 0x02, 0x01])])]),
        ),
        3 => (&[0x55, 0x1d, 0x0e], tlv(4, &[1, 2, 3])),
        4 => (&[0x55, 0x1d, 0x23], sequence(&[&tlv(0x80, &[1, 2, 3])])),
        5 => (&[0x55, 0x1d, 0x23], sequence(&[&tlv(0x82, &[1])])),
        // A key usage of no bits.
        6 => (&[0x55, 0x1d, 0x0f], tlv(3, &[0])),
        // A Netscape type of no bits.
        7 => (
            &[0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x42, 0x01, 0x01],
            tlv(3, &[0]),
        ),
        // Twice.
        _ => {
            let same = (vec![0x2a, 0x03], false, tlv(5, &[]));
            spec.extensions.extend([same.clone(), same]);
            return;
        }
    };
    spec.extensions.retain(|(known, _, _)| known != id);
    spec.extensions.push((id.to_vec(), critical, value));
}

/// Numeric, T61, IA5, visible, universal, BMP.
const STRINGS: [u8; 6] = [0x12, 0x14, 0x16, 0x1a, 0x1c, 0x1e];

/// An `x` that no point of P-256 has.
const P256_NOWHERE: &str = "020000000000000000000000000000000000000000000000000000000000000001";
/// Generators (SEC 2 §2, RFC 5639 §3.4).
const P224_COMPRESSED: &str = "02b70e0cbd6bb4bf7f321390b94a03c1d356c21122343280d6115c1d21";
const P224: &str = "04b70e0cbd6bb4bf7f321390b94a03c1d356c21122343280d6115c1d21bd376388b5f723fb4c22dfe6cd4375a05a07476444d5819985007e34";
const SECP256K1: &str = "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8";
const BRAINPOOL256: &str = "048bd2aeb9cb7e57cb2c4b482ffc81b7afb9de27e1e3bd23c23a4453bd9ace3262547ef835c3dac4fd97f8461a14611dc9c27745132ded8e545c1d54c72f046997";
