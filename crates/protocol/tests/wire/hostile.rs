//! Bytes that nobody honest sends: nothing panics, and whatever decodes has exactly one encoding.

use countersign_protocol::authors::{SetSignature, assemble_set};
use countersign_protocol::*;

use crate::sets::*;
use crate::v1::*;
use crate::{Aws, hex};

#[test]
fn every_truncation_is_refused() {
    for text in ALL {
        let bytes = hex(text);
        for len in 0..bytes.len() {
            assert!(!decodes(&bytes[..len]), "{len} bytes of {text}");
        }
    }
}

#[test]
fn whatever_decodes_encodes_to_the_same_bytes() {
    let mut accepted = 0;
    for text in ALL {
        let bytes = hex(text);
        for at in 0..bytes.len() {
            for flip in 1..=u8::MAX {
                let mut changed = bytes.clone();
                changed[at] ^= flip;
                accepted += usize::from(decodes(&changed));
            }
        }
    }
    assert!(accepted > 1000, "the flips reach into the values");
}

#[test]
fn random_bytes_do_not_panic() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for _ in 0..20_000 {
        let len = usize::try_from(random() % 64).unwrap();
        let mut bytes: Vec<u8> = (0..len).map(|_| random().to_le_bytes()[0]).collect();
        decodes(&bytes);
        // Most random bytes end at the first head; these get further.
        if let Some(first) = bytes.first_mut() {
            *first = 0xa0 | (*first & 0x0f);
        }
        decodes(&bytes);
    }
}

#[test]
fn a_changed_signed_manifest_is_not_believed() {
    let (spki, bytes) = (hex(SPKI), hex(SIGNED));
    let author = SignedManifest::parse(&bytes).unwrap().author();
    let known = [Author {
        id: author,
        public_key: &spki,
    }];
    for at in 0..bytes.len() {
        for flip in [1, 0x80, 0xff] {
            let mut changed = bytes.clone();
            changed[at] ^= flip;
            if let Ok(signed) = SignedManifest::parse(&changed) {
                let reason = signed.verify(&known, &Aws).unwrap_err();
                let wanted = if signed.author() == author {
                    Reason::BadSignature
                } else {
                    Reason::UnknownAuthor
                };
                assert_eq!(reason, wanted, "byte {at}");
            }
        }
    }
}

/// Whether any decoder takes the bytes; those that do must give them back.
fn decodes(bytes: &[u8]) -> bool {
    let mut any = false;
    if let Ok(value) = CheckIn::decode(bytes) {
        // As of the reply below: a flipped key may be one that is passed over.
        let again = encoded(|out| value.encode(out));
        assert_eq!(CheckIn::decode(&again), Ok(value));
        any = true;
    }
    if let Ok(value) = CheckInReply::decode(bytes) {
        // A flipped key may be one that this version passes over, so the bytes may differ; the value may not.
        let again = encoded(|out| value.encode(out));
        assert_eq!(CheckInReply::decode(&again), Ok(value));
        any = true;
    }
    if let Ok(value) = Report::decode(bytes) {
        let again = encoded(|out| value.encode(out));
        assert_eq!(Report::decode(&again), Ok(value));
        any = true;
    }
    if let Ok(value) = Manifest::decode(bytes) {
        assert_eq!(encoded(|out| value.encode(out)), bytes);
        any = true;
    }
    if let Ok(signed) = SignedManifest::parse(bytes) {
        let _ = signed.unverified();
        any = true;
    }
    if let Ok(release) = SignedRelease::parse(bytes) {
        let again = [release.manifest_bytes(), release.others().as_bytes()].concat();
        assert_eq!(again, bytes);
        any = true;
    }
    if let Ok(others) = CoSignatures::parse(bytes) {
        assert_eq!(others.as_bytes(), bytes);
        any |= others != CoSignatures::NONE;
    }
    if let Ok(set) = AuthorSet::decode(bytes) {
        assert_eq!(encoded(|out| set.encode(out)), bytes);
        any = true;
    }
    if let Ok(signed) = SignedAuthorSet::parse(bytes) {
        let signatures: Vec<_> = signed
            .signatures()
            .map(|(author, signature)| SetSignature {
                author,
                signature: *signature,
            })
            .collect();
        let again = encoded(|out| assemble_set(signed.payload(), &signatures, out));
        assert_eq!(again, bytes);
        any = true;
    }
    any
}

const ALL: [&str; 17] = [
    CHECK_IN,
    FIRST_CHECK_IN,
    REPLY,
    REPLY_WITH_OFFER,
    REPORT,
    REPORT_REFUSED,
    MANIFEST,
    MANIFEST_WITH_END,
    SIGNED,
    CHECK_IN_OF_SET_1,
    REPLY_WITH_SUCCESSOR,
    REPLY_WITH_CO_SIGNATURES,
    CO_SIGNATURES,
    AUTHOR_SET,
    SUCCESSOR,
    SIGNED_AUTHOR_SET,
    SIGNED_SUCCESSOR,
];
