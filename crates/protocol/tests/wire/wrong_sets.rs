//! Author sets and releases that nobody may follow or run, each wrong in one thing.

use aws_lc_rs::{
    encoding::AsDer,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use countersign_protocol::authors::{SetSignature, assemble_set, point_of, set_to_be_signed};
use countersign_protocol::manifest::{assemble, to_be_signed};
use countersign_protocol::*;

use crate::sets::*;
use crate::v1::{encoded, the_manifest};
use crate::{Aws, hex, sha256};

struct Key {
    pair: EcdsaKeyPair,
    spki: Vec<u8>,
    id: AuthorId,
}

impl Key {
    fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let spki = pair.public_key().as_der().unwrap().as_ref().to_vec();
        let id = AuthorId::from_spki_sha256(&sha256(&spki));
        Self { pair, spki, id }
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        let signature = self.pair.sign(&SystemRandom::new(), message).unwrap();
        signature.as_ref().try_into().unwrap()
    }
}

/// A set's bytes.
fn set(sequence: u32, threshold: u8, keys: &[&Key], change: fn(&mut AuthorSet<'_>)) -> Vec<u8> {
    let points = keys.iter().map(|key| point_of(&key.spki).unwrap());
    let mut set = AuthorSet {
        product: "thermostat",
        sequence,
        threshold,
        keys: AuthorKeys::new(points).unwrap(),
        created: UnixTime(1000),
        not_after: None,
    };
    change(&mut set);
    encoded(|out| set.encode(out))
}

fn signed(set: &[u8], signers: &[&Key]) -> Vec<u8> {
    let signatures: Vec<_> = signers
        .iter()
        .map(|key| SetSignature {
            author: key.id,
            signature: key.sign(&encoded(|out| set_to_be_signed(key.id, set, out))),
        })
        .collect();
    encoded(|out| assemble_set(set, &signatures, out))
}

fn release(signers: &[&Key]) -> Vec<u8> {
    let payload = encoded(|out| the_manifest().encode(out));
    let sign = |key: &Key| key.sign(&encoded(|out| to_be_signed(key.id, &payload, out)));
    let (first, others) = signers.split_first().unwrap();
    let mut file = encoded(|out| assemble(first.id, &payload, &sign(first), out));
    if let Ok(count @ 1..) = u8::try_from(others.len()) {
        file.push(0x80 | count);
    }
    for other in others {
        file.extend([&[0x82, 0x48][..], &other.id.0, &[0x58, 0x40], &sign(other)].concat());
    }
    file
}

#[test]
fn a_successor_takes_enough_of_both_sets_and_follows_its_predecessor_alone() {
    let [ann, ben, cyd, dan, eve] = [(); 5].map(|()| Key::new());
    let unchanged: fn(&mut AuthorSet<'_>) = |_| {};
    let first = set(1, 2, &[&ann, &ben, &cyd], |set| {
        set.not_after = Some(UnixTime(2000));
    });
    let first = AuthorSet::decode(&first).unwrap();
    let current = Authors::of(&first, sha256);
    let check = |set: Vec<u8>, signers: &[&Key], wanted: Result<u32, Unfit>| {
        let bytes = signed(&set, signers);
        let parsed = SignedAuthorSet::parse(&bytes).unwrap();
        let followed = parsed.follow(&current, "thermostat", sha256, &Aws);
        assert_eq!(followed.map(|it| it.set().sequence), wanted);
    };
    let former = |count| Err(Unfit::TooFewFormer { count, needed: 2 });
    let own = |count| Err(Unfit::TooFewOwn { count, needed: 2 });
    let next = || set(2, 2, &[&ben, &dan, &eve], unchanged);

    check(next(), &[&ann, &ben, &dan], Ok(2));
    check(next(), &[&ann, &cyd, &dan, &eve], Ok(2));
    check(next(), &[&ann, &dan, &eve], former(1));
    check(next(), &[&dan, &eve], former(0));
    check(next(), &[&ann, &ann, &dan, &eve], former(1));
    check(next(), &[&ann, &cyd, &dan], own(1));
    check(next(), &[&ann, &cyd, &dan, &dan, &dan], own(1));
    check(next(), &[&ann, &cyd], own(0));
    let not_next = |sequence| {
        let current = 1;
        Err(Unfit::NotNext { sequence, current })
    };
    check(
        set(3, 2, &[&ben, &dan], unchanged),
        &[&ann, &ben, &dan],
        not_next(3),
    );
    check(
        set(1, 2, &[&ben, &dan], unchanged),
        &[&ann, &ben, &dan],
        not_next(1),
    );
    let oven = set(2, 2, &[&ben, &dan], |set| set.product = "oven");
    check(oven, &[&ann, &ben, &dan], Err(Unfit::WrongProduct));
    // Made in the last second of the set before it, and in the next.
    let last = set(2, 2, &[&ben, &dan], |set| set.created = UnixTime(2000));
    check(last, &[&ann, &ben, &dan], Ok(2));
    let late = set(2, 2, &[&ben, &dan], |set| set.created = UnixTime(2001));
    check(late, &[&ann, &ben, &dan], Err(Unfit::TooLate));

    // Another's signature under a known name, and one over another set.
    let impostor = Key {
        id: cyd.id,
        ..Key::new()
    };
    check(next(), &[&ann, &impostor, &dan, &eve], former(1));
    let (bytes, other) = (
        signed(&next(), &[&ann, &cyd, &dan, &eve]),
        set(2, 1, &[&dan], unchanged),
    );
    let stolen: Vec<_> = SignedAuthorSet::parse(&bytes)
        .unwrap()
        .signatures()
        .map(|(author, signature)| SetSignature {
            author,
            signature: *signature,
        })
        .collect();
    let moved = encoded(|out| assemble_set(&other, &stolen, out));
    let moved = SignedAuthorSet::parse(&moved).unwrap();
    let refused = moved.follow(&current, "thermostat", sha256, &Aws);
    assert_eq!(
        refused.unwrap_err(),
        Unfit::TooFewFormer {
            count: 0,
            needed: 2
        }
    );
}

#[test]
fn set_0_is_followed_by_a_set_that_one_factory_key_signed() {
    let [ann, ben] = [(); 2].map(|()| Key::new());
    let known = [Author {
        id: ann.id,
        public_key: &ann.spki,
    }];
    let factory = Authors::factory(&known);
    let first = set(1, 1, &[&ben], |_| {});
    for (signers, followed) in [
        (&[&ann, &ben][..], true),
        (&[&ben], false),
        (&[&ann], false),
    ] {
        let bytes = signed(&first, signers);
        let parsed = SignedAuthorSet::parse(&bytes).unwrap();
        let result = parsed.follow(&factory, "thermostat", sha256, &Aws);
        assert_eq!(result.is_ok(), followed);
    }
}

#[test]
fn a_release_takes_as_many_keys_as_the_set_asks_for() {
    let [ann, ben, cyd, stranger] = [(); 4].map(|()| Key::new());
    let two_of_three = set(1, 2, &[&ann, &ben, &cyd], |set| {
        set.not_after = Some(UnixTime(2000));
    });
    let set = AuthorSet::decode(&two_of_three).unwrap();
    let authors = Authors::of(&set, sha256);
    let check = |signers: &[&Key], now, wanted: Result<AuthorId, Reason>| {
        let file = release(signers);
        let parsed = SignedRelease::parse(&file).unwrap();
        let verified = parsed.verify(&authors, UnixTime(now), &Aws);
        assert_eq!(verified.map(|it| it.author()), wanted);
    };
    check(&[&ann, &ben], 2000, Ok(ann.id));
    check(&[&cyd, &ben], 0, Ok(ben.id));
    check(&[&stranger, &cyd, &ben], 0, Ok(ben.id));
    check(&[&ann, &ben, &cyd], 0, Ok(ann.id));
    check(&[&ann, &ben], 2001, Err(Reason::AuthorsEnded));
    check(&[&ann], 0, Err(Reason::TooFewAuthors));
    check(&[&ann, &ann, &ann], 0, Err(Reason::TooFewAuthors));
    check(&[&ann, &stranger], 0, Err(Reason::TooFewAuthors));
    check(&[&stranger], 0, Err(Reason::UnknownAuthor));
    let impostor = Key {
        id: ben.id,
        ..Key::new()
    };
    check(&[&ann, &impostor], 0, Err(Reason::BadSignature));
    // What is too much does no harm.
    check(&[&ann, &impostor, &cyd], 0, Ok(ann.id));
}

#[test]
fn sets_that_make_no_sense_are_refused_where_they_do_not() {
    let bad = |bytes: &[u8], offset| {
        let kind = ErrorKind::BadField;
        assert_eq!(AuthorSet::decode(bytes), Err(Error { kind, offset }));
    };
    let good = hex(AUTHOR_SET);
    let at = |needle: &str| AUTHOR_SET.find(needle).unwrap() / 2;
    let threshold = at("0201030204") + 3;
    for wrong in [0, 4] {
        let mut bytes = good.clone();
        bytes[threshold] = wrong;
        bad(&bytes, u32::try_from(threshold).unwrap());
    }
    let mut bytes = good.clone();
    bytes[threshold - 2] = 0;
    bad(&bytes, u32::try_from(threshold - 2).unwrap());
    // The second key is the first once more; the first is compressed.
    let first = at("584104");
    let mut bytes = good.clone();
    bytes.copy_within(first..first + 67, first + 67);
    bad(&bytes, u32::try_from(first + 67).unwrap());
    let mut bytes = good.clone();
    bytes[first + 2] = 2;
    bad(&bytes, u32::try_from(first).unwrap());
    // A field that this version does not know.
    let mut bytes = good.clone();
    bytes[0] += 1;
    bytes.extend([0x07, 0x00]);
    let error = AuthorSet::decode(&bytes).unwrap_err();
    assert_eq!(error.kind, ErrorKind::UnknownField);

    let points = [[4; 65]; 9];
    assert_eq!(AuthorKeys::new(&points[..0]), None);
    assert_eq!(AuthorKeys::new(&points[..2]), None);
    let nine: Vec<[u8; 65]> = (0..9)
        .map(|n| core::array::from_fn(|at| if at == 0 { 4 } else { n }))
        .collect();
    assert!(AuthorKeys::new(&nine[..8]).is_some());
    assert_eq!(AuthorKeys::new(&nine), None);
}

#[test]
fn envelopes_of_sets_of_another_form_are_refused() {
    let good = hex(SIGNED_AUTHOR_SET);
    let refused = |bytes: &[u8]| SignedAuthorSet::parse(bytes).unwrap_err().kind;
    assert_eq!(refused(&good[1..]), ErrorKind::NotSign, "no tag");
    assert_eq!(refused(&hex(crate::v1::SIGNED)), ErrorKind::NotSign);
    let surplus = [good.clone(), vec![0]].concat();
    assert_eq!(refused(&surplus), ErrorKind::Surplus);
    let long = vec![0xd8; SignedAuthorSet::MAX_LEN + 1];
    assert_eq!(refused(&long), ErrorKind::BadField);
    // Seventeen signatures; none.
    let (set, key) = (hex(SUCCESSOR), Key::new());
    let many = signed(&set, &[&key; 16]);
    assert!(SignedAuthorSet::parse(&many).is_ok());
    let more = signed(&set, &[&key; 17]);
    assert_eq!(refused(&more), ErrorKind::NotSign);
    assert_eq!(refused(&signed(&set, &[])), ErrorKind::NotSign);
}
