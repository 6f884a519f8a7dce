//! The limits on lengths, on both sides, and what is refused for its form.

use countersign_protocol::manifest::{assemble, to_be_signed};
use countersign_protocol::*;

use crate::v1::*;
use crate::{Aws, hex};

#[test]
fn longest_messages_need_what_the_constants_say() {
    let name = "n".repeat(32);
    let check_in = CheckIn {
        product: &name,
        chip: u16::MAX,
        version: &name,
        image: Some(Digest([0; 32])),
        counter: u64::MAX,
        secure_version: u32::MAX,
        slot: u8::MAX,
        state: SlotState::PendingVerify,
        authors: Some(u32::MAX),
    };
    assert_eq!(encoded(|out| check_in.encode(out)).len(), MAX_CHECK_IN);

    let report = Report {
        offer: OfferId([0; 16]),
        outcome: Outcome::Failed,
        version: &name,
        reason: Some(Reason::NotConfirmed),
    };
    assert!(encoded(|out| report.encode(out)).len() <= MAX_REPORT);

    let url = "u".repeat(MAX_URL);
    let entry = [&[0x82, 0x48][..], &[7; 8], &[0x58, 0x40], &[7; 64]].concat();
    let others = [vec![0x87], entry.repeat(CoSignatures::MAX)].concat();
    assert_eq!(others.len(), CoSignatures::MAX_LEN);
    let reply = CheckInReply {
        time: UnixTime(u64::MAX),
        next_check_in_s: u32::MAX,
        offer: Some(Offer {
            id: OfferId([0; 16]),
            manifest: &[0; MAX_MANIFEST],
            url: &url,
            co_signatures: CoSignatures::parse(&others).unwrap(),
        }),
        authors: Some(&[0; SignedAuthorSet::MAX_LEN]),
    };
    assert_eq!(SignedAuthorSet::MAX_LEN, 1970, "as countersign.cddl says");
    let bytes = encoded(|out| reply.encode(out));
    assert_eq!(bytes.len(), MAX_REPLY);
    assert_eq!(CheckInReply::decode(&bytes), Ok(reply));
    for room in 0..bytes.len() {
        assert_eq!(
            reply.encode(&mut vec![0; room]).unwrap_err().kind,
            ErrorKind::NoRoom
        );
    }
}

#[test]
fn longest_manifest_fits_its_envelope() {
    let name = "n".repeat(32);
    let manifest = Manifest {
        product: &name,
        chip: u16::MAX,
        project: &name,
        version: &name,
        image: Digest([0xff; 32]),
        size: u32::MAX,
        counter: u64::MAX,
        secure_version: u32::MAX,
        created: UnixTime(u64::MAX),
        not_after: Some(UnixTime(u64::MAX)),
    };
    let payload = encoded(|out| manifest.encode(out));
    let signed = encoded(|out| assemble(AuthorId([0; 8]), &payload, &[0; 64], out));
    assert!(signed.len() <= MAX_MANIFEST, "{}", signed.len());
    assert_eq!(
        SignedManifest::parse(&signed).unwrap().unverified(),
        Ok(manifest)
    );
}

#[test]
fn lengths_are_refused_when_written_and_when_read() {
    let long = "v".repeat(33);
    let mut out = [0; 2048];
    for (product, version) in [
        ("", "1"),
        (long.as_str(), "1"),
        ("p", long.as_str()),
        ("p", ""),
    ] {
        let manifest = Manifest {
            product,
            version,
            ..the_manifest()
        };
        assert_eq!(
            manifest.encode(&mut out).unwrap_err().kind,
            ErrorKind::BadField
        );
    }
    // The product, at offset 3 with its length in the low bits of the head, made empty.
    let mut empty = hex(MANIFEST);
    empty.splice(4..15, [0x60]);
    assert_eq!(
        Manifest::decode(&empty),
        Err(Error {
            kind: ErrorKind::BadField,
            offset: 4
        })
    );
    let mut longer = hex(MANIFEST);
    longer.splice(4..15, [vec![0x78, 33], vec![b'p'; 33]].concat());
    assert_eq!(
        Manifest::decode(&longer),
        Err(Error {
            kind: ErrorKind::BadField,
            offset: 4
        })
    );
}

#[test]
fn reasons_stand_with_outcomes_that_have_one() {
    let mut out = [0; MAX_REPORT];
    let report = Report {
        offer: OfferId([0; 16]),
        outcome: Outcome::Confirmed,
        version: "1",
        reason: Some(Reason::Flash),
    };
    assert_eq!(
        report.encode(&mut out).unwrap_err().kind,
        ErrorKind::BadField
    );
    let mut bytes = hex(REPORT_REFUSED);
    bytes[22] = 1;
    let error = Report::decode(&bytes).unwrap_err();
    assert_eq!(
        error,
        Error {
            kind: ErrorKind::BadField,
            offset: 31
        }
    );
}

#[test]
fn a_reason_of_a_later_version_is_none() {
    let mut bytes = hex(REPORT_REFUSED);
    bytes.pop();
    bytes.extend([0x18, 0xfe]);
    let report = Report::decode(&bytes).unwrap();
    assert_eq!((report.outcome, report.reason), (Outcome::Refused, None));
    *bytes.last_mut().unwrap() = 0;
    assert_eq!(
        Report::decode(&bytes).unwrap_err().kind,
        ErrorKind::NotDeterministic
    );
}

#[test]
fn a_manifest_with_a_field_too_many_is_refused() {
    let mut bytes = hex(MANIFEST_WITH_END);
    bytes[0] += 1;
    let at = u32::try_from(bytes.len()).unwrap();
    bytes.extend([0x0b, 0x00]);
    assert_eq!(
        Manifest::decode(&bytes),
        Err(Error {
            kind: ErrorKind::UnknownField,
            offset: at
        })
    );
}

#[test]
fn missing_fields_are_refused_at_their_map() {
    assert_eq!(
        CheckInReply::decode(&[0xa2, 0x00, 0x01, 0x01, 0x05]),
        Err(Error {
            kind: ErrorKind::MissingField,
            offset: 0
        })
    );
    assert_eq!(
        CheckInReply::decode(&[0xa4, 0x00, 0x01, 0x01, 0x05, 0x02, 0x05, 0x03, 0xa0]),
        Err(Error {
            kind: ErrorKind::MissingField,
            offset: 8
        })
    );
    for version_less in [&[0xa0][..], &[0xa1, 0x01, 0x05]] {
        assert_eq!(
            CheckInReply::decode(version_less).unwrap_err().kind,
            ErrorKind::MissingField
        );
    }
}

#[test]
fn envelopes_of_another_form_are_refused() {
    let good = hex(SIGNED);
    let refused = |bytes: &[u8]| SignedManifest::parse(bytes).unwrap_err();
    let not_sign1 = |offset| Error {
        kind: ErrorKind::NotSign1,
        offset,
    };
    assert_eq!(refused(&good[1..]), not_sign1(0), "no tag");
    let header = good
        .windows(2)
        .position(|pair| pair == [0x01, 0x26])
        .unwrap();
    let mut other = good.clone();
    other[header + 1] = 0x27;
    assert_eq!(refused(&other), not_sign1(2), "EdDSA");
    let mut other = good.clone();
    let unprotected = 2 + 2 + 57;
    other.splice(unprotected..=unprotected, [0xa1, 0x05, 0x00]);
    assert_eq!(refused(&other), not_sign1(61), "something unprotected");
    let mut other = good.clone();
    other.push(0);
    assert_eq!(refused(&other).kind, ErrorKind::Surplus);
    other.resize(MAX_MANIFEST + 1, 0);
    assert_eq!(
        refused(&other),
        Error {
            kind: ErrorKind::BadField,
            offset: 512
        }
    );
}

#[test]
fn what_an_author_signed_must_be_a_manifest() {
    struct Anything;
    impl Es256Verifier for Anything {
        fn es256_verify(&self, _: &[u8], _: &[u8], _: &[u8; 64]) -> bool {
            true
        }
    }
    let id = AuthorId([7; 8]);
    let known = [Author {
        id,
        public_key: &[],
    }];
    let bytes = encoded(|out| assemble(id, b"no manifest", &[0; 64], out));
    let signed = SignedManifest::parse(&bytes).unwrap();
    assert_eq!(
        signed.verify(&known, &Anything),
        Err(Reason::MalformedManifest)
    );
    assert_eq!(signed.verify(&[], &Anything), Err(Reason::UnknownAuthor));
    assert_eq!(signed.verify(&known, &Aws), Err(Reason::BadSignature));
    assert!(encoded(|out| to_be_signed(id, b"no manifest", out)).len() < bytes.len());
}
