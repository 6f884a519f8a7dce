//! Certificates that are what they are told to be.

use rcgen::{KeyPair, PublicKeyData as _, RsaKeySize, SigningKey as _};

use crate::{
    NOW, YEAR,
    der::{bits, oid, sequence, time, tlv},
    twist::twist,
};

/// A key that signs, with the algorithm that it signs with.
pub struct Key {
    pair: KeyPair,
    /// DER of the `SubjectPublicKeyInfo`.
    pub spki: Vec<u8>,
    algorithm: Vec<u8>,
}

impl Key {
    fn new(pair: KeyPair, algorithm: &[u8]) -> Self {
        Self {
            spki: pair.subject_public_key_info(),
            pair,
            algorithm: algorithm.to_vec(),
        }
    }

    fn rsa(pair: KeyPair) -> Self {
        Self::new(pair, &[oid(RSA_SHA256), tlv(5, &[])].concat())
    }

    /// One of the keys in `tests/data`, for signing below fixed certificates.
    pub fn fixed(pem: &str) -> Self {
        let pair = KeyPair::from_pem(pem).unwrap();
        if pair.algorithm() == &rcgen::PKCS_ECDSA_P256_SHA256 {
            Self::new(pair, &oid(ECDSA_SHA256))
        } else {
            Self::rsa(pair)
        }
    }

    /// The private key, for [`Key::fixed`].
    pub fn pem(&self) -> String {
        self.pair.serialize_pem()
    }

    /// Keys to sign with: RSA for the most part, which is checked fastest.
    pub fn pool() -> Vec<Self> {
        let mut pool = Vec::new();
        for _ in 0..4 {
            let pair = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048);
            pool.push(Self::rsa(pair.unwrap()));
        }
        for _ in 0..4 {
            let pair = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
            pool.push(Self::new(pair, &oid(ECDSA_SHA256)));
        }
        let pair = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        pool.push(Self::new(pair, &oid(ECDSA_SHA384)));
        let pair = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P521_SHA512).unwrap();
        pool.push(Self::new(pair, &oid(ECDSA_SHA512)));
        let pair = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        pool.push(Self::new(pair, &oid(ED25519)));
        pool
    }
}

/// A part of a name: its OID's last number under 2.5.4, the tag of its string, and the string.
pub type Attribute = (u8, u8, String);

/// A name: sets of parts.
pub type Name = Vec<Vec<Attribute>>;

/// DER of a name.
pub fn name(sets: &Name) -> Vec<u8> {
    let set = |attributes: &Vec<Attribute>| {
        let pairs: Vec<_> = attributes
            .iter()
            .map(|(kind, tag, text)| {
                sequence(&[&oid(&[0x55, 0x04, *kind]), &tlv(*tag, text.as_bytes())])
            })
            .collect();
        tlv(0x31, &pairs.concat())
    };
    tlv(0x30, &sets.iter().flat_map(set).collect::<Vec<_>>())
}

/// An extension: the content of its OID, whether it is critical, and its value.
pub type Extension = (Vec<u8>, bool, Vec<u8>);

/// What a certificate shall say.
#[derive(Clone)]
pub struct Spec {
    /// As it is encoded: 2 for version 3, and nothing for version 1.
    pub version: Option<u8>,
    pub serial: Vec<u8>,
    pub issuer: Name,
    pub subject: Name,
    pub not_before: u64,
    pub not_after: u64,
    pub spki: Vec<u8>,
    pub extensions: Vec<Extension>,
    /// Spoils the signature.
    pub spoilt: bool,
    /// The algorithm outside differs from the one inside.
    pub two_algorithms: bool,
    /// Bytes behind the certificate.
    pub trailing: bool,
    /// Its structure is wrong somewhere, and the signature is over that.
    pub twist: Option<u64>,
}

impl Spec {
    /// Version 3, valid now, and nothing beside the names and the key.
    pub fn new(issuer: Name, subject: Name, spki: Vec<u8>) -> Self {
        Self {
            version: Some(2),
            serial: vec![1],
            issuer,
            subject,
            not_before: NOW - YEAR,
            not_after: NOW + YEAR,
            spki,
            extensions: Vec::new(),
            spoilt: false,
            two_algorithms: false,
            trailing: false,
            twist: None,
        }
    }
}

/// Makes the certificate, signed by `key`.
pub fn sign(spec: &Spec, key: &Key) -> Vec<u8> {
    let algorithm = tlv(0x30, &key.algorithm);
    let version = spec
        .version
        .map_or_else(Vec::new, |version| tlv(0xa0, &tlv(2, &[version])));
    let extensions = if spec.extensions.is_empty() {
        Vec::new()
    } else {
        tlv(
            0xa3,
            &sequence(&[&spec
                .extensions
                .iter()
                .flat_map(extension)
                .collect::<Vec<_>>()]),
        )
    };
    let tbs = sequence(&[
        &version,
        &tlv(2, &spec.serial),
        &algorithm,
        &name(&spec.issuer),
        &sequence(&[&time(spec.not_before), &time(spec.not_after)]),
        &name(&spec.subject),
        &spec.spki,
        &extensions,
    ]);
    let tbs = spec.twist.map_or(tbs.clone(), |seed| twist(&tbs, seed));
    let mut signature = key.pair.sign(&tbs).unwrap();
    if spec.spoilt {
        let last = signature.len() - 1;
        signature[last] ^= 1;
    }
    let outside = if spec.two_algorithms {
        tlv(0x30, &[oid(RSA_SHA256), tlv(5, &[])].concat())
    } else {
        algorithm
    };
    let mut der = sequence(&[&tbs, &outside, &bits(&signature)]);
    if spec.trailing {
        der.extend([0, 1, 2, 3]);
    }
    der
}

fn extension((id, critical, value): &Extension) -> Vec<u8> {
    let critical = if *critical {
        tlv(1, &[0xff])
    } else {
        Vec::new()
    };
    sequence(&[&oid(id), &critical, &tlv(4, value)])
}

/// An RSA key of so many bits that nobody has.
pub fn rsa_key(bits_wanted: usize) -> Vec<u8> {
    let mut modulus = vec![0xa5; bits_wanted / 8];
    // The topmost bit, if it begins an octet of its own; else the octet that keeps a number from being negative.
    modulus.insert(0, (1 << (bits_wanted % 8)) >> 1);
    let numbers = sequence(&[&tlv(2, &modulus), &tlv(2, &[1, 0, 1])]);
    let algorithm = sequence(&[
        &oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01]),
        &tlv(5, &[]),
    ]);
    sequence(&[&algorithm, &bits(&numbers)])
}

/// The same key with its point compressed (SEC 1 §2.3.3); keys of other kinds as they are.
pub fn compressed(spki: &[u8]) -> Vec<u8> {
    let key = countersign_x509::PublicKey::from_der(spki).unwrap();
    let Some((4, both)) = key.key.split_first() else {
        return spki.to_vec();
    };
    let (x, y) = both.split_at(both.len() / 2);
    let sign = 2 | (y.last().unwrap() & 1);
    let algorithm = tlv(0x30, key.algorithm);
    sequence(&[&algorithm, &bits(&[&[sign], x].concat())])
}

/// The generator of a curve as a key: the one point that is known to lie on it.
pub fn curve_key(curve: &[u8], point: &str) -> Vec<u8> {
    let octets: Vec<u8> = (0..point.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&point[at..at + 2], 16).unwrap())
        .collect();
    let algorithm = sequence(&[
        &oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01]),
        &oid(curve),
    ]);
    sequence(&[&algorithm, &bits(&octets)])
}

/// A curve, and the generator of it, compressed (SEC 2 §2.4.2).
pub const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
pub const P256_COMPRESSED: &str =
    "036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";

const RSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const ECDSA_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];
const ECDSA_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

/// A name from its DER, all of whose parts are of those under 2.5.4.
pub fn parse_name(der: &[u8]) -> Name {
    use countersign_x509::der::{OID, Reader, SEQUENCE, SET};
    let mut sets = Reader::new(der).expect(SEQUENCE, "").unwrap().reader();
    let mut name = Name::new();
    while !sets.is_empty() {
        let mut pairs = sets.expect(SET, "").unwrap().reader();
        let mut set = Vec::new();
        while !pairs.is_empty() {
            let mut pair = pairs.expect(SEQUENCE, "").unwrap().reader();
            let kind = pair.expect(OID, "").unwrap();
            let [0x55, 0x04, kind] = *kind.value() else {
                panic!("{:x?}", kind.value());
            };
            let tag = pair.peek().unwrap();
            let text = pair.expect(tag, "").unwrap().value().to_vec();
            set.push((kind, tag, String::from_utf8(text).unwrap()));
        }
        name.push(set);
    }
    name
}
