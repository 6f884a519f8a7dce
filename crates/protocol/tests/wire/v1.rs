//! Message and manifest version 1: frozen. Literals are added here, never edited; `tests/data` tells who made them.

use countersign_protocol::manifest::{assemble, to_be_signed};
use countersign_protocol::*;

use crate::{Aws, hex};

#[test]
fn check_in() {
    let full = CheckIn {
        product: "thermostat",
        chip: 5,
        version: "1.3.9",
        image: Some(Digest([0xab; 32])),
        counter: 41,
        secure_version: 3,
        slot: 1,
        state: SlotState::Confirmed,
        authors: None,
    };
    let first = CheckIn {
        product: "thermostat",
        chip: 0,
        version: "",
        image: None,
        counter: 0,
        secure_version: 0,
        slot: 0,
        state: SlotState::PendingVerify,
        authors: None,
    };
    for (value, text) in [(full, CHECK_IN), (first, FIRST_CHECK_IN)] {
        let bytes = hex(text);
        assert_eq!(CheckIn::decode(&bytes), Ok(value));
        assert_eq!(encoded(|out| value.encode(out)), bytes);
    }
}

#[test]
fn reply() {
    let signed = hex(SIGNED);
    let plain = CheckInReply {
        time: UnixTime(1_790_000_100),
        next_check_in_s: 3600,
        offer: None,
        authors: None,
    };
    let offering = CheckInReply {
        offer: Some(Offer {
            id: OfferId(core::array::from_fn(|index| u8::try_from(index).unwrap())),
            manifest: &signed,
            url: "https://ota.example.com/i/abc?s=1",
            co_signatures: CoSignatures::NONE,
        }),
        ..plain
    };
    for (value, text) in [(plain, REPLY), (offering, REPLY_WITH_OFFER)] {
        let bytes = hex(text);
        assert_eq!(CheckInReply::decode(&bytes), Ok(value));
        assert_eq!(encoded(|out| value.encode(out)), bytes);
    }
    assert_eq!(CheckInReply::decode(&hex(REPLY_LATER)), Ok(plain));
}

#[test]
fn report() {
    let offer = OfferId(core::array::from_fn(|index| u8::try_from(index).unwrap()));
    let confirmed = Report {
        offer,
        outcome: Outcome::Confirmed,
        version: "1.4.0",
        reason: None,
    };
    let refused = Report {
        offer,
        outcome: Outcome::Refused,
        version: "1.3.9",
        reason: Some(Reason::WrongDigest),
    };
    let untrusted = Report {
        reason: Some(Reason::UntrustedImage),
        ..refused
    };
    for (value, text) in [
        (confirmed, REPORT),
        (refused, REPORT_REFUSED),
        (untrusted, REPORT_UNTRUSTED_IMAGE),
    ] {
        let bytes = hex(text);
        assert_eq!(Report::decode(&bytes), Ok(value));
        assert_eq!(encoded(|out| value.encode(out)), bytes);
    }
}

#[test]
fn manifest() {
    for (value, text) in [
        (
            Manifest {
                not_after: None,
                ..the_manifest()
            },
            MANIFEST,
        ),
        (the_manifest(), MANIFEST_WITH_END),
    ] {
        let bytes = hex(text);
        assert_eq!(Manifest::decode(&bytes), Ok(value));
        assert_eq!(encoded(|out| value.encode(out)), bytes);
    }
}

#[test]
fn signed_manifest() {
    let (spki, bytes, payload) = (hex(SPKI), hex(SIGNED), hex(MANIFEST_WITH_END));
    let author: AuthorId = "2fc2558f359ae9ed".parse().unwrap();
    let signed = SignedManifest::parse(&bytes).unwrap();
    assert_eq!(signed.author(), author);
    assert_eq!(signed.unverified(), Ok(the_manifest()));

    let known = [Author {
        id: author,
        public_key: &spki,
    }];
    let verified = signed.verify(&known, &Aws).unwrap();
    assert_eq!(verified.manifest(), &the_manifest());
    assert_eq!(verified.author(), author);

    assert_eq!(
        encoded(|out| to_be_signed(author, &payload, out)),
        hex(TO_BE_SIGNED)
    );
    let signature = bytes.last_chunk().unwrap();
    assert_eq!(
        encoded(|out| assemble(author, &payload, signature, out)),
        bytes
    );
}

#[test]
fn later_version_is_told_apart_from_nonsense() {
    let error = Error {
        kind: ErrorKind::UnknownVersion,
        offset: 2,
    };
    assert_eq!(CheckIn::decode(&hex(CHECK_IN_VERSION_2)), Err(error));
}

/// What the vectors' author said.
pub(crate) fn the_manifest() -> Manifest<'static> {
    Manifest {
        product: "thermostat",
        chip: 5,
        project: "thermostat-fw",
        version: "1.4.0",
        image: Digest(core::array::from_fn(|index| u8::try_from(index).unwrap())),
        size: 1_048_576,
        counter: 42,
        secure_version: 3,
        created: UnixTime(1_790_000_000),
        not_after: Some(UnixTime(1_800_000_000)),
    }
}

pub(crate) fn encoded(encode: impl FnOnce(&mut [u8]) -> Result<usize, Error>) -> Vec<u8> {
    let mut out = vec![0; 4096];
    let len = encode(&mut out).unwrap();
    out.truncate(len);
    out
}

/// The author's key of the vectors, `SubjectPublicKeyInfo` in DER.
pub(crate) const SPKI: &str = "\
    3059301306072a8648ce3d020106082a8648ce3d030107034200044b7342e418e6096894ad14c31f3d3b097e0402\
    80f28aa38067e368cad58d625890491502d9c64f46f9af36900151ad9b0dace24185d45033f0142f8c1d899ecd";
/// A check-in with every field.
pub(crate) const CHECK_IN: &str = "\
    a90001016a746865726d6f7374617402050365312e332e39045820ababababababababababababababababababab\
    ababababababababababababab051829060307010800";
/// A check-in of a device that knows little yet.
pub(crate) const FIRST_CHECK_IN: &str = "a80001016a746865726d6f73746174020003600500060007000801";
/// A reply without an offer.
pub(crate) const REPLY: &str = "a30001011a6ab13be402190e10";
/// A reply with an offer.
pub(crate) const REPLY_WITH_OFFER: &str = "\
    a40001011a6ab13be402190e1003a30050000102030405060708090a0b0c0d0e0f0158e3d2845839a30126037829\
    6170706c69636174696f6e2f766e642e636f756e7465727369676e2e6d616e69666573742b63626f7204482fc255\
    8f359ae9eda05861ab0001016a746865726d6f737461740205036d746865726d6f737461742d66770465312e342e\
    30055820000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f061a0010000007182a08\
    03091a6ab13b800a1a6b49d200584022bbc549bad710398fb17ac87198f3b3738524e69bb8940e52d0cefd4e805f\
    ad03a87f48061550c4e033649820fc77f910679dd658664be1b25fc8d2ff13654402782168747470733a2f2f6f74\
    612e6578616d706c652e636f6d2f692f6162633f733d31";
/// A report of success.
pub(crate) const REPORT: &str = "a400010150000102030405060708090a0b0c0d0e0f02010365312e342e30";
/// A report with a reason.
pub(crate) const REPORT_REFUSED: &str =
    "a500010150000102030405060708090a0b0c0d0e0f02030365312e332e39040a";
/// A report of an image that no trusted key signed.
pub(crate) const REPORT_UNTRUSTED_IMAGE: &str =
    "a500010150000102030405060708090a0b0c0d0e0f02030365312e332e390413";
/// A manifest without an end.
pub(crate) const MANIFEST: &str = "\
    aa0001016a746865726d6f737461740205036d746865726d6f737461742d66770465312e342e3005582000010203\
    0405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f061a0010000007182a0803091a6ab13b80";
/// A manifest with every field.
pub(crate) const MANIFEST_WITH_END: &str = "\
    ab0001016a746865726d6f737461740205036d746865726d6f737461742d66770465312e342e3005582000010203\
    0405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f061a0010000007182a0803091a6ab13b800a\
    1a6b49d200";
/// What is signed over `MANIFEST_WITH_END`.
pub(crate) const TO_BE_SIGNED: &str = "\
    846a5369676e6174757265315839a301260378296170706c69636174696f6e2f766e642e636f756e746572736967\
    6e2e6d616e69666573742b63626f7204482fc2558f359ae9ed405861ab0001016a746865726d6f73746174020503\
    6d746865726d6f737461742d66770465312e342e30055820000102030405060708090a0b0c0d0e0f101112131415\
    161718191a1b1c1d1e1f061a0010000007182a0803091a6ab13b800a1a6b49d200";
/// `MANIFEST_WITH_END`, signed.
pub(crate) const SIGNED: &str = "\
    d2845839a301260378296170706c69636174696f6e2f766e642e636f756e7465727369676e2e6d616e6966657374\
    2b63626f7204482fc2558f359ae9eda05861ab0001016a746865726d6f737461740205036d746865726d6f737461\
    742d66770465312e342e30055820000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\
    061a0010000007182a0803091a6ab13b800a1a6b49d200584022bbc549bad710398fb17ac87198f3b3738524e69b\
    b8940e52d0cefd4e805fad03a87f48061550c4e033649820fc77f910679dd658664be1b25fc8d2ff136544";
/// A reply with keys that version 1 does not know.
pub(crate) const REPLY_LATER: &str = "a60001011a6ab13be402190e1009a161788201f62040656c61746572f5";
/// A check-in of a later version.
pub(crate) const CHECK_IN_VERSION_2: &str = "\
    a90002016a746865726d6f7374617402050365312e332e39045820ababababababababababababababababababab\
    ababababababababababababab051829060307010800";
