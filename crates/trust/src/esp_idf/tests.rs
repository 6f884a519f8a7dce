use esp_formats::bundle::Format;
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyPair,
    KeyUsagePurpose, NameConstraints,
};

use super::*;
use crate::bundle;
use crate::mint::{Ca, named, params};

type Change = fn(&mut CertificateParams);

const fn same(_: &mut CertificateParams) {}

/// A certificate for the server that all of these ask for.
fn leaf(ca: &Ca, change: Change) -> Vec<u8> {
    ca.leaf_with(&["s3.example"], change)
}

fn bundle_of(roots: &[&Ca]) -> Vec<u8> {
    let certificates: Vec<_> = roots.iter().map(|root| root.certificate.clone()).collect();
    bundle::build(&certificates, Format::Offsets).unwrap()
}

/// The path and the name of the anchor, for a device that trusts `roots`.
fn check(chain: &[&[u8]], roots: &[&Ca]) -> Result<(Vec<usize>, Vec<u8>), Refusal> {
    check_at(chain, roots, "s3.example", None)
}

fn check_at(
    chain: &[&[u8]],
    roots: &[&Ca],
    host: &str,
    floor: Option<u64>,
) -> Result<(Vec<usize>, Vec<u8>), Refusal> {
    let bytes = bundle_of(roots);
    let bundle = Bundle::parse(&bytes).unwrap();
    let accepted = verify(chain, &bundle, host, floor.map(UnixTime))?;
    Ok((accepted.path().to_vec(), accepted.anchor().name.to_vec()))
}

#[test]
fn a_path_ends_under_the_entry_that_the_top_names() {
    let [root, other] = [Ca::root("root"), Ca::root("other")];
    let middle = root.below("middle", same);
    let leaf = leaf(&middle, same);
    let found = |path: &[usize]| Ok((path.to_vec(), root.certificate.subject().to_vec()));
    let roots = [&other, &root];
    assert_eq!(check(&[&leaf, middle.der()], &roots), found(&[0, 1]));
    // A root that is sent along is looked up under its own name.
    let whole: [&[u8]; 3] = [&leaf, middle.der(), root.der()];
    assert_eq!(check(&whole, &roots), found(&[0, 1, 2]));
    // What does not belong does no harm.
    let noisy: [&[u8]; 4] = [&leaf, other.der(), middle.der(), &leaf];
    assert_eq!(check(&noisy, &roots), found(&[0, 2]));
    // Any CA may be an entry; then nothing above it may be sent.
    let pinned = Ok((vec![0], middle.certificate.subject().to_vec()));
    assert_eq!(check(&[&leaf], &[&middle]), pinned);
}

#[test]
fn each_certificate_is_looked_for_behind_what_it_issued() {
    let root = Ca::root("root");
    let upper = root.below("upper", same);
    let lower = upper.below("lower", same);
    let leaf = leaf(&lower, same);
    let right: [&[u8]; 3] = [&leaf, lower.der(), upper.der()];
    assert_eq!(check(&right, &[&root]).unwrap().0, [0, 1, 2]);
    let wrong: [&[u8]; 3] = [&leaf, upper.der(), lower.der()];
    let refused = Err(Refusal::OutOfOrder {
        position: 2,
        issuer_position: 1,
    });
    assert_eq!(check(&wrong, &[&root]), refused);
}

#[test]
fn a_missing_root_is_named() {
    let [root, other] = [Ca::root("root"), Ca::root("other")];
    let middle = root.below("middle", same);
    let leaf = leaf(&middle, same);
    let unknown = |position, issuer: &str| {
        Err(Refusal::UnknownIssuer {
            position,
            issuer: format!("CN={issuer}"),
            itself: false,
        })
    };
    let chain: [&[u8]; 2] = [&leaf, middle.der()];
    assert_eq!(check(&chain, &[&other]), unknown(1, "root"));
    // The server forgot its intermediate.
    assert_eq!(check(&[&leaf], &[&root]), unknown(0, "middle"));
    let refused = check(&[], &[&root]);
    assert_eq!(refused, Err(Refusal::NoCertificate));
}

#[test]
fn a_cross_signed_root_needs_the_older_one() {
    // As S3's chain does: Starfield Services Root G2, certified by Starfield Class 2.
    let [new, old] = [Ca::root("new"), Ca::root("old")];
    let leaf = leaf(&new, same);
    let crossed = new.under(&old);
    let chain: [&[u8]; 2] = [&leaf, &crossed];
    assert_eq!(check(&chain, &[&old]).unwrap().0, [0, 1]);
    let refused = Err(Refusal::CrossSigned {
        position: 1,
        subject: "CN=new".to_owned(),
        issuer: "CN=old".to_owned(),
    });
    assert_eq!(check(&chain, &[&new]), refused);
    check(&[&leaf], &[&new]).unwrap();
}

#[test]
fn the_name_alone_proves_nothing() {
    let [root, impostor] = [Ca::root("root"), Ca::root("root")];
    let wrong = |position| {
        Err(Refusal::WrongAnchor {
            position,
            issuer: "CN=root".to_owned(),
        })
    };
    assert_eq!(check(&[&leaf(&impostor, same)], &[&root]), wrong(0));
    let forged: [&[u8]; 2] = [&leaf(&impostor, same), impostor.der()];
    assert_eq!(check(&forged, &[&root]), wrong(1));
    // The bundle vouches for the leaf, but nothing for what was sent behind it.
    let mixed: [&[u8]; 2] = [&leaf(&root, same), impostor.der()];
    assert_eq!(check(&mixed, &[&root]), wrong(1));
}

#[test]
fn only_cas_issue() {
    let root = Ca::root("root");
    let changes: [Change; 2] = [
        |params| params.is_ca = IsCa::NoCa,
        |params| params.key_usages = vec![KeyUsagePurpose::DigitalSignature],
    ];
    for change in changes {
        let middle = root.below("middle", change);
        let chain: [&[u8]; 2] = [&leaf(&middle, same), middle.der()];
        let refused = Err(Refusal::NotACa { position: 1 });
        assert_eq!(check(&chain, &[&root]), refused);
    }
}

#[test]
fn path_lengths_are_kept() {
    let root = Ca::root("root");
    let limited: Change = |params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let upper = root.below("upper", limited);
    let direct: [&[u8]; 2] = [&leaf(&upper, same), upper.der()];
    check(&direct, &[&root]).unwrap();
    let lower = upper.below("lower", same);
    let chain: [&[u8]; 3] = [&leaf(&lower, same), lower.der(), upper.der()];
    let refused = Err(Refusal::PathTooLong { position: 2 });
    assert_eq!(check(&chain, &[&root]), refused);
}

#[test]
fn eight_intermediates_are_the_most() {
    let root = Ca::root("root");
    let mut cas = vec![root.below("1", same)];
    for name in ["2", "3", "4", "5", "6", "7", "8", "9"] {
        let next = cas.last().unwrap().below(name, same);
        cas.push(next);
    }
    let chain_of = |count: usize| -> Vec<Vec<u8>> {
        let leaf = leaf(&cas[count - 1], same);
        let above = cas[..count].iter().rev().map(|ca| ca.der().to_vec());
        std::iter::once(leaf).chain(above).collect()
    };
    for (count, expected) in [(8, None), (9, Some(Refusal::TooMany))] {
        let chain = chain_of(count);
        let chain: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
        assert_eq!(check(&chain, &[&root]).err(), expected, "{count}");
    }
}

#[test]
fn a_server_is_certified_for_servers() {
    let root = Ca::root("root");
    let good: [Change; 4] = [
        same,
        |params| params.extended_key_usages = vec![],
        |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any],
        |params| params.key_usages = vec![],
    ];
    for change in good {
        check(&[&leaf(&root, change)], &[&root]).unwrap();
    }
    let bad: [Change; 2] = [
        |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
        |params| params.key_usages = vec![KeyUsagePurpose::KeyCertSign],
    ];
    for change in bad {
        let refused = check(&[&leaf(&root, change)], &[&root]);
        assert_eq!(refused, Err(Refusal::NotAServers));
    }
}

#[test]
fn names_are_compared_as_mbedtls_does() {
    let root = Ca::root("root");
    let many: Change = |params| {
        let names = ["S3.example", "*.b.example", "192.0.2.7", "2001:db8::7"];
        *params = CertificateParams::new(names.map(str::to_owned)).unwrap();
        params.distinguished_name = named("other.example");
    };
    let common: Change = |params| params.subject_alt_names = vec![];
    let uri_only: Change = |params| {
        let uri = "urn:dev:mac:0024befffe804ff1".try_into().unwrap();
        params.subject_alt_names = vec![rcgen::SanType::URI(uri)];
    };
    for (change, good, bad) in [
        (
            many,
            &["s3.EXAMPLE", "a.b.example", "192.0.2.7", "2001:DB8:0::7"][..],
            &[
                "other.example",
                "b.example",
                "a.a.b.example",
                ".b.example",
                "192.0.2.8",
                "",
            ][..],
        ),
        (common, &["s3.example"], &["example", "x.s3.example"]),
        // With a subject alternative name of any type the common name does not count.
        (uri_only, &[], &["s3.example"]),
    ] {
        let leaf = leaf(&root, change);
        for host in good {
            check_at(&[&leaf], &[&root], host, None).unwrap();
        }
        for host in bad {
            let refused = check_at(&[&leaf], &[&root], host, None).unwrap_err();
            assert!(matches!(refused, Refusal::WrongName { .. }), "{host}");
        }
    }
}

#[test]
fn what_ended_before_the_floor_is_refused_and_what_has_not_begun_is_not() {
    let root = Ca::root("root");
    let dated: Change = |params| {
        params.not_before = time::OffsetDateTime::from_unix_timestamp(1000).unwrap();
        params.not_after = time::OffsetDateTime::from_unix_timestamp(2000).unwrap();
    };
    let middle = root.below("middle", dated);
    let below: [&[u8]; 2] = [&leaf(&middle, same), middle.der()];
    let leaf = leaf(&root, dated);
    for (chain, position) in [(&[&leaf[..]][..], 0), (&below, 1)] {
        for good in [None, Some(1), Some(1500), Some(2000)] {
            check_at(chain, &[&root], "s3.example", good).unwrap();
        }
        let refused = Err(Refusal::Expired {
            position,
            not_after: UnixTime(2000),
            floor: UnixTime(2001),
        });
        assert_eq!(check_at(chain, &[&root], "s3.example", Some(2001)), refused);
    }
}

#[test]
fn what_mbedtls_cannot_read_ends_the_handshake_even_if_unused() {
    let root = Ca::root("root");
    let constrained = root.below("constrained", |params| {
        let subtree = GeneralSubtree::DnsName("example".to_owned());
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![subtree],
            excluded_subtrees: vec![],
        });
    });
    let leaf = leaf(&root, same);
    let oid = "2.5.29.30".to_owned();
    let refused = Err(Refusal::CriticalExtension { position: 1, oid });
    assert_eq!(check(&[&leaf, constrained.der()], &[&root]), refused);

    let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let ed25519 = root.sign(&params("ed25519"), &key);
    let kind = "Ed25519".to_owned();
    let refused = Err(Refusal::Key { position: 1, kind });
    assert_eq!(check(&[&leaf, &ed25519], &[&root]), refused);

    let refused = check(&[&leaf, b"\x30\x00"], &[&root]).unwrap_err();
    assert!(matches!(refused, Refusal::Unreadable { position: 1, .. }));
}

#[test]
fn an_old_root_that_signed_itself_with_sha1_is_trusted_for_its_key() {
    let text = include_bytes!("../../../x509/tests/data/err_signature_sha1.pem");
    let old = countersign_x509::pem::certificates(text).unwrap();
    let bytes = bundle::build(&old, Format::Legacy).unwrap();
    let bundle = Bundle::parse(&bytes).unwrap();
    verify(&[old[0].der()], &bundle, "sha1", None).unwrap();
}

#[test]
fn no_changed_byte_is_accepted() {
    let root = Ca::root("root");
    let middle = root.below("middle", same);
    let leaf = leaf(&middle, same);
    let bytes = bundle_of(&[&root]);
    let bundle = Bundle::parse(&bytes).unwrap();
    let refuses = |chain: &[&[u8]]| verify(chain, &bundle, "s3.example", None).is_err();
    assert!(!refuses(&[&leaf, middle.der()]));
    for at in 0..leaf.len() {
        let mut bad = leaf.clone();
        bad[at] ^= 1 << (at % 8);
        assert!(refuses(&[&bad, middle.der()]), "leaf byte {at}");
        assert!(refuses(&[&leaf[..at], middle.der()]));
    }
    for at in 0..middle.der().len() {
        let mut bad = middle.der().to_vec();
        bad[at] ^= 1 << (at % 8);
        assert!(refuses(&[&leaf, &bad]), "issuer byte {at}");
    }
}

#[test]
fn a_good_chain_behind_a_certificate_that_is_passed_over_is_no_good() {
    // A device takes the second certificate for the server's, and its key. Who keeps to the first
    // one's key, as rustls does, must not believe the second one for it.
    let root = Ca::root("root");
    let stranger = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let params = CertificateParams::new(["s3.example".to_owned()]).unwrap();
    let strange = params.self_signed(&stranger).unwrap().der().to_vec();
    let good = leaf(&root, same);
    check(&[&good, &strange], &[&root]).unwrap();
    let refused = Err(Refusal::Signature {
        position: 0,
        oid: "1.3.101.112".to_owned(),
    });
    assert_eq!(check(&[&strange, &good], &[&root]), refused);
}
