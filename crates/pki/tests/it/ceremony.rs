//! A root that is elsewhere: what travels to it is a request, what comes back a certificate.

use std::{fs, sync::Arc};

use countersign_pki::{Authority, Error, Profile, Signer as _, authority_request};
use countersign_x509::{CertificateRequest, KeyUsage, pem};

use crate::{
    fixture::{DEVICES, Key, RULES, device_profile, long},
    peers::openssl,
    refusals::Borrowed,
};

#[test]
fn a_root_certifies_an_issuing_authority_from_its_request_alone() {
    let key = Key::generate();
    let text = authority_request(&*key, "Devices 2", &RULES.issuing).unwrap();
    // At the root.
    let request = CertificateRequest::from_pem(text.as_bytes()).unwrap();
    let (name, spki) = (request.common_name().unwrap(), request.public_key());
    let root = &DEVICES.root_authority;
    let made = root
        .issue_ca(name, &RULES.issuing, spki, long(), [6; 16])
        .unwrap();
    assert_eq!((made.is_ca(), made.path_len()), (true, Some(0)));
    assert!(made.key_usage().is_some_and(KeyUsage::crl_sign));
    assert_eq!(made.subject_text(), "CN=Devices 2");
    // Back again.
    let issuing = Authority::new(made, vec![DEVICES.root.clone()], key).unwrap();
    let device = Key::generate();
    let profile: Profile = device_profile();
    let leaf = issuing.issue(
        &profile,
        &RULES.device,
        device.public_key(),
        long(),
        [7; 16],
    );
    assert_eq!(issuing.chain_of(leaf.unwrap()).len(), 2);
}

#[test]
fn the_roots_of_others_certify_our_request_too() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let key = Key::generate();
    let text = authority_request(&*key, "Devices 3", &RULES.issuing).unwrap();
    fs::write(folder.join("request.pem"), text).unwrap();
    let arguments = ["req", "-in", "request.pem", "-noout", "-verify", "-text"];
    let Some((good, words)) = openssl(folder, &arguments) else {
        return;
    };
    for line in [
        "verify OK",
        "Subject: CN = Devices 3",
        "CA:TRUE, pathlen:0",
        "Certificate Sign, CRL Sign",
    ] {
        assert!(good && words.contains(line), "{line}\n{words}");
    }
    let root = [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-384",
        "-nodes",
        "-subj",
        "/O=Others/CN=Root",
        "-days",
        "36500",
        "-keyout",
        "root.key",
        "-out",
        "root.pem",
        "-addext",
        "keyUsage=critical,keyCertSign,cRLSign",
    ];
    let (good, words) = openssl(folder, &root).unwrap();
    assert!(good, "{words}");
    let sign = [
        "x509",
        "-req",
        "-in",
        "request.pem",
        "-CA",
        "root.pem",
        "-CAkey",
        "root.key",
        "-sha384",
        "-days",
        "36500",
        "-copy_extensions",
        "copyall",
        "-out",
        "issuing.pem",
    ];
    let (good, words) = openssl(folder, &sign).unwrap();
    assert!(good, "{words}");
    let read = |name: &str| {
        let text = fs::read(folder.join(name)).unwrap();
        pem::certificates(&text).unwrap().remove(0)
    };
    let issuing = Authority::new(read("issuing.pem"), vec![read("root.pem")], key).unwrap();
    let device = Key::generate();
    let profile = device_profile();
    let leaf = issuing.issue(
        &profile,
        &RULES.device,
        device.public_key(),
        long(),
        [7; 16],
    );
    let chain = pem::to_pem(&issuing.chain_of(leaf.unwrap()));
    fs::write(folder.join("chain.pem"), chain).unwrap();
    let verify = [
        "verify",
        "-purpose",
        "sslclient",
        "-CAfile",
        "root.pem",
        "-untrusted",
        "chain.pem",
        "chain.pem",
    ];
    let (good, words) = openssl(folder, &verify).unwrap();
    assert!(good, "{words}");
}

#[test]
fn a_request_that_its_own_key_did_not_sign_does_not_leave() {
    let borrowed = Borrowed(Key::generate().public_key().to_vec(), Key::generate());
    let refused = authority_request(&borrowed, "x", &RULES.issuing);
    assert!(matches!(
        refused,
        Err(Error::Unfaithful {
            what: "its signature"
        })
    ));
    let refused = authority_request(&*Key::generate(), "", &RULES.issuing);
    assert!(matches!(refused, Err(Error::Name { .. })));
}

#[test]
fn an_issuing_authority_has_a_key_that_we_can_sign_with() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../x509/tests/data");
    for name in ["ok_request_p384_sha256", "ok_request_rsa2048"] {
        let text = fs::read(format!("{folder}/{name}.pem")).unwrap();
        let request = CertificateRequest::from_pem(&text).unwrap();
        let root = &DEVICES.root_authority;
        let refused = root.issue_ca("x", &RULES.issuing, request.public_key(), long(), [6; 16]);
        let Err(Error::KeyNotAllowed { allowed, .. }) = refused else {
            panic!("{name}")
        };
        assert_eq!(allowed, "EC P-256");
    }
    // What comes back for another key is not taken.
    let root = &DEVICES.root_authority;
    let other = Key::generate();
    let made = root.issue_ca("x", &RULES.issuing, other.public_key(), long(), [6; 16]);
    let refused = Authority::new(
        made.unwrap(),
        vec![DEVICES.root.clone()],
        Arc::clone(&Key::generate()) as _,
    );
    assert!(matches!(refused, Err(Error::ForeignKey { .. })));
}
