//! What an authority does not certify, and what never gets into a certificate.

use std::sync::Arc;

use countersign_pki::{
    Authority, Error, Profile, SignError, Signer, Validity, certificate_request, root,
    urn::device_urn,
};
use countersign_protocol::UnixTime;
use countersign_x509::{Certificate, CertificateRequest, KeyKind, pem};

use crate::fixture::{
    DEVICES, Key, RULES, SERVERS, START, chain, device_profile, long, rules, server_profile,
};

fn vector(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../x509/tests/data");
    std::fs::read(format!("{folder}/{name}.pem")).unwrap()
}

fn issue(profile: &Profile) -> Result<Certificate, Error> {
    let key = Key::generate();
    let issuing = &DEVICES.issuing;
    issuing.issue(profile, rules(profile), key.public_key(), long(), [7; 16])
}

#[test]
fn a_request_that_wants_to_be_a_ca_gets_a_device_and_nothing_more() {
    let request = CertificateRequest::from_pem(&vector("ok_request_wants_ca")).unwrap();
    let issuing = &DEVICES.issuing;
    let made = issuing
        .issue(
            &device_profile(),
            &RULES.device,
            request.public_key(),
            long(),
            [7; 16],
        )
        .unwrap();
    assert_eq!(made.public_key(), request.public_key());
    assert_eq!(made.common_name(), Some("7cdfa1000001"));
    assert_eq!(made.uris(), [device_urn("7cdfa1000001")]);
    assert!(!made.is_ca() && made.path_len().is_none());
    assert!(made.dns_names().is_empty() && made.ip_addresses().is_empty());
    let usage = made.extended_key_usage().unwrap();
    assert!(usage.client_auth && !usage.server_auth && !usage.any && usage.other.is_empty());
    let usage = made.key_usage().unwrap();
    assert!(usage.digital_signature() && !usage.key_cert_sign() && !usage.crl_sign());
}

#[test]
fn every_accepted_key_comes_out_as_it_went_in() {
    for (name, kind) in [
        ("ok_request_p256", KeyKind::EcP256),
        // rcgen's own way from a request makes a corrupt key of this one.
        ("ok_request_p384_sha256", KeyKind::EcP384),
        ("ok_request_rsa2048", KeyKind::Rsa { bits: 2048 }),
    ] {
        let request = CertificateRequest::from_pem(&vector(name)).unwrap();
        let made = DEVICES
            .issuing
            .issue(
                &device_profile(),
                &RULES.device,
                request.public_key(),
                long(),
                [7; 16],
            )
            .unwrap();
        assert_eq!(made.public_key(), request.public_key());
        assert_eq!(made.key_kind(), &kind);
    }
    let p521 = pem::certificates(&vector("ok_p521")).unwrap().remove(0);
    let issuing = &DEVICES.issuing;
    let refused = issuing.issue(
        &device_profile(),
        &RULES.device,
        p521.public_key(),
        long(),
        [7; 16],
    );
    assert!(matches!(refused, Err(Error::Key(_))));
}

#[test]
fn a_foreign_authority_with_a_longer_name_keeps_it_byte_for_byte() {
    // Written with PrintableString and UTF8String by OpenSSL; its key is ours for the test.
    let foreign = pem::certificates(&vector("ok_root")).unwrap().remove(0);
    let key = Arc::new(Borrowed(foreign.public_key().to_vec(), Key::generate()));
    let authority = Authority::new(foreign, vec![], key).unwrap();
    let subject = Key::generate();
    let made = authority.issue(
        &device_profile(),
        &RULES.device,
        subject.public_key(),
        long(),
        [7; 16],
    );
    // The name is past by the time that the wrong signature is seen.
    let what = "its signature";
    assert!(matches!(made, Err(Error::Unfaithful { what: w }) if w == what));
}

#[test]
fn a_signer_that_fails_says_why() {
    let failing = Failing(Key::generate());
    let failed = root::self_sign("x", &RULES.root, &failing, long(), [1; 16]);
    assert!(matches!(failed, Err(Error::Signer(SignError(why))) if why == "token removed"));
}

#[test]
fn an_authority_is_a_ca_with_its_own_key_and_an_unbroken_chain() {
    let servers = &*SERVERS;
    let ca = servers.issuing.certificate().clone();
    let refused = Authority::new(ca.clone(), vec![], Key::generate());
    assert!(matches!(refused, Err(Error::ForeignKey { .. })));

    let key = Key::generate();
    let leaf = DEVICES
        .issuing
        .issue(
            &device_profile(),
            &RULES.device,
            key.public_key(),
            long(),
            [7; 16],
        )
        .unwrap();
    let refused = Authority::new(leaf, vec![], key);
    assert!(matches!(refused, Err(Error::NotACa { .. })));

    let key = Key::generate();
    let below = servers
        .root_authority
        .issue_ca("another", &RULES.issuing, key.public_key(), long(), [7; 16])
        .unwrap();
    let refused = Authority::new(below, vec![DEVICES.root.clone()], key);
    assert!(matches!(refused, Err(Error::BrokenChain { position: 0 })));
}

#[test]
fn an_issuing_ca_gets_no_ca_below_it() {
    let key = Key::generate();
    let refused =
        DEVICES
            .issuing
            .issue_ca("below", &RULES.issuing, key.public_key(), long(), [7; 16]);
    assert!(matches!(refused, Err(Error::PathLen { .. })));
}

#[test]
fn names_that_would_mislead_are_refused() {
    let device = |id: &str, urn: &str| {
        issue(&Profile::Device {
            id: id.to_owned(),
            urn: urn.to_owned(),
        })
    };
    let urn = device_urn("x");
    device(&"d".repeat(64), &urn).unwrap();
    for id in ["", "a\0b", "a\nb", &"d".repeat(65)] {
        assert!(matches!(device(id, &urn), Err(Error::Name { .. })), "{id}");
    }
    for urn in ["", "https://x", "urn:dev:mac:\n", "urn:dev:é"] {
        assert!(matches!(device("x", urn), Err(Error::Name { .. })), "{urn}");
    }
    let server = |names: &[&str]| {
        issue(&Profile::Server {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        })
    };
    let long = format!("{}.example", "a".repeat(63));
    for names in [
        &["localhost"][..],
        &[&long],
        &["::1"],
        &["*.x.example", "10.0.0.1"],
    ] {
        server(names).unwrap();
    }
    // Too long for a common name: then the subject is empty, and the SAN critical (RFC 5280).
    let made = server(&[&long]).unwrap();
    assert_eq!(made.common_name(), None);
    assert!(made.critical_extensions().contains(&"2.5.29.17".to_owned()));
    for names in [
        &[][..],
        &[""],
        &["a..b"],
        &["-a.b"],
        &["a b"],
        &["a.b."],
        &["x", "*"],
        &["a.*.b"],
        &["1.2.3"],
        &["192.0.2.256"],
        &["é.example"],
        &["https://x"],
        &["x:8443"],
    ] {
        assert!(
            matches!(server(names), Err(Error::Name { .. })),
            "{names:?}"
        );
    }
}

#[test]
fn serials_are_positive_and_not_zero() {
    let key = Key::generate();
    let issuing = &DEVICES.issuing;
    let make = |serial| {
        issuing.issue(
            &device_profile(),
            &RULES.device,
            key.public_key(),
            long(),
            serial,
        )
    };
    assert!(matches!(make([0; 16]), Err(Error::Serial)));
    assert_eq!(make([0xff; 16]).unwrap().serial_hex(), "ff".repeat(16));
    let mut small = [0; 16];
    small[15] = 0x80;
    assert_eq!(make(small).unwrap().serial_hex(), "80");
}

#[test]
fn validity_is_what_was_asked_or_refused() {
    let key = Key::generate();
    let make = |from: u64, to: Option<u64>| {
        let validity = Validity {
            not_before: UnixTime(from),
            not_after: to.map(UnixTime),
        };
        DEVICES.issuing.issue(
            &device_profile(),
            &RULES.device,
            key.public_key(),
            validity,
            [7; 16],
        )
    };
    // 2049 and 2050 are written in different forms (RFC 5280 §4.1.2.5).
    for (from, to) in [(START.0, 2_524_607_999), (START.0, 2_524_608_000), (0, 1)] {
        let made = make(from, Some(to)).unwrap();
        assert_eq!((made.not_before(), made.not_after()), (from, to));
    }
    assert_eq!(make(START.0, None).unwrap().not_after(), 253_402_300_799);
    for (from, to) in [(2, Some(1)), (0, Some(253_402_300_800)), (u64::MAX, None)] {
        assert!(matches!(make(from, to), Err(Error::Validity)));
    }
}

#[test]
fn chains_fit_one_small_record() {
    // The Certificate message of TLS 1.2: 4 + 3 bytes, and 3 for each certificate (RFC 5246 §7.4.2).
    let message = |chain: &[Certificate]| {
        let certificates: usize = chain.iter().map(|cert| 3 + cert.der().len()).sum();
        7 + certificates
    };
    let servers = chain(&SERVERS, &server_profile());
    let devices = chain(&DEVICES, &device_profile());
    assert_eq!((servers.len(), devices.len()), (2, 2));
    // Both are near 1 KiB; the rest of the flight needs under 512 bytes of the 4096.
    assert!(message(&servers) < 1100, "{}", message(&servers));
    assert!(message(&devices) < 1050, "{}", message(&devices));
}

#[test]
fn our_own_request_is_read_back() {
    let key = Key::generate();
    let text = certificate_request(&*key, "7cdfa1000001").unwrap();
    let request = CertificateRequest::from_pem(text.as_bytes()).unwrap();
    assert_eq!(request.public_key(), key.public_key());
    assert_eq!(request.common_name(), Some("7cdfa1000001"));
    let refused = certificate_request(&*key, "");
    assert!(matches!(refused, Err(Error::Name { .. })));
}

/// Claims one public key and signs with another.
#[derive(Debug)]
pub(crate) struct Borrowed(pub(crate) Vec<u8>, pub(crate) Arc<Key>);

impl Signer for Borrowed {
    fn public_key(&self) -> &[u8] {
        &self.0
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.1.sign(message)
    }
}

#[derive(Debug)]
pub(crate) struct Failing(pub(crate) Arc<Key>);

impl Signer for Failing {
    fn public_key(&self) -> &[u8] {
        self.0.public_key()
    }

    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, SignError> {
        Err(SignError("token removed".to_owned()))
    }
}
