//! The trust bundle, in both of ESP-IDF's formats.

use std::process::Command;

use crate::harness::{House, judge, python, run};

#[test]
fn a_bundle_holds_the_server_root_and_nothing_else() {
    let Some(python) = python("formats_bundle") else {
        return;
    };
    let house = House::new();
    let root = house.state().join("authorities/server-root.pem");
    let root = root.to_str().unwrap();
    let cases = [
        ("v4.2", "legacy"),
        ("v5.1", "legacy"),
        ("v5.3.5", "legacy"),
        ("v5.4", "offsets"),
        ("v5.5", "offsets"),
        ("v6.0", "offsets"),
    ];
    for (n, (idf, format)) in cases.into_iter().enumerate() {
        let id = format!("7cdfa100000{n}");
        let folder = house.text(&id);
        house.ok(&["device", "enroll", &id, "--idf", idf, "--out", &folder]);
        let bundle = format!("{folder}/x509_crt_bundle");
        let judged = judge(&python, "trust_bundle.py", &[format, &bundle, root]);
        let entries = judged["entries"].as_array().unwrap();
        assert_eq!(entries.len(), 1, "{idf}");
        let wanted = &judged["certificate"];
        assert_eq!(entries[0]["subject"], wanted["subject"], "{idf}");
        assert_eq!(entries[0]["key"], wanted["key"], "{idf}");

        let shown = house.json(&["trust", "show", &bundle]);
        assert_eq!(shown["format"], format, "{idf}");
        assert_eq!(shown["sorted"], true);
        assert_eq!(shown["entries"].as_array().unwrap().len(), 1);
        let entry = &shown["entries"][0];
        assert_eq!(entry["subject"], wanted["name"]);
        assert_eq!(entry["key"], "EC P-256");
        assert_eq!(entry["key_sha256"].as_str().unwrap(), spki_sha256(root));
        assert!(
            house
                .ok(&["trust", "show", &bundle])
                .contains("Countersign server root")
        );
    }
}

/// SHA-256 of a certificate's public key, by openssl.
fn spki_sha256(certificate: &str) -> String {
    let script = "openssl x509 -noout -pubkey -in \"$0\" | openssl pkey -pubin -outform DER | openssl dgst -sha256 -r";
    let output = run(Command::new("sh").args(["-c", script, certificate]));
    let words = String::from_utf8(output.stdout).unwrap();
    words.split(' ').next().unwrap().to_owned()
}
