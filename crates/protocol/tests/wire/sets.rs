//! Author sets, and manifests of several authors, in message version 1: frozen as the literals of `v1` are.

use countersign_protocol::authors::{
    SetSignature, assemble_set, point_of, set_to_be_signed, spki_of,
};
use countersign_protocol::*;

use crate::v1::*;
use crate::{Aws, hex, sha256};

#[test]
fn check_in_of_a_set() {
    let value = CheckIn {
        product: "thermostat",
        chip: 5,
        version: "1.3.9",
        image: Some(Digest([0xab; 32])),
        counter: 41,
        secure_version: 3,
        slot: 1,
        state: SlotState::Confirmed,
        authors: Some(1),
    };
    let bytes = hex(CHECK_IN_OF_SET_1);
    assert_eq!(CheckIn::decode(&bytes), Ok(value));
    assert_eq!(encoded(|out| value.encode(out)), bytes);
}

#[test]
fn reply_of_several_authors() {
    let (signed, successor, others) = (hex(SIGNED), hex(SIGNED_SUCCESSOR), hex(CO_SIGNATURES));
    let plain = CheckInReply {
        time: UnixTime(1_790_000_100),
        next_check_in_s: 3600,
        offer: None,
        authors: Some(&successor),
    };
    let offering = CheckInReply {
        offer: Some(Offer {
            id: OfferId(core::array::from_fn(|index| u8::try_from(index).unwrap())),
            manifest: &signed,
            url: "https://ota.example.com/i/abc?s=1",
            co_signatures: CoSignatures::parse(&others).unwrap(),
        }),
        authors: None,
        ..plain
    };
    for (value, text) in [
        (plain, REPLY_WITH_SUCCESSOR),
        (offering, REPLY_WITH_CO_SIGNATURES),
    ] {
        let bytes = hex(text);
        assert_eq!(CheckInReply::decode(&bytes), Ok(value));
        assert_eq!(encoded(|out| value.encode(out)), bytes);
    }
}

#[test]
fn reasons_of_sets() {
    for (reason, text) in [
        (Reason::TooFewAuthors, REPORT_TOO_FEW_AUTHORS),
        (Reason::AuthorsEnded, REPORT_AUTHORS_ENDED),
    ] {
        let bytes = hex(text);
        let report = Report::decode(&bytes).unwrap();
        assert_eq!(report.reason, Some(reason));
        assert_eq!(encoded(|out| report.encode(out)), bytes);
    }
}

#[test]
fn author_set() {
    let spkis = [SPKI, SECOND_SPKI, THIRD_SPKI].map(hex);
    let points = [0, 1, 2].map(|n| *point_of(&spkis[n]).unwrap());
    assert_eq!([0, 1, 2].map(|n| spki_of(&points[n]).to_vec()), spkis);
    let first = AuthorSet {
        product: "thermostat",
        sequence: 1,
        threshold: 2,
        keys: AuthorKeys::new(&points).unwrap(),
        created: UnixTime(1_790_000_000),
        not_after: None,
    };
    let second = AuthorSet {
        sequence: 2,
        threshold: 1,
        keys: AuthorKeys::new(&points[1..2]).unwrap(),
        created: UnixTime(1_791_000_000),
        not_after: Some(UnixTime(1_900_000_000)),
        ..first
    };
    for (value, text) in [(first, AUTHOR_SET), (second, SUCCESSOR)] {
        let bytes = hex(text);
        assert_eq!(AuthorSet::decode(&bytes), Ok(value));
        assert_eq!(encoded(|out| value.encode(out)), bytes);
    }
}

#[test]
fn signed_author_set_and_its_successor() {
    let (first, second) = (hex(SIGNED_AUTHOR_SET), hex(SIGNED_SUCCESSOR));
    let signed = SignedAuthorSet::parse(&first).unwrap();
    assert_eq!(signed.payload(), hex(AUTHOR_SET));
    let set = signed.complete(sha256, &Aws).unwrap();
    let known = Authors::of(set.set(), sha256);

    let successor = SignedAuthorSet::parse(&second).unwrap();
    let followed = successor
        .follow(&known, "thermostat", sha256, &Aws)
        .unwrap();
    assert_eq!(followed.set().sequence, 2);
    assert_eq!(followed.payload(), hex(SUCCESSOR));

    let signatures: Vec<_> = successor
        .signatures()
        .map(|(author, signature)| SetSignature {
            author,
            signature: *signature,
        })
        .collect();
    assert_eq!(
        encoded(|out| assemble_set(&hex(SUCCESSOR), &signatures, out)),
        second
    );
    let message = encoded(|out| set_to_be_signed(signatures[0].author, &hex(SUCCESSOR), out));
    assert!(Aws.es256_verify(&hex(SECOND_SPKI), &message, &signatures[0].signature));
}

#[test]
fn release_file_of_several_authors() {
    let file = [hex(SIGNED), hex(CO_SIGNATURES)].concat();
    let release = SignedRelease::parse(&file).unwrap();
    assert_eq!(release.manifest_bytes(), hex(SIGNED));
    assert_eq!(release.others().as_bytes(), hex(CO_SIGNATURES));
    assert_eq!(release.signatures().count(), 3);
    let alone = hex(SIGNED);
    assert_eq!(
        SignedRelease::parse(&alone).unwrap().others(),
        CoSignatures::NONE
    );

    let first = hex(AUTHOR_SET);
    let known = Authors::of(&AuthorSet::decode(&first).unwrap(), sha256);
    let verified = release.verify(&known, UnixTime(0), &Aws).unwrap();
    assert_eq!(verified.manifest(), &the_manifest());
}

/// The second author's key.
pub(crate) const SECOND_SPKI: &str = "\
    3059301306072a8648ce3d020106082a8648ce3d03010703420004ae79abcac4e6f8324b2d5dc287cb0134120c51\
    6c2e282b60ab9e9bc9f9f0b500b5146c2eaf7e49dbe6d7094a11c08f7a75e361e266ec151905f6c3322341ddef";
/// The third author's key.
pub(crate) const THIRD_SPKI: &str = "\
    3059301306072a8648ce3d020106082a8648ce3d03010703420004272b64d4c27eb76e1331f6c2c50d670db32fb3\
    d187f27a24806217cc8263ee6343eb2d5ea25f8e5241bb6e453d412d617b0766f6fead75540b65d1d39b7535b6";
/// `CHECK_IN` of a device that goes by an author set.
pub(crate) const CHECK_IN_OF_SET_1: &str = "\
    aa0001016a746865726d6f7374617402050365312e332e39045820ababababababababababababababababababab\
    ababababababababababababab0518290603070108000901";
/// A reply with the next author set.
pub(crate) const REPLY_WITH_SUCCESSOR: &str = "\
    a40001011a6ab13be402190e100459013dd86284582ca10378286170706c69636174696f6e2f766e642e636f756e\
    7465727369676e2e617574686f72732b63626f72a05864a70001016a746865726d6f737461740202030104815841\
    04ae79abcac4e6f8324b2d5dc287cb0134120c516c2e282b60ab9e9bc9f9f0b500b5146c2eaf7e49dbe6d7094a11\
    c08f7a75e361e266ec151905f6c3322341ddef051a6ac07dc0061a713fb30082834da201260448d61b28bd4e62f7\
    01a05840aebb63da191242731e653b37968cee9d5f249a0a3e88adce7f2fc2999cc1bfdb1e44f72422d738b872a0\
    ab4a04b7a2050d01be7b4b4d3c8eadc68ce6f33a1519834da201260448978ae16c932d091ba058406f676c7b4529\
    4378ecb40feb383c75b581ac055aeecf1d0e474c7b83796c84e1e2558a48ba971f5331c4182f533f74fde4a22f20\
    9e4f12008bc0cb8b7fb68e19";
/// A reply with an offer that three authors have signed.
pub(crate) const REPLY_WITH_CO_SIGNATURES: &str = "\
    a40001011a6ab13be402190e1003a40050000102030405060708090a0b0c0d0e0f0158e3d2845839a30126037829\
    6170706c69636174696f6e2f766e642e636f756e7465727369676e2e6d616e69666573742b63626f7204482fc255\
    8f359ae9eda05861ab0001016a746865726d6f737461740205036d746865726d6f737461742d66770465312e342e\
    30055820000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f061a0010000007182a08\
    03091a6ab13b800a1a6b49d200584022bbc549bad710398fb17ac87198f3b3738524e69bb8940e52d0cefd4e805f\
    ad03a87f48061550c4e033649820fc77f910679dd658664be1b25fc8d2ff13654402782168747470733a2f2f6f74\
    612e6578616d706c652e636f6d2f692f6162633f733d3103828248d61b28bd4e62f7015840f72122b7337c01303c\
    1ce98554b3997a88bb54a8aa33063caecc11f648efbafa9eab641c5fa2021e733bd9f381136e5c90b86df7a05943\
    c710285c33881b99218248978ae16c932d091b5840391eacd231a2716e7501e5089ec07985cd4aa9494128a0e2d7\
    ffc89e0bd5837a1fe4a99cb1febc01b74068066d4b4022418cc3a433e6fa5796f96bdab06a0ea9";
/// What the second and the third author have signed of `MANIFEST_WITH_END`.
pub(crate) const CO_SIGNATURES: &str = "\
    828248d61b28bd4e62f7015840f72122b7337c01303c1ce98554b3997a88bb54a8aa33063caecc11f648efbafa9e\
    ab641c5fa2021e733bd9f381136e5c90b86df7a05943c710285c33881b99218248978ae16c932d091b5840391eac\
    d231a2716e7501e5089ec07985cd4aa9494128a0e2d7ffc89e0bd5837a1fe4a99cb1febc01b74068066d4b402241\
    8cc3a433e6fa5796f96bdab06a0ea9";
/// A report with the reason that too few have signed.
pub(crate) const REPORT_TOO_FEW_AUTHORS: &str = "\
    a500010150000102030405060708090a0b0c0d0e0f02030365312e332e390414";
/// A report with the newest of the reasons.
pub(crate) const REPORT_AUTHORS_ENDED: &str = "\
    a500010150000102030405060708090a0b0c0d0e0f02030365312e332e390415";
/// A set of three keys and threshold two, without an end.
pub(crate) const AUTHOR_SET: &str = "\
    a60001016a746865726d6f737461740201030204835841044b7342e418e6096894ad14c31f3d3b097e040280f28a\
    a38067e368cad58d625890491502d9c64f46f9af36900151ad9b0dace24185d45033f0142f8c1d899ecd584104ae\
    79abcac4e6f8324b2d5dc287cb0134120c516c2e282b60ab9e9bc9f9f0b500b5146c2eaf7e49dbe6d7094a11c08f\
    7a75e361e266ec151905f6c3322341ddef584104272b64d4c27eb76e1331f6c2c50d670db32fb3d187f27a248062\
    17cc8263ee6343eb2d5ea25f8e5241bb6e453d412d617b0766f6fead75540b65d1d39b7535b6051a6ab13b80";
/// Its successor, with every field.
pub(crate) const SUCCESSOR: &str = "\
    a70001016a746865726d6f73746174020203010481584104ae79abcac4e6f8324b2d5dc287cb0134120c516c2e28\
    2b60ab9e9bc9f9f0b500b5146c2eaf7e49dbe6d7094a11c08f7a75e361e266ec151905f6c3322341ddef051a6ac0\
    7dc0061a713fb300";
/// `AUTHOR_SET`, signed by the first and the second author.
pub(crate) const SIGNED_AUTHOR_SET: &str = "\
    d86284582ca10378286170706c69636174696f6e2f766e642e636f756e7465727369676e2e617574686f72732b63\
    626f72a058e4a60001016a746865726d6f737461740201030204835841044b7342e418e6096894ad14c31f3d3b09\
    7e040280f28aa38067e368cad58d625890491502d9c64f46f9af36900151ad9b0dace24185d45033f0142f8c1d89\
    9ecd584104ae79abcac4e6f8324b2d5dc287cb0134120c516c2e282b60ab9e9bc9f9f0b500b5146c2eaf7e49dbe6\
    d7094a11c08f7a75e361e266ec151905f6c3322341ddef584104272b64d4c27eb76e1331f6c2c50d670db32fb3d1\
    87f27a24806217cc8263ee6343eb2d5ea25f8e5241bb6e453d412d617b0766f6fead75540b65d1d39b7535b6051a\
    6ab13b8082834da2012604482fc2558f359ae9eda0584000c90a7638c03647c621346b2bff9c0eef7061b0e98458\
    c90b4b85cc7ae12e58a952d89b09a66a0b914638d3b5bbc1f34cba7e09aced47ce0521d9a088783586834da20126\
    0448d61b28bd4e62f701a058403a7a1e14ae1a9f94407fd2950690e829fab6ded1e2bbcadb435d0607dcf4f7af0e\
    01f31f20ea7d1b46247aafaeaa103a1241be7f16af19c98ef0e7c5b895c5bc";
/// `SUCCESSOR`, signed by the second and the third author.
pub(crate) const SIGNED_SUCCESSOR: &str = "\
    d86284582ca10378286170706c69636174696f6e2f766e642e636f756e7465727369676e2e617574686f72732b63\
    626f72a05864a70001016a746865726d6f73746174020203010481584104ae79abcac4e6f8324b2d5dc287cb0134\
    120c516c2e282b60ab9e9bc9f9f0b500b5146c2eaf7e49dbe6d7094a11c08f7a75e361e266ec151905f6c3322341\
    ddef051a6ac07dc0061a713fb30082834da201260448d61b28bd4e62f701a05840aebb63da191242731e653b3796\
    8cee9d5f249a0a3e88adce7f2fc2999cc1bfdb1e44f72422d738b872a0ab4a04b7a2050d01be7b4b4d3c8eadc68c\
    e6f33a1519834da201260448978ae16c932d091ba058406f676c7b45294378ecb40feb383c75b581ac055aeecf1d\
    0e474c7b83796c84e1e2558a48ba971f5331c4182f533f74fde4a22f209e4f12008bc0cb8b7fb68e19";
