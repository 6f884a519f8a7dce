//! The two hierarchies, judged by openssl.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use crate::harness::{DEVICE, House, Server, need, run, times_refused, wait_until};

const INSTALL: &str = "apt-get install openssl";

/// `openssl verify`, with a chain file's later certificates as untrusted ones.
fn verify(house: &House, root: &str, purpose: &str, chain: &std::path::Path) -> (bool, String) {
    let root = house
        .state()
        .join("authorities")
        .join(format!("{root}.pem"));
    let output = run(Command::new("openssl")
        .args(["verify", "-x509_strict", "-purpose", purpose, "-CAfile"])
        .arg(&root)
        .arg("-untrusted")
        .arg(chain)
        .arg(chain));
    let words = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), words)
}

#[test]
fn openssl_takes_each_chain_under_its_own_root_and_for_its_own_purpose() {
    if !need("pki", "openssl", INSTALL) {
        return;
    }
    let house = House::new();
    house.enroll();
    let device = house.path("device").join("device.pem");
    let server = house.state().join("server/server.pem");
    let cases = [
        ("device-root", "sslclient", &device, true),
        ("server-root", "sslserver", &server, true),
        ("device-root", "sslserver", &device, false),
        ("server-root", "sslclient", &server, false),
        ("server-root", "sslclient", &device, false),
        ("device-root", "sslserver", &server, false),
    ];
    for (root, purpose, chain, wanted) in cases {
        let (taken, words) = verify(&house, root, purpose, chain);
        assert_eq!(
            taken,
            wanted,
            "{root} {purpose} {}: {words}",
            chain.display()
        );
    }
    let words = run(Command::new("openssl")
        .args(["x509", "-noout", "-text", "-in"])
        .arg(&device));
    let words = String::from_utf8(words.stdout).unwrap();
    for line in [
        "CN = 7cdfa1000001",
        "URI:urn:dev:mac:7cdfa1ffff000001",
        "TLS Web Client Authentication",
        "Dec 31 23:59:59 9999 GMT",
        "id-ecPublicKey",
    ] {
        assert!(words.contains(line), "no `{line}` in {words}");
    }
    assert!(!words.contains("TLS Web Server Authentication"));
}

/// Asks the device plane with `openssl s_client`; gives all its words.
pub(crate) fn s_client(house: &House, server: &Server, version: &str, more: &[&str]) -> String {
    let mut openssl = Command::new("openssl");
    openssl
        .args(["s_client", "-connect", server.device_address(), version])
        .args(["-servername", "localhost", "-verify_return_error"])
        .args(["-verify_hostname", "localhost", "-ign_eof", "-CAfile"])
        .arg(house.path("device").join("server-root.pem"))
        .args(more);
    let mut child = openssl
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let ask = b"GET /ota?v=1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    // A server that refuses us may have closed already.
    let _ = child.stdin.take().unwrap().write_all(ask);
    let output = child.wait_with_output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The options with which `s_client` shows the device's certificate.
pub(crate) fn identity(house: &House) -> Vec<String> {
    let file = |name: &str| house.path("device").join(name).to_str().unwrap().to_owned();
    let (chain, key) = (file("device.pem"), file("device.key"));
    let options = [
        ("-cert", chain.clone()),
        ("-cert_chain", chain),
        ("-key", key),
    ];
    options
        .into_iter()
        .flat_map(|(name, value)| [name.to_owned(), value])
        .collect()
}

#[test]
fn s_client_proves_both_ends_in_both_versions() {
    if !need("s_client", "openssl", INSTALL) {
        return;
    }
    let house = House::new();
    let server = house.serve();
    house.enroll();
    let identity = identity(&house);
    let identity: Vec<&str> = identity.iter().map(String::as_str).collect();
    let root = run(Command::new("openssl")
        .args(["x509", "-noout", "-subject", "-in"])
        .arg(house.state().join("authorities/device-root.pem")));
    let root = String::from_utf8(root.stdout).unwrap();
    let root = root.trim().strip_prefix("subject=").unwrap();
    for version in ["-tls1_2", "-tls1_3"] {
        let words = s_client(&house, &server, version, &identity);
        for line in [
            "Verify return code: 0 (ok)",
            "HTTP/1.1 404",
            // Asked for in the first handshake, by the name of the authority whose certificates are taken.
            &format!("Acceptable client certificate CA names\n{root}\n"),
        ] {
            assert!(words.contains(line), "{version}: no `{line}` in {words}");
        }
        let words = s_client(&house, &server, version, &[]);
        assert!(
            !words.contains("HTTP/1.1"),
            "{version} without a certificate: {words}"
        );
    }
}

#[test]
fn no_authority_is_named_where_the_settings_say_so() {
    if !need("s_client_names", "openssl", INSTALL) {
        return;
    }
    let house = House::new();
    let settings = house.state().join("countersign.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    let silent = text.replace("name_authorities = true ", "name_authorities = false ");
    assert_ne!(silent, text);
    std::fs::write(&settings, silent).unwrap();
    let server = house.serve();
    house.enroll();
    let identity = identity(&house);
    let identity: Vec<&str> = identity.iter().map(String::as_str).collect();
    for version in ["-tls1_2", "-tls1_3"] {
        let words = s_client(&house, &server, version, &identity);
        for line in ["HTTP/1.1 404", "No client certificate CA names sent"] {
            assert!(words.contains(line), "{version}: no `{line}` in {words}");
        }
    }
}

#[test]
fn a_resumed_session_does_not_outlive_a_revocation() {
    if !need("resumption", "openssl", INSTALL) {
        return;
    }
    for version in ["-tls1_2", "-tls1_3"] {
        let house = House::new();
        let server = house.serve();
        house.enroll();
        let session = house.text("session.pem");
        let identity = identity(&house);
        let ask = |more: [&str; 2]| {
            let mut options: Vec<&str> = identity.iter().map(String::as_str).collect();
            options.extend(more);
            s_client(&house, &server, version, &options)
        };
        let words = ask(["-sess_out", &session]);
        assert!(words.contains("HTTP/1.1 404"), "{version}: {words}");
        // It is good until then.
        let words = ask(["-sess_in", &session]);
        for line in ["Reused, TLSv1.", "HTTP/1.1 404"] {
            assert!(words.contains(line), "{version}: no `{line}` in {words}");
        }
        house.ok(&["device", "revoke", DEVICE]);
        let words = ask(["-sess_in", &session]);
        assert!(
            words.contains("alert certificate revoked"),
            "{version}: {words}"
        );
        for other in ["Reused, TLSv1.", "HTTP/1.1"] {
            assert!(!words.contains(other), "{version}: {words}");
        }
        assert!(
            wait_until(|| times_refused(&house, "device-revoked") > 0),
            "{version}"
        );
    }
}

#[test]
fn certificates_are_what_the_settings_say_and_other_keys_are_refused() {
    if !need("pki", "openssl", INSTALL) {
        return;
    }
    let house = House::new();
    let settings = house.state().join("countersign.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    let device = "[profiles.device]";
    let at = text.find(device).unwrap();
    let (before, own) = text.split_at(at);
    let own = own.replacen("# days = 7300", "days = 1000", 1);
    std::fs::write(&settings, format!("{before}{own}")).unwrap();
    house.enroll();
    let ends = |days: u32| {
        let seconds = (days * 86_400).to_string();
        let certificate = house.text("device/device.pem");
        let args = ["x509", "-noout", "-in", &certificate, "-checkend", &seconds];
        !run(Command::new("openssl").args(args)).status.success()
    };
    assert!(!ends(999) && ends(1000));

    let own = own.replacen(r#""P-256", "#, "", 1);
    std::fs::write(&settings, format!("{before}{own}")).unwrap();
    let refused = house.fails(&["device", "enroll", "second", "--out", &house.text("second")]);
    for said in ["EC P-256 is not allowed", "use EC P-384, or RSA of 2048"] {
        assert!(refused.contains(said), "{refused}");
    }
    assert!(!house.path("second").exists(), "nothing half done");

    let own = own.replacen("P-384", "P-512", 1);
    std::fs::write(&settings, format!("{before}{own}")).unwrap();
    let refused = house.fails(&["device", "list"]);
    assert!(refused.contains("`P-512` is none of"), "{refused}");
    assert!(refused.contains("countersign.toml"), "{refused}");
}
