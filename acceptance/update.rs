//! One update from end to end, with the operator busy meanwhile.

use serde_json::Value;

use crate::harness::{DEVICE, House, Link, composed, over_each_link};

over_each_link! {
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

fn a_device_is_updated_confirms_and_is_then_up_to_date(link: Link) {
    let house = House::new();
    let _server = house.serve();
    house.enroll();
    let (old, new) = (link.image("1.0.0"), link.image("2.0.0"));
    let first = link.node(&house, &old, false);
    assert!(kinds(&first).contains(&"up-to-date"), "{first:?}");
    assert_eq!(house.device()["running"]["version"], "1.0.0");

    house.publish(&new, 1);
    let second = link.node(&house, &old, false);
    for kind in ["offered", "verified", "selected", "reset", "confirmed"] {
        assert!(kinds(&second).contains(&kind), "no {kind}: {second:?}");
    }
    let device = house.device();
    assert_eq!(device["running"]["version"], "2.0.0");
    assert_eq!(device["running"]["slot"], "ota_1");
    assert_eq!(device["running"]["pending_verify"], false);
    assert_eq!(
        house.offers(),
        [("2.0.0".to_owned(), "confirmed".to_owned())]
    );

    let third = link.node(&house, &old, false);
    assert!(!kinds(&third).contains(&"offered"), "{third:?}");
    // Two more updates, so that both slots have been written over.
    for (version, counter, slot) in [("2.1.0", 2, "ota_0"), ("2.2.0", 3, "ota_1")] {
        house.publish(&link.image(version), counter);
        link.node(&house, &old, false);
        assert_eq!(house.device()["running"]["version"], version);
        assert_eq!(house.device()["running"]["slot"], slot);
    }
}

fn a_release_that_never_confirms_is_rolled_back_and_not_offered_again(link: Link) {
    let house = House::new();
    let _server = house.serve();
    house.enroll();
    let old = link.image("1.0.0");
    house.publish(&link.hanging("2.0.1"), 1);
    let events = link.node(&house, &old, false);
    assert!(kinds(&events).contains(&"rolled-back"), "{events:?}");
    assert_eq!(
        house.offers(),
        [("2.0.1".to_owned(), "rolled-back".to_owned())]
    );
    let again = link.node(&house, &old, false);
    assert!(!kinds(&again).contains(&"offered"), "{again:?}");
    // The next release is taken all the same.
    house.publish(&link.image("2.1.0"), 2);
    link.node(&house, &old, false);
    assert_eq!(house.device()["running"]["version"], "2.1.0");
}

fn tls_1_2_alone_is_enough(link: Link) {
    let house = House::new();
    let _server = house.serve();
    house.enroll();
    house.publish(&link.image("2.0.0"), 1);
    let events = link.node(&house, &link.image("1.0.0"), true);
    let connected = events
        .iter()
        .find(|event| event["event"] == "connected")
        .unwrap();
    assert_eq!(connected["tls"], "TLS 1.2");
    assert_eq!(house.device()["running"]["version"], "2.0.0");
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

fn a_revoked_device_is_refused_from_its_next_request_on(link: Link) {
    let house = House::new();
    let _server = house.serve();
    house.enroll();
    let old = link.image("1.0.0");
    link.node(&house, &old, false);
    house.ok(&["device", "revoke", DEVICE, "--reason", "stolen"]);
    house.publish(&link.image("2.0.0"), 1);
    let events = link.node(&house, &old, false);
    assert!(!kinds(&events).contains(&"offered"), "{events:?}");
    let device = house.device();
    assert_eq!(device["state"], "revoked");
    assert_eq!(device["state_reason"], "stolen");
    assert!(device["certificates"][0]["revoked_at"].is_string());
    assert_eq!(device["running"]["version"], "1.0.0");
}
