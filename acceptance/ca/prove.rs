//! The proof for AWS `IoT` and Azure DPS, field by field.
//!
//! AWS: the verification certificate's common name is the registration code, and the CA that is registered signed it.
//! Azure: the same with the verification code.

use std::fs;

use super::{OPENSSL, openssl, state, text_of};
use crate::harness::{House, need};

/// As `GetRegistrationCode` gives them: 64 hexadecimal digits.
const AWS: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9";
/// As Azure's portal shows them.
const AZURE: &str = "75B86466DA34D2B04C0C4C9557A119687ADAE7D4732BDDB3";

#[test]
fn a_proof_has_the_code_as_its_name_and_is_signed_by_who_is_registered() {
    if !need("ca_prove", "openssl", OPENSSL) {
        return;
    }
    let house = House::new();
    for (code, name) in [
        (AWS, "device-issuing"),
        (AZURE, "device-issuing"),
        (AWS, "device-root"),
    ] {
        let out = house.text("proof.pem");
        let made = house.json(&[
            "ca",
            "prove",
            "--code",
            code,
            "--authority",
            name,
            "--out",
            &out,
        ]);
        assert_eq!(made["profile"], "proof");
        assert_eq!(
            fs::read_to_string(&out)
                .unwrap()
                .matches("BEGIN CERTIFICATE")
                .count(),
            1
        );
        let (_, subject) = openssl(&[
            "x509", "-noout", "-subject", "-nameopt", "RFC2253", "-in", &out,
        ]);
        assert_eq!(subject.trim(), format!("subject=CN={code}"));
        // Only the authority that is registered is known there.
        let ca = state(&house, &format!("authorities/{name}.pem"));
        let (good, told) = openssl(&[
            "verify",
            "-x509_strict",
            "-partial_chain",
            "-CAfile",
            &ca,
            &out,
        ]);
        assert!(good, "{told}");
        let text = text_of(&house.path("proof.pem"));
        for line in [
            "Version: 3 (0x2)",
            "CA:FALSE",
            "Digital Signature",
            "ecdsa-with-SHA256",
            "prime256v1",
        ] {
            assert!(text.contains(line), "no `{line}` in {text}");
        }
        for line in ["Certificate Sign", "Alternative Name", "Extended Key Usage"] {
            assert!(!text.contains(line), "`{line}` in {text}");
        }
        let key = |file: &str| openssl(&["x509", "-noout", "-pubkey", "-in", file]).1;
        assert_ne!(key(&out), key(&ca), "a key of its own");
        let end = (29 * 86_400).to_string();
        assert!(openssl(&["x509", "-noout", "-in", &out, "-checkend", &end]).0);
        let end = (31 * 86_400).to_string();
        assert!(!openssl(&["x509", "-noout", "-in", &out, "-checkend", &end]).0);
        let serial = made["serial"].as_str().unwrap();
        let found = house.json(&["ca", "show", "--certificates", "--serial", serial]);
        assert_eq!(
            (&found[0]["profile"], &found[0]["issuer"]),
            (&"proof".into(), &name.into())
        );
    }
    let before = house.json(&["ca", "show", "--certificates", "--profile", "proof"]);
    for (code, authority, said) in [
        ("with a space", "device-issuing", "no space"),
        (&*format!("{AWS}0"), "device-issuing", "64"),
        (AWS, "nobody", "unknown-authority"),
    ] {
        let told = house.fails(&["ca", "prove", "--code", code, "--authority", authority]);
        assert!(told.contains(said), "{told}");
    }
    let after = house.json(&["ca", "show", "--certificates", "--profile", "proof"]);
    assert_eq!(after, before, "nothing half issued");
}
