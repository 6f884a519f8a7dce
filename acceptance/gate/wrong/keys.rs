//! Keys and signatures that are too weak, of no kind that is taken, or somebody else's.

use super::{BAD, Case, Ground, NOT_PROVED, Shown, UNKNOWN, UNKNOWN_ISSUER};
use crate::gate::{
    der::{bits, oid, sequence},
    forge::Ca,
    key::{ECDSA_SHA1, ECDSA_SHA256, How, Key, RSA_MD5, RSA_SHA1, RSA_SHA256},
};

pub(super) fn cases(Ground { forge, honest, .. }: &Ground) -> Vec<Case> {
    let issuing = &forge.issuing;
    let of = |key: Key| Shown::certified(key, &[issuing], |_| {});
    let odd = |algorithm: &str, options: &[&str]| of(forge.odd_key(algorithm, options));
    let curve = |name: &str| {
        let group = format!("ec_paramgen_curve:{name}");
        forge.odd_key("EC", &[&group])
    };
    let rsa = |bits: &str| forge.odd_key("RSA", &[&format!("rsa_keygen_bits:{bits}")]);
    let ca =
        |key: &Key, how: How| Ca::certified(key.clone(), how, &forge.root, "An odd CA", |_| {});
    let by = |ca: &_| forge.device_of(&[ca], |_| {});
    let (strong, weak) = (rsa("2048"), rsa("1024"));
    let explicit = ["ec_paramgen_curve:P-256", "ec_param_enc:explicit"];
    let mut off_curve = honest.key.spki.clone();
    let last = off_curve.len() - 1;
    off_curve[last] ^= 1;
    let sha1 = forge.device(|spec| spec.how = ECDSA_SHA1);
    let two = forge.device(|spec| spec.outside = Some(ECDSA_SHA1));
    let id = oid(&[0x2a, 3, 4]);
    let unheard_of = sequence(&[&sequence(&[&id]), &bits(&[1, 2, 3])]);
    vec![
        Case::new("a key of RSA 1024", of(weak.clone()), BAD),
        Case::new("a key on P-192", of(curve("prime192v1")), BAD),
        Case::new("a key on secp256k1", of(curve("secp256k1")), BAD),
        Case::new(
            "a key on P-256 with its parameters spelled out (CVE-2020-0601)",
            odd("EC", &explicit),
            BAD,
        ),
        Case::new(
            "a key of no kind that anybody knows",
            of(honest.key.pretending(&unheard_of)),
            BAD,
        ),
        Case::new(
            "a point that is not on its curve",
            of(honest.key.pretending(&off_curve)),
            NOT_PROVED,
        ),
        Case::new(
            "a key of RSA 2048, which is taken",
            of(strong.clone()),
            UNKNOWN,
        ),
        Case::new("signed with ECDSA and SHA-1", sha1, BAD),
        Case::new("signed with RSA and SHA-1", by(&ca(&strong, RSA_SHA1)), BAD),
        Case::new("signed with RSA and MD5", by(&ca(&strong, RSA_MD5)), BAD),
        Case::new("one algorithm inside, another outside", two, BAD),
        Case::new(
            "by a CA with a key of RSA 1024",
            by(&ca(&weak, RSA_SHA256)),
            UNKNOWN_ISSUER,
        ),
        Case::new(
            "by a CA with a key on secp256k1",
            by(&ca(&curve("secp256k1"), ECDSA_SHA256)),
            BAD,
        ),
        Case::new(
            "the enrolled device's, without its key",
            stolen(honest, forge.key()),
            NOT_PROVED,
        ),
        Case::new(
            "the enrolled device's, with the key of its CA",
            stolen(honest, issuing.key.clone()),
            NOT_PROVED,
        ),
    ]
}

/// Somebody's certificates with another key.
fn stolen(shown: &Shown, key: Key) -> Shown {
    Shown {
        chain: shown.chain.clone(),
        key,
    }
}
