//! The proof that AWS `IoT` and Azure DPS ask for, field by field.

use std::fs;

use countersign_pki::{Error, Signer as _, proof};
use countersign_protocol::UnixTime;
use countersign_x509::Certificate;

use crate::{
    fixture::{DEVICES, Key, START},
    peers::{openssl, pyca, write},
};

/// As `GetRegistrationCode` gives them: 64 hexadecimal digits, all that a common name has room for.
const AWS: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9";
/// As Azure's portal gives them.
const AZURE: &str = "75B86466DA34D2B04C0C4C9557A119687ADAE7D4732BDDB3";

fn prove(code: &str) -> Result<Certificate, Error> {
    let key = Key::generate();
    proof::prove(&DEVICES.issuing, code, key.public_key(), START, [0x3c; 16])
}

#[test]
fn a_proof_says_the_code_and_nothing_else() {
    for code in [AWS, AZURE] {
        let made = prove(code).unwrap();
        let ca = DEVICES.issuing.certificate();
        assert_eq!(made.subject_text(), format!("CN={code}"));
        assert!(made.is_issued_by(ca) && !made.is_ca());
        assert_ne!(made.public_key(), ca.public_key());
        assert!(!made.has_subject_alt_name() && made.extended_key_usage().is_none());
        let usage = made.key_usage().unwrap();
        assert!(usage.digital_signature() && !usage.key_cert_sign() && !usage.crl_sign());
        assert_eq!(made.authority_key_id(), ca.subject_key_id());
        assert!(made.not_before() < START.0 && made.not_after() == START.0 + 30 * 86_400);
        assert_eq!(made.serial_hex(), "3c".repeat(16));
    }
}

#[test]
fn openssl_and_pyca_see_what_the_services_ask_for() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let made = prove(AWS).unwrap();
    write(
        folder,
        "ca.pem",
        std::slice::from_ref(DEVICES.issuing.certificate()),
    );
    write(folder, "proof.pem", std::slice::from_ref(&made));
    let at = START.0.to_string();
    // Both services know the CA that is registered, and nothing above it.
    let arguments = [
        "verify",
        "-x509_strict",
        "-partial_chain",
        "-attime",
        &at,
        "-CAfile",
        "ca.pem",
        "proof.pem",
    ];
    let Some((good, words)) = openssl(folder, &arguments) else {
        return;
    };
    assert!(good, "{words}");
    let arguments = [
        "x509",
        "-in",
        "proof.pem",
        "-noout",
        "-subject",
        "-nameopt",
        "RFC2253",
    ];
    let (_, words) = openssl(folder, &arguments).unwrap();
    assert_eq!(words, format!("subject=CN={AWS}\n"));

    let script = r#"
from cryptography import x509
read = lambda name: x509.load_pem_x509_certificate(open(name, "rb").read())
ca, proof = read("ca.pem"), read("proof.pem")
proof.verify_directly_issued_by(ca)
print(proof.version.name, proof.signature_hash_algorithm.name, proof.public_key().curve.name)
print([(a.oid._name, a.value) for a in proof.subject])
print(proof.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
print(proof.public_key() == ca.public_key())
"#;
    let Some((good, words)) = pyca(folder, script, &[]) else {
        return;
    };
    assert!(good, "{words}");
    let name = format!("[('commonName', '{AWS}')]");
    assert_eq!(
        words.lines().collect::<Vec<_>>(),
        ["v3 sha256 secp256r1", &name, "False", "False"]
    );
    assert!(fs::read(folder.join("proof.pem")).unwrap().len() < 65_536);
}

#[test]
fn a_code_that_would_not_come_out_letter_by_letter_is_refused() {
    let long = "a".repeat(65);
    for code in [
        "",
        " abc",
        "abc\n",
        "a b",
        "abcé",
        "a\0b",
        "\u{200b}abc",
        &long,
    ] {
        assert!(matches!(prove(code), Err(Error::Name { .. })), "{code:?}");
    }
    for code in ["a", "A-1_b.c", "cn=x,o=y", &long[1..]] {
        assert_eq!(prove(code).unwrap().common_name(), Some(code));
    }
    let ca = DEVICES.issuing.certificate();
    let refused = proof::prove(&DEVICES.issuing, "a", ca.public_key(), UnixTime(9), [1; 16]);
    assert!(matches!(refused, Err(Error::OwnKey)));
}
