//! What differs between the lines of releases.

use countersign_roots::{DefaultList, by_name};
use countersign_trust::{Clock, Device, Line, device::DEFAULT_MAX_ENTRIES, judge, lines};

use crate::{
    forge::{self, Spec},
    servers::{Ca, bundle_for, common, judged, judged_with, names, same},
};

/// The lines of which something is true.
fn those(is: impl Fn(&Line) -> bool) -> Vec<String> {
    let chosen = lines().iter().filter(|line| is(line));
    chosen.map(ToString::to_string).collect()
}

fn all_but(not: &[&str]) -> Vec<String> {
    those(|line| !not.contains(&line.to_string().as_str()))
}

#[test]
fn an_address_is_compared_since_mbedtls_3_5() {
    let root = Ca::new("root");
    let leaf = root.leaf(|spec| spec.extensions = vec![names(&[(0x87, &[192, 0, 2, 7])])]);
    let accepts = |line: &Line| {
        let bundle = bundle_for(line.release(), vec![root.entry()]);
        let verdict = judged_with(line.release(), &[&leaf], "192.0.2.7", &bundle);
        if let Err(refusal) = &verdict.outcome {
            assert_eq!(refusal.code(), "address-not-compared", "{line}");
        }
        verdict.outcome.is_ok()
    };
    let accepting = those(accepts);
    assert_eq!(
        accepting[..3],
        ["v5.0.5 to v5.0.9", "v5.1.2 to v5.1.6", "v5.1.7"]
    );
    assert_eq!(accepting.len(), 13);
    // As a name an address has always been good.
    let named = root.leaf(|spec| spec.extensions = vec![names(&[(0x82, b"192.0.2.7")])]);
    let accepts = |line: &Line| {
        let bundle = bundle_for(line.release(), vec![root.entry()]);
        judged_with(line.release(), &[&named], "192.0.2.7", &bundle)
            .outcome
            .is_ok()
    };
    assert_eq!(those(accepts), all_but(&[]));
}

#[test]
fn a_common_name_counts_only_where_there_are_no_other_names() {
    let root = Ca::new("root");
    let bare = root.leaf(|spec| spec.extensions = vec![]);
    let uri = root.leaf(|spec| spec.extensions = vec![names(&[(0x86, b"https://s3.example/")])]);
    for line in lines() {
        judged(line.release(), &[&bare], &[&root]).outcome.unwrap();
        let refused = judged(line.release(), &[&uri], &[&root])
            .outcome
            .unwrap_err();
        assert_eq!(refused.code(), "wrong-name", "{line}");
    }
}

#[test]
fn isrg_root_x1_is_missing_from_old_common_lists() {
    let subject = by_name("ISRG Root X1")[0].certificate().subject();
    let root = Ca::named(forge::parse_name(subject));
    let issuing = Ca::named(common("R12"));
    let chain = [issuing.leaf(same), issuing.by(&root, same)];
    let chain: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
    let lacks = |list| {
        let chain = &chain;
        move |line: &Line| {
            let bundle = line.bundle(list, line.cross_signed()).unwrap();
            let device = Device {
                release: line.release(),
                bundle: &bundle,
                clock: Clock::Ignored,
                cross_signed: line.cross_signed(),
                max_entries: DEFAULT_MAX_ENTRIES,
            };
            // The key is ours, so where the name is found, it is another's.
            let refused = judge(chain, "s3.example", &device).outcome.unwrap_err();
            match refused.code() {
                "unknown-issuer" => true,
                "wrong-anchor" => false,
                other => panic!("{line}: {other}"),
            }
        }
    };
    assert_eq!(those(lacks(DefaultList::Full)), [""; 0]);
    let until_v5_0 = those(|line| {
        line.release().major == 4 || (line.release().major, line.release().minor) == (5, 0)
    });
    assert_eq!(those(lacks(DefaultList::Common)), until_v5_0);
}

#[test]
fn a_weak_hash_at_the_top_is_forgiven_since_v4_2_1() {
    let old_root = include_bytes!("../data/root_sha1.der");
    let certificate = countersign_x509::Certificate::from_der(old_root).unwrap();
    let root = Ca {
        name: forge::parse_name(certificate.subject()),
        key: forge::Key::fixed(include_str!("../data/root.key.pem")),
    };
    let leaf = root.leaf(same);
    let accepts = |line: &Line| {
        judged(line.release(), &[&leaf, old_root], &[&root])
            .outcome
            .is_ok()
    };
    assert_eq!(those(accepts), all_but(&["v4.2"]));
    // Below the top it is not.
    let weak = include_bytes!("../data/ca_sha1.der");
    let issuing = Ca {
        name: forge::parse_name(
            countersign_x509::Certificate::from_der(weak)
                .unwrap()
                .subject(),
        ),
        key: forge::Key::fixed(include_str!("../data/ca.key.pem")),
    };
    let chain: [&[u8]; 3] = [&issuing.leaf(same), weak, old_root];
    for line in lines() {
        let refused = judged(line.release(), &chain, &[&root])
            .outcome
            .unwrap_err();
        assert_eq!(
            (refused.code(), refused.position()),
            ("signature", Some(1)),
            "{line}"
        );
    }
}

#[test]
fn rsa_pss_at_the_top_is_refused_since_v6() {
    let pss = include_bytes!("../data/ca_pss_sha256.der");
    let certificate = countersign_x509::Certificate::from_der(pss).unwrap();
    let root = Ca {
        name: forge::parse_name(certificate.issuer()),
        key: forge::Key::fixed(include_str!("../data/root.key.pem")),
    };
    let issuing = Ca {
        name: forge::parse_name(certificate.subject()),
        key: forge::Key::fixed(include_str!("../data/ca.key.pem")),
    };
    let leaf = issuing.leaf(same);
    let top = |line: &Line| {
        judged(line.release(), &[&leaf, pss], &[&root])
            .outcome
            .is_ok()
    };
    assert_eq!(those(top), those(|line| line.release().major < 6));
    // Below a root that is sent it is good everywhere.
    let root_der = root.by(&root, same);
    let below = |line: &Line| {
        judged(line.release(), &[&leaf, pss, &root_der], &[&root])
            .outcome
            .is_ok()
    };
    assert_eq!(those(below), all_but(&[]));
}

#[test]
fn an_rsa_key_of_more_than_4096_bits_is_not_computed_with() {
    let (root, leaf) = (
        &include_bytes!("../data/root_rsa8192.der")[..],
        &include_bytes!("../data/leaf_rsa8192.der")[..],
    );
    let long = countersign_x509::Certificate::from_der(root).unwrap();
    let entry = (long.subject().to_vec(), long.public_key().to_vec());
    let other = Ca::new("other");
    let server = other.leaf(|spec| spec.spki = forge::rsa_key(8192));
    for line in lines() {
        let release = line.release();
        let bundle = bundle_for(release, vec![entry.clone(), other.entry()]);
        // As a root in the bundle, as one that is sent, as the server's own.
        for (chain, code, position, log) in [
            (&[leaf][..], "anchor-key", 0, Some(-0x3000)),
            (&[leaf, root], "key", 1, Some(-0x3000)),
            (&[&server], "key", 0, Some(-0x428e)),
        ] {
            let verdict = judged_with(release, chain, "s3.example", &bundle);
            let refused = verdict.outcome.unwrap_err();
            assert_eq!(
                (refused.code(), refused.position()),
                (code, Some(position)),
                "{line}"
            );
            assert!(refused.to_string().contains("RSA 8192"), "{refused}");
            // v6 cannot even read it.
            let unread = release.major >= 6 && code == "key";
            assert_eq!(verdict.log.code, log.filter(|_| !unread), "{line}");
        }
    }
}

#[test]
fn keys_are_weighed_by_version() {
    let root = Ca::new("root");
    let with = |change: fn(&mut Spec)| {
        let leaf = root.leaf(change);
        let root = &root;
        those(move |line| judged(line.release(), &[&leaf], &[root]).outcome.is_ok())
    };
    assert_eq!(with(|spec| spec.spki = forge::rsa_key(2048)), all_but(&[]));
    assert_eq!(with(|spec| spec.spki = forge::rsa_key(4096)), all_but(&[]));
    assert_eq!(with(|spec| spec.spki = forge::rsa_key(1024)), [""; 0]);
    let koblitz = |spec: &mut Spec| {
        let point = "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8";
        spec.spki = forge::curve_key(&[0x2b, 0x81, 0x04, 0x00, 0x0a], point);
    };
    assert_eq!(with(koblitz), those(|line| line.release().major < 5));
}
