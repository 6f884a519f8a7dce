//! One update from end to end, with the operator busy meanwhile.

use serde_json::Value;

use crate::harness::{DEVICE, House, Tls, composed, image, over_each_tls};

over_each_tls! {
    a_device_is_updated_confirms_and_is_then_up_to_date,
    a_release_that_never_confirms_is_rolled_back_and_not_offered_again,
    tls_1_2_alone_is_enough,
    a_revoked_device_is_refused_from_its_next_request_on,
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event["event"].as_str().unwrap())
        .collect()
}

fn a_device_is_updated_confirms_and_is_then_up_to_date(tls: Tls) {
    let house = House::new();
    let _server = house.serve();
    house.enroll();
    let (old, new) = (image("1.0.0"), image("1.1.0"));
    let first = house.node("device", &old, &["--tls", tls.name()]);
    assert!(kinds(&first).contains(&"up-to-date"), "{first:?}");
    assert_eq!(house.device()["running"]["version"], "1.0.0");

    house.publish(&new, 1);
    let second = house.node("device", &old, &["--tls", tls.name()]);
    for kind in ["offered", "verified", "selected", "reset", "confirmed"] {
        assert!(kinds(&second).contains(&kind), "no {kind}: {second:?}");
    }
    let device = house.device();
    assert_eq!(device["running"]["version"], "1.1.0");
    assert_eq!(device["running"]["slot"], "ota_1");
    assert_eq!(device["running"]["pending_verify"], false);
    assert_eq!(
        house.offers(),
        [("1.1.0".to_owned(), "confirmed".to_owned())]
    );

    let third = house.node("device", &old, &["--tls", tls.name()]);
    assert!(!kinds(&third).contains(&"offered"), "{third:?}");
    // Two more updates, so that both slots have been written over.
    for (version, counter, slot) in [("1.2.0", 2, "ota_0"), ("1.3.0", 3, "ota_1")] {
        house.publish(&image(version), counter);
        house.node("device", &old, &["--tls", tls.name()]);
        assert_eq!(house.device()["running"]["version"], version);
        assert_eq!(house.device()["running"]["slot"], slot);
    }
}

fn a_release_that_never_confirms_is_rolled_back_and_not_offered_again(tls: Tls) {
    let house = House::new();
    let _server = house.serve();
    house.enroll();
    let old = image("1.0.0");
    house.publish(&composed("1.1.0", "esp32c3", true), 1);
    let events = house.node("device", &old, &["--tls", tls.name()]);
    assert!(kinds(&events).contains(&"rolled-back"), "{events:?}");
    assert_eq!(
        house.offers(),
        [("1.1.0".to_owned(), "rolled-back".to_owned())]
    );
    let again = house.node("device", &old, &["--tls", tls.name()]);
    assert!(!kinds(&again).contains(&"offered"), "{again:?}");
    // The next release is taken all the same.
    house.publish(&image("1.2.0"), 2);
    house.node("device", &old, &["--tls", tls.name()]);
    assert_eq!(house.device()["running"]["version"], "1.2.0");
}

fn tls_1_2_alone_is_enough(tls: Tls) {
    let house = House::new();
    let _server = house.serve();
    house.enroll();
    house.publish(&image("1.1.0"), 1);
    let events = house.node("device", &image("1.0.0"), &["--tls12", "--tls", tls.name()]);
    let connected = events
        .iter()
        .find(|event| event["event"] == "connected")
        .unwrap();
    assert_eq!(connected["tls"], "TLS 1.2");
    assert_eq!(house.device()["running"]["version"], "1.1.0");
}

#[test]
fn images_of_every_chip_travel() {
    for chip in [
        "esp32", "esp32s2", "esp32s3", "esp32c6", "esp32h2", "esp32p4",
    ] {
        let house = House::new();
        let _server = house.serve();
        house.enroll();
        house.publish(&composed("2.0.0", chip, false), 1);
        house.node("device", &composed("1.0.0", chip, false), &[]);
        assert_eq!(house.device()["running"]["version"], "2.0.0", "{chip}");
    }
}

fn a_revoked_device_is_refused_from_its_next_request_on(tls: Tls) {
    let house = House::new();
    let _server = house.serve();
    house.enroll();
    let old = image("1.0.0");
    house.node("device", &old, &["--tls", tls.name()]);
    house.ok(&["device", "revoke", DEVICE, "--reason", "stolen"]);
    house.publish(&image("1.1.0"), 1);
    let events = house.node("device", &old, &["--tls", tls.name()]);
    assert!(!kinds(&events).contains(&"offered"), "{events:?}");
    let device = house.device();
    assert_eq!(device["state"], "revoked");
    assert_eq!(device["state_reason"], "stolen");
    assert!(device["certificates"][0]["revoked_at"].is_string());
    assert_eq!(device["running"]["version"], "1.0.0");
}
