//! Servers that are not ours, seen by the virtual ESP32.

use serde_json::Value;

use crate::harness::{Authority, House, OpenSsl, Server, image, need};

/// openssl at an address that was ours, with `NAME.pem` and `NAME.key` of the house's folder.
fn stranger(house: &House, address: &str, name: &str) -> OpenSsl {
    let port = address.rsplit_once(':').unwrap().1.parse().unwrap();
    let (chain, key) = (
        house.text(&format!("{name}.pem")),
        house.text(&format!("{name}.key")),
    );
    OpenSsl::listen(
        port,
        &["-cert", &chain, "-cert_chain", &chain, "-key", &key],
    )
}

/// Demands that the device finds that its server is not there, for lack of proof, and says nothing to who is.
fn refuses(house: &House, more: &[&str]) {
    let events = house.node("device", &image("1.0.0"), more);
    let of = |kind: &str| -> Vec<&Value> {
        let found = events.iter().filter(|event| event["event"] == kind);
        found.collect()
    };
    let failed = of("connect-failed");
    assert!(!failed.is_empty(), "{events:?}");
    for event in failed {
        assert_eq!(
            event["reason"], "the peer could not prove itself",
            "{event}"
        );
    }
    let reasons: Vec<_> = of("check-in-failed")
        .iter()
        .map(|event| event["reason"].as_str().unwrap())
        .collect();
    assert!(
        reasons.iter().all(|reason| *reason == "untrusted-server"),
        "{reasons:?}"
    );
    assert!(of("connected").is_empty(), "{events:?}");
    assert!(of("checked-in").is_empty(), "{events:?}");
}

/// A house with a device whose server is gone: at its address somebody else may listen.
fn left() -> (House, String) {
    let house = House::new();
    let server = house.serve();
    house.enroll();
    let address = server.device_address().to_owned();
    server.stop();
    (house, address)
}

#[test]
fn the_server_of_another_installation_is_refused() {
    let (house, address) = left();
    let other = House::new();
    let port = address.rsplit_once(':').unwrap().1;
    let listen = format!("127.0.0.1:{port}");
    let server = Server::start(&other, &["--device-listen", &listen]);
    assert_eq!(server.device_address(), address);
    refuses(&house, &[]);
    refuses(&house, &["--tls12"]);
    // At home again, all is well.
    drop(server);
    let _server = Server::start(&house, &["--device-listen", &listen]);
    house.node("device", &image("1.0.0"), &[]);
    assert_eq!(house.device()["running"]["version"], "1.0.0");
}

#[test]
fn a_device_is_no_server() {
    if !need(
        "refusals_device_as_server",
        "openssl",
        "apt-get install openssl",
    ) {
        return;
    }
    let (house, address) = left();
    // A neighbour's own certificate, and one that the device authority would make for a server.
    house.enroll_as("7cdfa1000002", "second");
    for (from, to) in [
        ("second/device.pem", "a.pem"),
        ("second/device.key", "a.key"),
    ] {
        std::fs::copy(house.path(from), house.path(to)).unwrap();
    }
    let stolen = Authority::stolen(&house, "device").server("localhost");
    stolen.write(&house.path(""), "b");
    for name in ["a", "b"] {
        let _stranger = stranger(&house, &address, name);
        refuses(&house, &[]);
        refuses(&house, &["--tls12"]);
    }
}

#[test]
fn a_server_of_ours_under_another_name_is_refused() {
    if !need("refusals_other_name", "openssl", "apt-get install openssl") {
        return;
    }
    let (house, address) = left();
    let authority = Authority::stolen(&house, "server");
    authority
        .server("ota.example.com")
        .write(&house.path(""), "other");
    {
        let _stranger = stranger(&house, &address, "other");
        refuses(&house, &[]);
        refuses(&house, &["--tls12"]);
    }
    // The same with the right name is one of ours: the name it was that was wrong.
    let folder = house.state().join("server");
    authority.server("localhost").write(&folder, "server");
    let _server = Server::start(
        &house,
        &[
            "--device-listen",
            &address.replace("localhost", "127.0.0.1"),
        ],
    );
    house.node("device", &image("1.0.0"), &[]);
    assert_eq!(house.device()["running"]["version"], "1.0.0");
}

#[test]
fn a_foreign_server_hierarchy_with_our_names_is_refused() {
    if !need(
        "refusals_foreign_server",
        "openssl",
        "apt-get install openssl",
    ) {
        return;
    }
    let (house, address) = left();
    let foreign = Authority::foreign("server").server("localhost");
    foreign.write(&house.path(""), "foreign");
    let _stranger = stranger(&house, &address, "foreign");
    refuses(&house, &[]);
    refuses(&house, &["--tls12"]);
}
