//! The way back, signed before it is needed: the former image under a counter above that of the release that follows it.

use std::fs;

use crate::harness::{House, Image, ask, image, secured};

/// A release of an image, in a file of its own, signed and not published.
fn signed(house: &House, image: &Image, counter: u64, name: &str) -> [String; 2] {
    let (path, out) = (
        house.text(&format!("{name}.bin")),
        house.text(&format!("{name}.cose")),
    );
    fs::write(&path, &image.bytes).unwrap();
    let (key, counter) = (house.text("author.key"), counter.to_string());
    let terms = ["release", "sign", "--product", "demo", "--key", &key];
    house.ok(&[&terms[..], &["--counter", &counter, "--out", &out, &path]].concat());
    [path, out]
}

fn publish([path, manifest]: &[String; 2]) -> [&str; 5] {
    ["release", "publish", path, "--manifest", manifest]
}

fn stock(house: &House, device_url: &str, version: &str) -> u16 {
    let url = format!("{device_url}/ota?v={version}");
    ask(&house.path("stock"), &[&url]).unwrap().status
}

#[test]
fn devices_go_back_by_a_fallback_that_was_signed_beside_the_release() {
    let house = House::new();
    let server = house.serve();
    house.enroll();
    house.enroll_as("7cdfa1000002", "stock");
    let (born, old, new) = (image("0.9.0"), image("1.0.0"), image("2.0.0"));
    let first = signed(&house, &old, 1, "first");
    // At one sitting; then the author's key goes back into its drawer.
    let second = signed(&house, &new, 2, "second");
    let fallback = signed(&house, &old, 3, "fallback");
    fs::remove_file(house.path("author.key")).unwrap();

    for (release, runs) in [(&first, "1.0.0"), (&second, "2.0.0")] {
        house.ok(&publish(release));
        house.node("device", &born, &[]);
        assert_eq!(house.device()["running"]["version"], runs);
    }
    assert_eq!(stock(&house, &server.device_url, "1.0.0"), 302);
    assert_eq!(stock(&house, &server.device_url, "2.0.0"), 304);

    // In need.
    house.ok(&publish(&fallback));
    let events = house.node("device", &born, &[]);
    assert!(
        events.iter().any(|event| event["event"] == "confirmed"),
        "{events:?}"
    );
    assert_eq!(house.device()["running"]["version"], "1.0.0");
    assert_eq!(house.device()["running"]["slot"], "ota_1");
    // A client that says its version alone goes back as well, and stays.
    assert_eq!(stock(&house, &server.device_url, "2.0.0"), 302);
    assert_eq!(stock(&house, &server.device_url, "1.0.0"), 304);
    let states = house.offers().into_iter().map(|(version, _)| version);
    assert_eq!(states.collect::<Vec<_>>(), ["1.0.0", "2.0.0", "1.0.0"]);
    let shown = house.json(&["release", "show", "1.0.0"]);
    assert_eq!((&shown["id"], &shown["counter"]), (&3.into(), &3.into()));
    assert_eq!(house.json(&["release", "show", "1"])["counter"], 1);
    assert!(house.fails(&publish(&fallback)).contains("not above 3"));
    let again = house.node("device", &born, &[]);
    assert!(
        !again.iter().any(|event| event["event"] == "offered"),
        "{again:?}"
    );
}

#[test]
fn a_fallback_is_of_use_until_the_next_release_and_no_other_image_has_its_version() {
    let house = House::new();
    let (old, new) = (secured("1.0.0", 0), secured("2.0.0", 0));
    house.publish(&old, 1);
    let fallback = signed(&house, &old, 3, "fallback");
    house.publish(&new, 2);
    let another = Image {
        version: "1.0.0".to_owned(),
        bytes: secured("1.0.0", 1).bytes,
    };
    let another = signed(&house, &another, 4, "another");
    let said = house.fails(&publish(&another));
    assert!(
        said.contains("already has a release with version 1.0.0, of another image"),
        "{said}"
    );
    // Another release came between: the way back from that one is another.
    house.publish(&secured("2.0.1", 0), 5);
    let said = house.fails(&publish(&fallback));
    assert!(said.contains("counter 3 is not above 5"), "{said}");
    // Whoever ran it would refuse what has a lower secure version, whatever its counter.
    house.publish(&secured("2.0.2", 1), 6);
    let late = signed(&house, &old, 7, "late");
    let said = house.fails(&publish(&late));
    assert!(
        said.contains("the image's secure version is 0, below the 1 of `demo` 2.0.2"),
        "{said}"
    );
}
