//! Devices that proved themselves, and say what is not so: our messages, sent by curl.

use std::fs;

use countersign_protocol::{
    CheckIn, CheckInReply, MAX_CHECK_IN, MAX_REPORT, MEDIA_TYPE, OfferId, Outcome, Reason, Report,
    SlotState,
};

use super::refusals;
use crate::harness::{Answer, DEVICE, House, Server, ask, image, need};

const NEIGHBOUR: &str = "7cdfa1000002";

/// A house with two devices, and a release for both.
fn two() -> (House, Server) {
    let house = House::new();
    let server = house.serve();
    house.enroll();
    house.enroll_as(NEIGHBOUR, "second");
    house.publish(&image("1.1.0"), 1);
    (house, server)
}

/// Sends a message as the device of a folder.
fn post(house: &House, server: &Server, folder: &str, path: &str, body: &[u8]) -> Answer {
    let file = house.text("body.cbor");
    fs::write(&file, body).unwrap();
    let data = format!("@{file}");
    let kind = format!("Content-Type: {MEDIA_TYPE}");
    let url = format!("{}{path}", server.device_url);
    let args = ["-H", &kind, "--data-binary", &data, &url];
    ask(&house.path(folder), &args).unwrap()
}

fn check_in(product: &str, version: &str) -> Vec<u8> {
    let said = CheckIn {
        product,
        chip: 5,
        version,
        image: None,
        counter: 0,
        secure_version: 0,
        slot: 0,
        state: SlotState::Confirmed,
        authors: None,
    };
    let mut body = vec![0; MAX_CHECK_IN];
    let length = said.encode(&mut body).unwrap();
    body.truncate(length);
    body
}

fn report(offer: OfferId, outcome: Outcome, version: &str, reason: Option<Reason>) -> Vec<u8> {
    let said = Report {
        offer,
        outcome,
        version,
        reason,
    };
    let mut body = vec![0; MAX_REPORT];
    let length = said.encode(&mut body).unwrap();
    body.truncate(length);
    body
}

/// The offer that a device is given.
fn offered(house: &House, server: &Server, folder: &str) -> OfferId {
    let answer = post(
        house,
        server,
        folder,
        "/v1/checkin",
        &check_in("demo", "1.0.0"),
    );
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some(MEDIA_TYPE));
    let reply = CheckInReply::decode(&answer.body).unwrap();
    reply.offer.unwrap().id
}

fn refused(answer: &Answer) -> (u16, String) {
    (answer.status, answer.code())
}

#[test]
fn a_check_in_for_another_product_is_refused() {
    if !need("refusals_product", "curl", "apt-get install curl") {
        return;
    }
    let (house, server) = two();
    let answer = post(
        &house,
        &server,
        "device",
        "/v1/checkin",
        &check_in("lamp", "1.0.0"),
    );
    assert_eq!(refused(&answer), (403, "wrong-product".to_owned()));
    let told = ["device", DEVICE, "wrong-product"].map(str::to_owned);
    assert_eq!(refusals(&house), [told.into()]);
    assert!(house.offers().is_empty());
}

#[test]
fn a_report_on_another_device_s_offer_is_refused_and_changes_nothing() {
    if !need("refusals_report", "curl", "apt-get install curl") {
        return;
    }
    let (house, server) = two();
    let (mine, other) = (
        offered(&house, &server, "device"),
        offered(&house, &server, "second"),
    );
    assert_ne!(mine, other);
    for outcome in [
        Outcome::Confirmed,
        Outcome::RolledBack,
        Outcome::Refused,
        Outcome::Failed,
    ] {
        for offer in [mine, OfferId([7; 16])] {
            let body = report(offer, outcome, "1.1.0", None);
            let answer = post(&house, &server, "second", "/v1/report", &body);
            assert_eq!(
                refused(&answer),
                (404, "unknown-offer".to_owned()),
                "{outcome:?}"
            );
        }
    }
    let offers = &house.device()["offers"];
    assert_eq!(offers.as_array().unwrap().len(), 1);
    assert_eq!(offers[0]["state"], "open");
    assert_eq!(offers[0]["failures"], 0);
}

#[test]
fn replayed_reports_change_nothing() {
    if !need("refusals_replay", "curl", "apt-get install curl") {
        return;
    }
    let (house, server) = two();
    let offer = offered(&house, &server, "device");
    let send = |outcome, version, reason| {
        let body = report(offer, outcome, version, reason);
        let answer = post(&house, &server, "device", "/v1/report", &body);
        assert_eq!(answer.status, 204, "{outcome:?}");
        assert_eq!(answer.body, b"");
    };
    send(Outcome::Refused, "1.0.0", Some(Reason::BadSignature));
    let first = house.device()["offers"].clone();
    assert_eq!(first[0]["state"], "refused");
    assert_eq!(first[0]["reason"], "bad-signature");
    let audit = house.operator("/v1/audit");
    // The same again, and others on what has ended.
    send(Outcome::Refused, "1.0.0", Some(Reason::BadSignature));
    send(Outcome::Confirmed, "1.1.0", None);
    send(Outcome::RolledBack, "1.0.0", None);
    send(Outcome::Refused, "1.0.0", Some(Reason::Flash));
    assert_eq!(house.device()["offers"], first);
    assert_eq!(house.operator("/v1/audit"), audit);
    // And it is not offered again.
    let body = check_in("demo", "1.0.0");
    let answer = post(&house, &server, "device", "/v1/checkin", &body);
    assert!(CheckInReply::decode(&answer.body).unwrap().offer.is_none());
}

#[test]
fn what_is_no_message_is_refused() {
    if !need("refusals_messages", "curl", "apt-get install curl") {
        return;
    }
    let (house, server) = two();
    let good = check_in("demo", "1.0.0");
    // A map of indefinite length, a version to come, something behind the message, a part of it, nothing.
    let indefinite = [&[0xBF], &good[1..], &[0xFF]].concat();
    let mut later = good.clone();
    later[2] = 2;
    let behind = [&good[..], &[0]].concat();
    let part = good[..good.len() - 1].to_vec();
    for body in [indefinite, later, behind, part, Vec::new(), b"{}".to_vec()] {
        for path in ["/v1/checkin", "/v1/report"] {
            let answer = post(&house, &server, "device", path, &body);
            assert_eq!(
                refused(&answer),
                (400, "bad-message".to_owned()),
                "{path} {body:x?}"
            );
        }
    }
    let large = post(&house, &server, "device", "/v1/checkin", &[0; 1025]);
    assert_eq!(large.status, 413);
    assert!(house.offers().is_empty());
    assert_eq!(house.json(&["device", "show", DEVICE])["state"], "active");
}
