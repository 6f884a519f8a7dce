//! Clients that are not our devices, by curl, in both versions of TLS and at both planes.

use super::refusals;
use crate::harness::{Authority, DEVICE, House, Leaf, ask, image, need, self_signed};

/// Demands that a client gets through no handshake, and that the operator hears why.
fn refused_in_the_handshake(house: &House, leaf: &Leaf, name: &str, reason: &str) {
    let server = house.serve();
    leaf.install(house, "stranger");
    let stranger = house.path("stranger");
    house.publish(&image("1.1.0"), 1);
    house.enroll();
    let url = format!("{}/ota?v=1.0.0", server.device_url);
    // The honest device's address, so that both doors are tried.
    let location = ask(&house.path("device"), &[&url]).unwrap().location();
    for version in VERSIONS {
        for url in [&url, &location] {
            let told = ask(&stranger, &[version, &[url]].concat());
            assert!(told.is_err(), "{version:?} {url}: {told:?}");
        }
    }
    let line = |plane: &str| (plane.to_owned(), name.to_owned(), reason.to_owned());
    let (device, download) = (line("device"), line("download"));
    // Newest first.
    let wanted = [download.clone(), device.clone(), download, device];
    assert_eq!(refusals(house), wanted);
    // What was refused left no trace on the device of that name.
    assert_eq!(house.offers(), [("1.1.0".to_owned(), "open".to_owned())]);
    assert!(ask(&house.path("device"), &[&url]).is_ok());
}

#[test]
fn a_device_of_somebody_else_s_ca_with_all_our_names_is_refused() {
    if !need("refusals_foreign", "curl", "apt-get install curl") {
        return;
    }
    let leaf = Authority::foreign("device").device(DEVICE, 9999);
    refused_in_the_handshake(&House::new(), &leaf, DEVICE, "unknown-issuer");
}

#[test]
fn a_device_that_vouches_for_itself_is_refused() {
    if !need("refusals_self_signed", "curl", "apt-get install curl") {
        return;
    }
    let leaf = self_signed(DEVICE);
    refused_in_the_handshake(&House::new(), &leaf, DEVICE, "unknown-issuer");
}

#[test]
fn a_certificate_of_the_server_hierarchy_is_no_device_s() {
    if !need("refusals_server_as_client", "curl", "apt-get install curl") {
        return;
    }
    // Our own server's, and one that its authority would make for a device.
    let house = House::new();
    let file =
        |name: &str| std::fs::read_to_string(house.state().join("server").join(name)).unwrap();
    let own = Leaf {
        chain: file("server.pem"),
        key: file("server.key"),
    };
    refused_in_the_handshake(&house, &own, "localhost", "wrong-purpose");
    let house = House::new();
    let leaf = Authority::stolen(&house, "server").device(DEVICE, 9999);
    refused_in_the_handshake(&house, &leaf, DEVICE, "unknown-issuer");
}

#[test]
fn a_server_s_certificate_by_the_device_authority_is_no_device_s() {
    if !need("refusals_wrong_purpose", "curl", "apt-get install curl") {
        return;
    }
    let house = House::new();
    let leaf = Authority::stolen(&house, "device").server("localhost");
    refused_in_the_handshake(&house, &leaf, "localhost", "wrong-purpose");
}

#[test]
fn a_certificate_that_has_ended_is_refused() {
    if !need("refusals_ended", "curl", "apt-get install curl") {
        return;
    }
    let house = House::new();
    let leaf = Authority::stolen(&house, "device").device(DEVICE, 2020);
    refused_in_the_handshake(&house, &leaf, DEVICE, "certificate-ended");
}

#[test]
fn a_device_that_leaves_out_its_issuer_is_refused() {
    if !need("refusals_no_chain", "curl", "apt-get install curl") {
        return;
    }
    let house = House::new();
    let mut leaf = Authority::stolen(&house, "device").device(DEVICE, 9999);
    let end = "-----END CERTIFICATE-----\n";
    let first = leaf.chain.find(end).unwrap() + end.len();
    leaf.chain.truncate(first);
    refused_in_the_handshake(&house, &leaf, DEVICE, "unknown-issuer");
}

#[test]
fn a_certificate_that_we_never_issued_is_refused_though_our_key_signed_it() {
    if !need(
        "refusals_unknown_certificate",
        "curl",
        "apt-get install curl",
    ) {
        return;
    }
    let house = House::new();
    let server = house.serve();
    house.enroll();
    let url = format!("{}/ota?v=1.0.0", server.device_url);
    house.publish(&image("1.1.0"), 1);
    let location = ask(&house.path("device"), &[&url]).unwrap().location();
    let stolen = Authority::stolen(&house, "device");
    // The name of a device that is there, and one of its own.
    for (folder, id) in [("twin", DEVICE), ("fresh", "7cdfa1000099")] {
        stolen.device(id, 9999).install(&house, folder);
        for version in VERSIONS {
            for url in [&url, &location] {
                let args = [version, &[url]].concat();
                let answer = ask(&house.path(folder), &args).unwrap();
                assert_eq!(answer.status, 403, "{id} {url}");
                assert_eq!(answer.code(), "unknown-certificate");
            }
        }
        let newest = &refusals(&house)[0];
        assert_eq!((&*newest.1, &*newest.2), (id, "unknown-certificate"));
    }
    assert_eq!(house.json(&["device", "list"]).as_array().unwrap().len(), 1);
}

/// The options of curl for TLS 1.2 alone and for 1.3 alone.
const VERSIONS: [&[&str]; 2] = [&["--tls-max", "1.2"], &["--tlsv1.3"]];
