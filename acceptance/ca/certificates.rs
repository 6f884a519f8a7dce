//! Certificates from requests, found again, and revoked.

use std::fs;

use super::{OPENSSL, openssl, request, state, text_of};
use crate::harness::{DEVICE, House, REVOKED, barred, need};

#[test]
fn only_the_key_of_a_request_is_taken_and_what_was_answered_is_in_the_store() {
    if !need("ca_issue", "openssl", OPENSSL) {
        return;
    }
    let house = House::new();
    let csr = request(&house, "edge");
    let out = house.text("edge.pem");
    let issued = house.json(&[
        "ca",
        "issue",
        "--profile",
        "server",
        "--csr",
        &csr,
        "--name",
        "edge.example",
        "--name",
        "192.0.2.7",
        "--out",
        &out,
    ]);
    let text = text_of(&house.path("edge.pem"));
    for line in [
        "DNS:edge.example, IP Address:192.0.2.7",
        "TLS Web Server Authentication",
    ] {
        assert!(text.contains(line), "no `{line}` in {text}");
    }
    for line in ["counts for nothing", "what the request says", "CA:TRUE"] {
        assert!(!text.contains(line), "`{line}` in {text}");
    }
    let (good, told) = openssl(&[
        "verify",
        "-x509_strict",
        "-purpose",
        "sslserver",
        "-verify_hostname",
        "edge.example",
        "-CAfile",
        &state(&house, "authorities/server-root.pem"),
        "-untrusted",
        &out,
        &out,
    ]);
    assert!(good, "{told}");

    // A device that is not known is enrolled by it, one that is known gets a further certificate.
    let csr = request(&house, "first");
    let pem = house.ok(&[
        "ca",
        "issue",
        "--profile",
        "device",
        "--csr",
        &csr,
        "--name",
        DEVICE,
    ]);
    fs::write(house.path("first.pem"), pem).unwrap();
    assert!(text_of(&house.path("first.pem")).contains("Dec 31 23:59:59 9999 GMT"));
    let csr = request(&house, "second");
    let second = house.json(&[
        "ca",
        "issue",
        "--profile",
        "device-in-service",
        "--csr",
        &csr,
        "--name",
        DEVICE,
    ]);
    assert_eq!(house.device()["certificates"].as_array().unwrap().len(), 2);

    // Found by all that can be said of them.
    let find = |args: &[&str]| {
        let all = house.json(&[&["ca", "show", "--certificates"], args].concat());
        let serials = all
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["serial"].as_str().unwrap().to_owned());
        serials.collect::<Vec<_>>()
    };
    let of = |view: &serde_json::Value, name: &str| view[name].as_str().unwrap().to_owned();
    let (edge, service) = (of(&issued, "serial"), of(&second, "serial"));
    assert_eq!(find(&["--serial", &edge]), [&*edge]);
    assert_eq!(find(&["--serial", &edge.to_uppercase()[..12]]), [&*edge]);
    assert_eq!(
        find(&["--fingerprint", &of(&issued, "fingerprint")[..20]]),
        [&*edge]
    );
    assert_eq!(find(&["--device", DEVICE]).len(), 2);
    assert_eq!(
        find(&["--device", DEVICE, "--ends-before", "9999-01-01T00:00:00Z"]),
        [&*service]
    );
    // The server's own, and this one; four authorities.
    assert_eq!(find(&["--profile", "server"]).len(), 2);
    assert_eq!(find(&["--profile", "authority"]).len(), 4);
    assert_eq!(find(&["--limit", "3"]).len(), 3);
    assert!(
        house
            .ok(&["ca", "show", "--certificates", "--serial", "00ff00"])
            .contains("no such certificate")
    );
    let told = house.fails(&["ca", "show", "--certificates", "--ends-before", "tomorrow"]);
    assert!(told.contains("`tomorrow` is no time"), "{told}");
}

#[test]
fn nothing_is_issued_of_what_is_refused() {
    if !need("ca_issue_refused", "openssl", OPENSSL) {
        return;
    }
    let house = House::new();
    house.enroll();
    let all = || {
        house
            .json(&["ca", "show", "--certificates"])
            .as_array()
            .unwrap()
            .len()
    };
    let before = all();
    let (good, text) = (request(&house, "good"), house.text("cut.csr"));
    let whole = fs::read_to_string(&good).unwrap();
    fs::write(&text, &whole[..whole.len() - 100]).unwrap();
    // Its key did not sign it: another name was written into it.
    let other = house.text("other.csr");
    let der = countersign_x509::pem::blocks(whole.as_bytes(), "CERTIFICATE REQUEST").unwrap();
    let mut der = der.into_iter().next().unwrap();
    let at = der.windows(6).position(|six| six == b"counts").unwrap();
    der[at] = b'C';
    let forged = countersign_x509::pem::encode("CERTIFICATE REQUEST", &der);
    fs::write(&other, forged).unwrap();
    let cases = [
        (&text, "server", "a.example", "bad-certificate-request"),
        (&other, "server", "a.example", "bad-certificate-request"),
        (&good, "server", "not a name", "cannot be certified"),
        (&good, "device", "acme/board-7", "bad-name"),
        (&good, "device", "two words", "bad-name"),
    ];
    for (csr, profile, name, said) in cases {
        let told = house.fails(&[
            "ca",
            "issue",
            "--profile",
            profile,
            "--csr",
            csr,
            "--name",
            name,
        ]);
        assert!(told.contains(said), "{csr} {profile} {name}: {told}");
    }
    let rsa = house.text("rsa.csr");
    let (made, told) = openssl(&[
        "req",
        "-new",
        "-newkey",
        "rsa:1024",
        "-nodes",
        "-subj",
        "/CN=weak",
        "-keyout",
        &house.text("rsa.key"),
        "-out",
        &rsa,
    ]);
    assert!(made, "{told}");
    let told = house.fails(&[
        "ca",
        "issue",
        "--profile",
        "device",
        "--csr",
        &rsa,
        "--name",
        "weak",
    ]);
    assert!(told.contains("bad-certificate-request"), "{told}");
    house.ok(&["device", "revoke", DEVICE]);
    let told = house.fails(&[
        "ca",
        "issue",
        "--profile",
        "device",
        "--csr",
        &good,
        "--name",
        DEVICE,
    ]);
    assert!(told.contains("already-revoked"), "{told}");
    assert_eq!(all(), before);
    // Where it cannot be written, it says where it is.
    let told = house.fails(&[
        "ca",
        "issue",
        "--profile",
        "server",
        "--csr",
        &good,
        "--name",
        "a.example",
        "--out",
        &house.text("none/here.pem"),
    ]);
    assert!(
        told.contains("is issued and recorded") && told.contains("ca show --certificates --serial"),
        "{told}"
    );
    assert_eq!(all(), before + 1);
}

#[test]
fn one_certificate_is_revoked_and_its_device_goes_on_with_the_other() {
    if !need("ca_revoke", "openssl", OPENSSL) || !need("ca_revoke", "curl", "apt-get install curl")
    {
        return;
    }
    let house = House::new();
    house.enroll();
    let old = house.device()["certificates"][0]["serial"]
        .as_str()
        .unwrap()
        .to_owned();
    let told = house.fails(&["ca", "revoke", &old]);
    for word in ["still-in-use", "device revoke", DEVICE] {
        assert!(told.contains(word), "{told}");
    }
    let server = house.serve();
    let csr = request(&house, "new");
    let new = house.path("new");
    fs::create_dir(&new).unwrap();
    fs::copy(house.path("new.key"), new.join("device.key")).unwrap();
    fs::copy(
        house.path("device/server-root.pem"),
        new.join("server-root.pem"),
    )
    .unwrap();
    let out = new.join("device.pem");
    house.ok(&[
        "ca",
        "issue",
        "--profile",
        "device-in-service",
        "--csr",
        &csr,
        "--name",
        DEVICE,
        "--out",
        out.to_str().unwrap(),
    ]);
    let url = format!("{}/ota?v=1.0.0", server.device_url);
    let comes = |folder: &str| {
        let asked = crate::harness::ask(&house.path(folder), &[&url]);
        asked.map(|answer| answer.status)
    };
    assert_eq!((comes("device"), comes("new")), (Ok(404), Ok(404)));
    let revoked = house.json(&["ca", "revoke", &old[..20], "--reason", "superseded"]);
    assert_eq!(revoked["revoked_for"], "superseded");
    barred(&house, "device", &url, REVOKED);
    assert_eq!(comes("new"), Ok(404));
    assert_eq!(house.device()["state"], "active");
    // Again: nothing changes.
    assert_eq!(
        house.json(&["ca", "revoke", &old])["revoked_at"],
        revoked["revoked_at"]
    );

    for (serial, said) in [
        ("00112233", "no-such-certificate"),
        ("", "no-such-certificate"),
    ] {
        let told = house.fails(&["ca", "revoke", serial]);
        assert!(told.contains(said), "{told}");
    }
    let all = house.json(&["ca", "show"]);
    for one in all.as_array().unwrap() {
        let told = house.fails(&["ca", "revoke", one["serial"].as_str().unwrap()]);
        assert!(told.contains("still-in-use"), "{told}");
    }
    server.stop();
}
