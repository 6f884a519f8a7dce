//! The same by the `openssl` program, where it is installed.

use std::{fs, path::Path, process::Command};

use countersign_pki::certificate_request;
use countersign_x509::{Certificate, pem};

use crate::fixture::{DEVICES, Hierarchy, Key, SERVERS, chain, device_profile, server_profile};

/// Runs `openssl` in `folder`: whether it was content, and what it wrote. `None` where there is no
/// `openssl`, which fails in CI.
fn openssl(folder: &Path, arguments: &[&str]) -> Option<(bool, String)> {
    let mut program = Command::new("openssl");
    match program.args(arguments).current_dir(folder).output() {
        Ok(output) => {
            let text = [output.stdout, output.stderr].concat();
            let text = String::from_utf8_lossy(&text).into_owned();
            Some((output.status.success(), text))
        }
        Err(error) if std::env::var_os("CI").is_some() => panic!("openssl: {error}"),
        Err(_) => {
            eprintln!("SKIPPED: no openssl; apt-get install openssl");
            None
        }
    }
}

fn write(folder: &Path, hierarchy: &Hierarchy, chain: &[Certificate]) {
    let root = std::slice::from_ref(&hierarchy.root);
    fs::write(folder.join("root.pem"), pem::to_pem(root)).unwrap();
    fs::write(folder.join("leaf.pem"), pem::to_pem(&chain[..1])).unwrap();
    fs::write(folder.join("above.pem"), pem::to_pem(&chain[1..])).unwrap();
}

#[test]
fn openssl_verify_agrees_on_every_purpose() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (hierarchy, profile, good, bad) in [
        (&*SERVERS, server_profile(), "sslserver", "sslclient"),
        (&*DEVICES, device_profile(), "sslclient", "sslserver"),
    ] {
        write(folder, hierarchy, &chain(hierarchy, &profile));
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
    write(folder, &DEVICES, &chain(&DEVICES, &device_profile()));
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
