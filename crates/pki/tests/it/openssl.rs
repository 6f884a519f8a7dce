//! The same by the `openssl` program, where it is installed.

use std::{fs, path::Path};

use countersign_pki::certificate_request;
use countersign_x509::Certificate;

use crate::{
    fixture::{DEVICES, Hierarchy, Key, SERVERS, chain, device_profile, server_profile},
    peers::{openssl, write},
};

fn write_all(folder: &Path, hierarchy: &Hierarchy, chain: &[Certificate]) {
    write(folder, "root.pem", std::slice::from_ref(&hierarchy.root));
    write(folder, "leaf.pem", &chain[..1]);
    write(folder, "above.pem", &chain[1..]);
}

#[test]
fn openssl_verify_agrees_on_every_purpose() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (hierarchy, profile, good, bad) in [
        (&*SERVERS, server_profile(), "sslserver", "sslclient"),
        (&*DEVICES, device_profile(), "sslclient", "sslserver"),
    ] {
        write_all(folder, hierarchy, &chain(hierarchy, &profile));
        let verify = |purpose| {
            let arguments = [
                "verify",
                "-x509_strict",
                "-check_ss_sig",
                "-CAfile",
                "root.pem",
                "-untrusted",
                "above.pem",
                "-purpose",
                purpose,
                "leaf.pem",
            ];
            openssl(folder, &arguments)
        };
        let Some((verified, text)) = verify(good) else {
            return;
        };
        assert!(verified, "{text}");
        let (verified, text) = verify(bad).unwrap();
        assert!(!verified, "{text}");
    }
}

#[test]
fn openssl_reads_the_profile_that_we_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let text_of = |file| {
        let arguments = ["x509", "-in", file, "-noout", "-text"];
        openssl(folder, &arguments).map(|(_, text)| text)
    };
    write_all(folder, &DEVICES, &chain(&DEVICES, &device_profile()));
    let Some(leaf) = text_of("leaf.pem") else {
        return;
    };
    for line in [
        "Subject: CN = 7cdfa1000001",
        "Issuer: CN = Example devices issuing",
        "Not After : Dec 31 23:59:59 9999 GMT",
        "Signature Algorithm: ecdsa-with-SHA256",
        "X509v3 Key Usage: critical\n                Digital Signature\n",
        "X509v3 Extended Key Usage: \n                TLS Web Client Authentication\n",
        "URI:urn:dev:mac:7cdfa1ffff000001",
        "X509v3 Authority Key Identifier",
    ] {
        assert!(leaf.contains(line), "{line}\n{leaf}");
    }
    assert!(!leaf.contains("CA:TRUE"));
    for (file, path_len) in [("root.pem", 1), ("above.pem", 0)] {
        let text = text_of(file).unwrap();
        for line in [
            &format!("Basic Constraints: critical\n                CA:TRUE, pathlen:{path_len}"),
            "Key Usage: critical\n                Certificate Sign, CRL Sign",
            "X509v3 Subject Key Identifier",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}

#[test]
fn openssl_verifies_our_request() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let request = certificate_request(&*Key::generate(), "7cdfa1000001").unwrap();
    fs::write(folder.join("request.pem"), request).unwrap();
    let arguments = ["req", "-in", "request.pem", "-noout", "-verify", "-subject"];
    let Some((verified, text)) = openssl(folder, &arguments) else {
        return;
    };
    assert!(verified && text.contains("verify OK"), "{text}");
    assert!(text.contains("subject=CN = 7cdfa1000001"), "{text}");
}
