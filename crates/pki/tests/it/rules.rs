//! What the rules let into a certificate.

use countersign_pki::{AllowedKey, Error, ProfileRules, Usage};
use countersign_x509::{Certificate, CertificateRequest, pem};

use crate::fixture::{DEVICES, RULES, SERVERS, device_profile, long, rules, server_profile};

fn key(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../x509/tests/data");
    let text = std::fs::read(format!("{folder}/{name}.pem")).unwrap();
    match CertificateRequest::from_pem(&text) {
        Ok(request) => request.public_key().to_vec(),
        Err(_) => pem::certificates(&text)
            .unwrap()
            .remove(0)
            .public_key()
            .to_vec(),
    }
}

fn issue(rules: &ProfileRules, key: &[u8]) -> Result<Certificate, Error> {
    DEVICES
        .issuing
        .issue(&device_profile(), rules, key, long(), [7; 16])
}

#[test]
fn rsa_keys_are_for_signatures_alone() {
    let rsa = key("ok_request_rsa2048");
    let of_devices = issue(&RULES.device, &rsa).unwrap();
    let profile = server_profile();
    let of_servers = SERVERS
        .issuing
        .issue(&profile, rules(&profile), &rsa, long(), [7; 16]);
    for made in [of_devices, of_servers.unwrap()] {
        let usage = made.key_usage().unwrap();
        assert!(usage.digital_signature() && !usage.key_encipherment() && !usage.key_agreement());
    }
}

#[test]
fn a_key_agreement_is_for_keys_that_can() {
    let mut agreeing = RULES.device.clone();
    agreeing.key_usages.push(Usage::KeyAgreement);
    for (name, agrees) in [
        ("ok_request_p256", true),
        ("ok_request_p384_sha256", true),
        ("ok_request_rsa2048", false),
    ] {
        let usage = issue(&agreeing, &key(name)).unwrap().key_usage().unwrap();
        assert!(usage.digital_signature(), "{name}");
        assert_eq!(usage.key_agreement(), agrees, "{name}");
    }
}

#[test]
fn a_key_that_the_rules_leave_out_is_refused_with_what_would_do() {
    let mut narrow = RULES.device.clone();
    narrow.keys = vec![AllowedKey::P384, AllowedKey::Rsa { bits: 3072 }];
    issue(&narrow, &key("ok_request_p384_sha256")).unwrap();
    for (name, what) in [
        ("ok_request_p256", "EC P-256"),
        ("ok_request_rsa2048", "RSA 2048"),
    ] {
        let refused = issue(&narrow, &key(name)).unwrap_err();
        let Error::KeyNotAllowed { kind, allowed } = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(kind.to_string(), what);
        assert_eq!(allowed, "EC P-384, or RSA of 3072 to 8192 bits");
    }
    // What no rules can allow says so too.
    let refused = issue(&RULES.device, &key("ok_p521"));
    assert!(matches!(refused, Err(Error::Key(_))));
    let refused = issue(&RULES.device, &key("ok_ed25519"));
    assert!(matches!(refused, Err(Error::Key(_))));
}

#[test]
fn no_rules_make_an_authority_of_an_end_entity_or_the_other_way_round() {
    let spki = key("ok_request_p256");
    for usage in [Usage::KeyCertSign, Usage::CrlSign] {
        let mut greedy = RULES.device.clone();
        greedy.key_usages.push(usage);
        assert!(matches!(issue(&greedy, &spki), Err(Error::Usage { .. })));
    }
    let mut idle = RULES.device.clone();
    idle.key_usages.clear();
    assert!(matches!(issue(&idle, &spki), Err(Error::Usage { .. })));
    let root = &DEVICES.root_authority;
    let refused = root.issue_ca("x", &RULES.device, &spki, long(), [7; 16]);
    assert!(matches!(refused, Err(Error::Usage { .. })));
}
