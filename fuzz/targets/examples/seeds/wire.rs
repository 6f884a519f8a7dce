//! What is said on the wire.

use countersign_protocol::{
    CheckIn, CheckInReply, CoSignatures, Digest, Error, MAX_REPLY, Manifest, Offer, OfferId,
    Outcome, Reason, Report, SlotState, UnixTime,
};

use crate::Seeds;

/// Every message with all it can say, and with as little.
pub(crate) fn seeds() -> Seeds {
    let check_in = CheckIn {
        product: "thermostat",
        chip: 5,
        version: "1.3.9",
        image: Some(Digest([0xAB; 32])),
        counter: 41,
        secure_version: 3,
        slot: 1,
        state: SlotState::Confirmed,
        authors: None,
    };
    let first = CheckIn {
        version: "",
        image: None,
        state: SlotState::PendingVerify,
        ..check_in
    };
    let reply = CheckInReply {
        time: UnixTime(1_790_000_100),
        next_check_in_s: 3600,
        offer: None,
        authors: None,
    };
    let id = OfferId([7; 16]);
    let offering = CheckInReply {
        offer: Some(Offer {
            id,
            manifest: SIGNED,
            url: "https://ota.example/d/x?e=1&k=k1&s=y",
            co_signatures: CoSignatures::NONE,
        }),
        ..reply
    };
    let confirmed = Report {
        offer: id,
        outcome: Outcome::Confirmed,
        version: "1.4.0",
        reason: None,
    };
    let refused = Report {
        outcome: Outcome::Refused,
        reason: Some(Reason::WrongDigest),
        ..confirmed
    };
    let endless = Manifest {
        product: "thermostat",
        chip: 5,
        project: "firmware",
        version: "1.4.0",
        image: Digest([0xCD; 32]),
        size: 1 << 20,
        counter: 42,
        secure_version: 3,
        created: UnixTime(1_790_000_000),
        not_after: None,
    };
    let ending = Manifest {
        not_after: Some(UnixTime(1_900_000_000)),
        ..endless
    };
    vec![
        ("check_in", "full", encoded(|out| check_in.encode(out))),
        ("check_in", "first", encoded(|out| first.encode(out))),
        ("check_in_reply", "plain", encoded(|out| reply.encode(out))),
        (
            "check_in_reply",
            "offer",
            encoded(|out| offering.encode(out)),
        ),
        ("report", "confirmed", encoded(|out| confirmed.encode(out))),
        ("report", "refused", encoded(|out| refused.encode(out))),
        ("manifest", "endless", encoded(|out| endless.encode(out))),
        ("manifest", "ending", encoded(|out| ending.encode(out))),
        ("signed_manifest", "vector", SIGNED.to_vec()),
    ]
}

fn encoded(encode: impl FnOnce(&mut [u8]) -> Result<usize, Error>) -> Vec<u8> {
    let mut out = vec![0; MAX_REPLY];
    let len = encode(&mut out).unwrap();
    out.truncate(len);
    out
}

const SIGNED: &[u8] = include_bytes!("../../../../crates/images/tests/data/ok_manifest.cose");
