//! Path validation by rustls-webpki.

use std::time::Duration;

use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert, aws_lc_rs::ECDSA_P256_SHA256};

use crate::fixture::{DEVICES, SERVERS, START, chain, device_profile, server_profile};
use countersign_x509::Certificate;

fn verify(chain: &[Certificate], root: &Certificate, usage: KeyUsage, at: u64) -> bool {
    let chain: Vec<CertificateDer<'_>> = chain.iter().map(|cert| cert.der().into()).collect();
    let root = CertificateDer::from(root.der());
    let anchor = anchor_from_trusted_cert(&root).unwrap();
    EndEntityCert::try_from(&chain[0])
        .unwrap()
        .verify_for_usage(
            &[ECDSA_P256_SHA256],
            &[anchor],
            &chain[1..],
            UnixTime::since_unix_epoch(Duration::from_secs(at)),
            usage,
            None,
            None,
        )
        .is_ok()
}

fn client() -> KeyUsage {
    KeyUsage::client_auth()
}

fn server() -> KeyUsage {
    KeyUsage::server_auth()
}

#[test]
fn each_chain_is_good_for_its_own_purpose_under_its_own_root_only() {
    let at = START.0 + 86_400;
    let servers = chain(&SERVERS, &server_profile());
    let devices = chain(&DEVICES, &device_profile());
    assert!(verify(&servers, &SERVERS.root, server(), at));
    assert!(verify(&devices, &DEVICES.root, client(), at));
    // A device's chain is never a server's, and the other way round.
    assert!(!verify(&devices, &DEVICES.root, server(), at));
    assert!(!verify(&servers, &SERVERS.root, client(), at));
    // Nor does one hierarchy vouch for the other.
    assert!(!verify(&devices, &SERVERS.root, client(), at));
    assert!(!verify(&servers, &DEVICES.root, server(), at));
}

#[test]
fn a_device_certified_under_the_server_root_by_mistake_is_still_no_server() {
    let at = START.0 + 86_400;
    let devices = chain(&SERVERS, &device_profile());
    assert!(!verify(&devices, &SERVERS.root, server(), at));
}

#[test]
fn a_chain_without_an_end_is_good_in_the_year_9999_and_not_before_its_start() {
    let devices = chain(&DEVICES, &device_profile());
    assert!(verify(&devices, &DEVICES.root, client(), 253_402_300_799));
    assert!(!verify(&devices, &DEVICES.root, client(), START.0 - 1));
}

#[test]
fn server_names_are_dns_names_wildcards_and_addresses() {
    let servers = chain(&SERVERS, &server_profile());
    let leaf = CertificateDer::from(servers[0].der());
    let leaf = EndEntityCert::try_from(&leaf).unwrap();
    let check = |name: &'static str| {
        let name = ServerName::try_from(name).unwrap();
        leaf.verify_is_valid_for_subject_name(&name).is_ok()
    };
    for good in [
        "updates.example",
        "eu.dl.example",
        "192.0.2.7",
        "2001:db8::7",
    ] {
        assert!(check(good), "{good}");
    }
    for bad in ["example", "dl.example", "a.b.dl.example", "192.0.2.8"] {
        assert!(!check(bad), "{bad}");
    }
}
