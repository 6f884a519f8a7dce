//! Where mbedTLS is laxer, or stricter, than the standard.

use countersign_trust::{Refusal, Verdict, lines};

use crate::{
    der::{oid, sequence, tlv},
    forge,
    servers::{Ca, Change, bundle_for, common, judged, judged_with, names, release, same},
};

/// What every line makes of a server's certificate directly below its root: a code, or nothing.
fn leaf(change: Change) -> Vec<(String, Option<&'static str>)> {
    let root = Ca::new("root");
    let leaf = root.leaf(change);
    lines()
        .iter()
        .map(|line| {
            let verdict = judged(line.release(), &[&leaf], &[&root]);
            (
                line.to_string(),
                verdict.outcome.err().map(|refusal| refusal.code()),
            )
        })
        .collect()
}

fn everywhere(change: Change, expected: Option<&'static str>) {
    for (line, found) in leaf(change) {
        assert_eq!(found, expected, "{line}");
    }
}

#[test]
fn what_the_standard_forbids_and_the_library_reads() {
    let good: [Change; 6] = [
        |spec| spec.serial = vec![0xff, 0x01],
        |spec| spec.serial = vec![],
        |spec| spec.trailing = true,
        // Version 1: no extensions, and so a common name that counts.
        |spec| (spec.version, spec.extensions) = (None, vec![]),
        // An extension that nobody knows, twice.
        |spec| {
            let same = (vec![0x2a, 0x03], false, tlv(5, &[]));
            spec.extensions.extend([same.clone(), same]);
        },
        |spec| spec.subject.clear(),
    ];
    for change in good {
        everywhere(change, None);
    }
}

#[test]
fn what_ends_the_handshake_when_it_is_read() {
    let bad: [(Change, &str); 7] = [
        (|spec| spec.version = Some(3), "unreadable"),
        (|spec| spec.version = Some(1), "unreadable"),
        (|spec| spec.two_algorithms = true, "unreadable"),
        // An extension that it knows, twice.
        (
            |spec| {
                let first = spec.extensions[0].clone();
                spec.extensions.push(first);
            },
            "unreadable",
        ),
        // Name constraints.
        (
            |spec| {
                let none = sequence(&[&tlv(0xa0, &[])]);
                spec.extensions.push((vec![0x55, 0x1d, 0x1e], true, none));
            },
            "critical-extension",
        ),
        // A NumericString in a name.
        (
            |spec| spec.subject.push(vec![(5, 0x12, "1".to_owned())]),
            "unreadable",
        ),
        (
            |spec| {
                spec.spki = sequence(&[&sequence(&[&oid(&[0x2b, 0x65, 0x70])]), &tlv(3, &[0; 33])]);
            },
            "key",
        ),
    ];
    for (change, code) in bad {
        everywhere(change, Some(code));
    }
}

#[test]
fn keys_are_read_as_each_release_reads_them() {
    let compressed: Change =
        |spec| spec.spki = forge::curve_key(forge::P256, forge::P256_COMPRESSED);
    // A Netscape type of no bits.
    let no_type: Change = |spec| {
        let netscape = vec![0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x42, 0x01, 0x01];
        spec.extensions.push((netscape, false, tlv(3, &[0])));
    };
    let uneven: Change = |spec| spec.spki = forge::rsa_key(2049);
    let root = Ca::new("root");
    for (change, since, until) in [
        (compressed, "v5.0.3", "v9.0"),
        (no_type, "v5.0.3", "v9.0"),
        (uneven, "v4.2", "v6.0"),
    ] {
        let leaf = root.leaf(change);
        for text in [
            "v4.2", "v4.4.8", "v5.0.2", "v5.0.3", "v5.3", "v5.5", "v6.0", "v6.2",
        ] {
            let good = (release(since)..release(until)).contains(&release(text));
            let verdict = judged(release(text), &[&leaf], &[&root]);
            assert_eq!(verdict.outcome.is_ok(), good, "{text}: {verdict:?}");
        }
    }
}

#[test]
fn a_certificate_whose_algorithm_is_unknown_is_passed_over() {
    let (root, stranger) = (Ca::new("root"), Ca::new("stranger"));
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let params = rcgen::CertificateParams::new(vec!["s3.example".to_owned()]).unwrap();
    let ed25519 = params.self_signed(&pair).unwrap().der().to_vec();
    let good = root.leaf(same);
    for line in lines() {
        // Even before the server's own, which then is the first.
        for chain in [[&good[..], &ed25519], [&ed25519[..], &good]] {
            let verdict = judged(line.release(), &chain, &[&root]);
            assert!(verdict.outcome.is_ok(), "{line}");
        }
        let refused = judged(line.release(), &[&ed25519], &[&stranger]).outcome;
        assert_eq!(refused.unwrap_err().code(), "signature", "{line}");
    }
}

#[test]
fn names_are_compared_more_loosely_in_a_chain_than_in_a_bundle() {
    // The issuer's name in other letters and another string type.
    let (root, middle) = (Ca::new("root"), Ca::new("middle"));
    let respelled = Ca {
        name: vec![vec![(3, 0x13, "MIDDLE".to_owned())]],
        key: forge_again(&middle),
    };
    let chain: [&[u8]; 2] = [&respelled.leaf(same), &middle.by(&root, same)];
    for line in lines() {
        judged(line.release(), &chain, &[&root]).outcome.unwrap();
        let refused = judged(line.release(), &chain[..1], &[&middle])
            .outcome
            .unwrap_err();
        assert_eq!(refused.code(), "unknown-issuer", "{line}");
    }
}

/// The same key once more.
fn forge_again(ca: &Ca) -> forge::Key {
    forge::Key::fixed(&ca.key.pem())
}

#[test]
fn usages_are_kept_to() {
    let usage = |bits: &'static [u8]| (vec![0x55, 0x1d, 0x0f], true, tlv(3, bits));
    let purpose = |last: u8| {
        let id = oid(&[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, last]);
        (vec![0x55, 0x1d, 0x25], false, tlv(0x30, &id))
    };
    let root = Ca::new("root");
    for (extension, good) in [
        (usage(&[7, 0x80]), true),
        (usage(&[5, 0xa0]), true),
        // No server would choose a suite without a signature today.
        (usage(&[5, 0x20]), false),
        (usage(&[1, 0x06]), false),
        // A key that may only encipher in an agreement may not sign.
        (usage(&[0, 0x81]), false),
        (purpose(1), true),
        (purpose(2), false),
    ] {
        let own = Ca::new("s3.example");
        let mut leaf = own.spec_by(&root);
        leaf.extensions = vec![names(&[(0x82, b"s3.example")]), extension.clone()];
        let leaf = forge::sign(&leaf, &root.key);
        for line in lines() {
            let verdict = judged(line.release(), &[&leaf], &[&root]);
            assert_eq!(verdict.outcome.is_ok(), good, "{line}: {extension:?}");
            if !good {
                assert_eq!(verdict.log.code, Some(-0x7a00));
            }
        }
    }
}

#[test]
fn wildcards_stand_for_one_whole_first_label() {
    let root = Ca::named(common("root"));
    for (pattern, host, good) in [
        ("*.b.example", "a.b.example", true),
        ("*.B.EXAMPLE", "a.b.example", true),
        ("*.b.example", "b.example", false),
        ("*.b.example", "a.a.b.example", false),
        ("*.b.example", ".b.example", false),
        ("a.*.example", "a.b.example", false),
        ("a*.b.example", "ab.b.example", false),
        ("*", "example", false),
        ("*.", "a.", false),
        // It has no notion of a public suffix.
        ("*.example", "a.example", true),
    ] {
        let own = Ca::new("x");
        let mut spec = own.spec_by(&root);
        spec.extensions = vec![names(&[(0x82, pattern.as_bytes())])];
        let leaf = forge::sign(&spec, &root.key);
        for line in lines() {
            let release = line.release();
            let bundle = bundle_for(release, vec![root.entry()]);
            let verdict = judged_with(release, &[&leaf], host, &bundle);
            assert_eq!(verdict.outcome.is_ok(), good, "{line}: {pattern} {host}");
        }
    }
}

#[test]
fn compressed_points_are_read_since_mbedtls_3_4() {
    let (root, own) = (Ca::new("root"), Ca::new("s3.example"));
    let mut spec = own.spec_by(&root);
    spec.extensions = vec![names(&[(0x82, b"s3.example")])];
    spec.spki = forge::compressed(&spec.spki);
    let compressed = forge::sign(&spec, &root.key);
    let plain = root.leaf(same);
    let anchor = (root.entry().0, forge::compressed(&root.key.spki));
    for (version, reads) in [
        ("v4.2.5", false),
        ("v4.4.8", false),
        ("v5.0.2", false),
        ("v5.0.3", true),
        ("v5.1", true),
        ("v5.5.5", true),
        ("v6.0.2", true),
    ] {
        let version = release(version);
        let code = |verdict: Verdict| verdict.outcome.err().map(|refusal| refusal.code());
        let of_leaf = code(judged(version, &[&compressed], &[&root]));
        assert_eq!(of_leaf, (!reads).then_some("unreadable"), "{version}");
        let bundle = bundle_for(version, vec![anchor.clone()]);
        let of_root = code(judged_with(version, &[&plain], "s3.example", &bundle));
        assert_eq!(of_root, (!reads).then_some("anchor-key"), "{version}");
    }
}

#[test]
fn of_two_issuers_of_one_name_the_first_that_was_sent_is_tried() {
    let root = Ca::new("root");
    let (right, wrong) = (Ca::new("issuing"), Ca::new("issuing"));
    let leaf = right.leaf(same);
    let [right, wrong] = [right, wrong].map(|ca| ca.by(&root, same));
    for line in lines() {
        let judge = |chain: &[&[u8]]| judged(line.release(), chain, &[&root]).outcome;
        judge(&[&leaf, &right, &wrong]).unwrap();
        for chain in [&[&*leaf, &wrong][..], &[&leaf, &wrong, &right]] {
            let refused = judge(chain).unwrap_err();
            let Refusal::WrongIssuer {
                position: 0,
                issuer_position: 1,
            } = refused
            else {
                panic!("{line}: {refused}");
            };
        }
    }
}
