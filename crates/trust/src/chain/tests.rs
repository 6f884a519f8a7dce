//! Chains of every shape, made here.

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, IsCa, date_time_ymd};

use super::names::{self, Rule};
use super::*;
use crate::mint::{Ca, named, read};

fn trusted(roots: &[Certificate]) -> Roots<'_> {
    Roots {
        trusted: roots,
        known: &[],
    }
}

fn places(chain: &Chain) -> Vec<Place> {
    chain.sent.iter().map(|sent| sent.place).collect()
}

fn over(chain: &Chain) -> Vec<&[usize]> {
    chain.paths.iter().map(|path| &*path.over).collect()
}

/// After what rcgen makes begins, before it ends.
const NOW: u64 = 1_795_403_100;

#[test]
fn a_plain_chain_has_one_path_and_no_faults() {
    let (root, issuing) = (Ca::root("root"), Ca::root("issuing"));
    let sent = [issuing.leaf(&["a.test"]), issuing.under(&root)];
    let roots = [root.certificate.clone()];
    let chain = Chain::new(&sent, trusted(&roots));
    assert_eq!(places(&chain), [Place::Own, Place::Needed]);
    assert_eq!(over(&chain), [[0, 1]]);
    assert_eq!(assess(&chain, Some("a.test"), NOW), []);
    assert!(chain.is_in_order());

    // The other way round it is a path still, and not in order.
    let chain = Chain::new(&[&sent[0], root.der(), &sent[1]], trusted(&roots));
    assert_eq!(places(&chain), [Place::Own, Place::Root, Place::Needed]);
    let other = Ca::root("other");
    let deep = [
        issuing.leaf(&["a.test"]),
        other.under(&root),
        issuing.under(&other),
    ];
    let chain = Chain::new(&deep, trusted(&roots));
    assert_eq!(over(&chain), [[0, 2, 1]]);
    assert!(!chain.is_in_order());
}

#[test]
fn a_cross_certificate_gives_a_second_path_and_is_surplus() {
    let (old, new) = (Ca::root("old"), Ca::root("new"));
    let issuing = Ca::root("issuing");
    let sent = [
        issuing.leaf(&["a.test"]),
        issuing.under(&new),
        new.under(&old),
    ];
    let all = [new.certificate.clone(), old.certificate.clone()];
    let chain = Chain::new(&sent, trusted(&all));
    assert_eq!(over(&chain), [&[0, 1][..], &[0, 1, 2]]);
    assert_eq!(places(&chain), [Place::Own, Place::Needed, Place::Surplus]);

    // Where only the old root is trusted, it is needed; the new one is known, and comes second.
    let chain = Chain::new(
        &sent,
        Roots {
            trusted: &all[1..],
            known: &all[..1],
        },
    );
    assert_eq!(over(&chain), [&[0, 1, 2][..], &[0, 1]]);
    assert_eq!(places(&chain)[2], Place::Needed);
    assert_eq!(assess(&chain, None, NOW), []);
}

#[test]
fn what_is_missing_is_named() {
    let (root, issuing) = (Ca::root("root"), Ca::root("issuing"));
    let roots = [root.certificate.clone()];
    let chain = Chain::new(&[issuing.leaf(&["a.test"])], trusted(&roots));
    assert_eq!(
        assess(&chain, None, NOW),
        [Fault::MissingIssuer {
            position: 0,
            issuer: "CN=issuing".to_owned()
        }]
    );
    // One of that name with another key is no issuer.
    let chain = Chain::new(
        &[issuing.leaf(&["a.test"]), Ca::root("issuing").under(&root)],
        trusted(&roots),
    );
    assert!(matches!(
        assess(&chain, None, NOW)[..],
        [Fault::OtherKey { position: 0, .. }]
    ));
    // A private root that was sent is no trusted one.
    let chain = Chain::new(
        &[root.leaf(&["a.test"]), root.der().to_vec()],
        Roots::default(),
    );
    assert!(matches!(
        assess(&chain, None, NOW)[..],
        [Fault::SelfSigned { position: 1, .. }]
    ));
    let known = Roots {
        trusted: &[],
        known: &roots,
    };
    let chain = Chain::new(&[root.leaf(&["a.test"])], known);
    assert!(matches!(
        assess(&chain, None, NOW)[..],
        [Fault::Untrusted { .. }]
    ));
    assert_eq!(
        assess(&Chain::new(&[[0; 0]; 0], known), None, NOW),
        [Fault::Empty]
    );
}

#[test]
fn what_is_there_for_nothing_says_so() {
    let (root, issuing) = (Ca::root("root"), Ca::root("issuing"));
    let stranger = Ca::root("stranger");
    let roots = [root.certificate.clone()];
    let sent = [
        issuing.leaf(&["a.test"]),
        issuing.leaf(&["b.test"]),
        issuing.under(&root),
        issuing.under(&root),
        stranger.under(&issuing),
        root.der().to_vec(),
        stranger.der().to_vec(),
        b"0\x80 no certificate".to_vec(),
    ];
    let mut sent = sent.to_vec();
    sent[3] = sent[2].clone();
    let chain = Chain::new(&sent, trusted(&roots));
    assert_eq!(
        places(&chain),
        [
            Place::Own,
            Place::AnotherLeaf,
            Place::Needed,
            Place::Repeated { first: 2 },
            Place::Unrelated,
            Place::Root,
            Place::Root,
            Place::Unreadable,
        ]
    );
    assert_eq!(assess(&chain, Some("a.test"), NOW), []);
    assert!(matches!(
        assess(&chain, Some("b.test"), NOW)[..],
        [Fault::WrongName { .. }]
    ));
}

#[test]
fn a_circle_and_a_thicket_end() {
    let (a, b) = (Ca::root("a"), Ca::root("b"));
    let circle = [a.leaf(&["a.test"]), a.under(&b), b.under(&a)];
    let chain = Chain::new(&circle, Roots::default());
    assert_eq!(over(&chain), [[0, 1, 2]]);
    assert_eq!(assess(&chain, None, NOW), [Fault::Loop { position: 2 }]);

    // Seven stories with two CAs on each, all certified by both of the next: 128 paths.
    let stories: Vec<[Ca; 2]> = (0..8)
        .map(|n| [0, 1].map(|_| Ca::root(&format!("story {n}"))))
        .collect();
    let mut thicket = vec![stories[0][0].leaf(&["a.test"])];
    for (story, above) in stories.iter().zip(&stories[1..]) {
        for ca in story {
            thicket.extend(above.iter().map(|issuer| ca.under(issuer)));
        }
    }
    let roots: Vec<Certificate> = stories[7].iter().map(|ca| ca.certificate.clone()).collect();
    let chain = Chain::new(&thicket, trusted(&roots));
    assert!(chain.cut);
    assert!(chain.paths.len() <= MAX_PATHS);

    let endless = vec![thicket[1].clone(); 1000];
    let chain = Chain::new(&endless, trusted(&roots));
    assert_eq!((chain.sent.len(), chain.left_off), (MAX_SENT, 968));
}

#[test]
fn dates_uses_and_cas_are_looked_at() {
    let root = Ca::root("root");
    let roots = [root.certificate.clone()];
    let faults = |change: fn(&mut CertificateParams)| {
        let leaf = root.leaf_with(&["a.test"], change);
        assess(&Chain::new(&[leaf], trusted(&roots)), Some("a.test"), NOW)
    };
    let past = faults(|params| params.not_after = date_time_ymd(2026, 1, 1));
    assert!(matches!(past[..], [Fault::Ended { position: 0, .. }]));
    let future = faults(|params| params.not_before = date_time_ymd(2030, 1, 1));
    assert!(matches!(future[..], [Fault::NotYet { position: 0, .. }]));
    let client = |params: &mut CertificateParams| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    };
    assert_eq!(faults(client), [Fault::NotForServers]);

    // A server's certificate that issues another.
    let middle = root.below("no CA", |params| params.is_ca = IsCa::ExplicitNoCa);
    let sent = [middle.leaf(&["a.test"]), middle.der().to_vec()];
    let chain = Chain::new(&sent, trusted(&roots));
    assert_eq!(assess(&chain, None, NOW), [Fault::NotACa { position: 1 }]);
}

#[test]
fn a_host_is_matched_by_a_rule() {
    let root = Ca::root("root");
    let leaf = |names: &[&str]| read(&root.leaf(names));
    let both = leaf(&[
        "example.com",
        "*.example.com",
        "*.com",
        "f*.test",
        "10.0.0.1",
    ]);
    for (host, found) in [
        ("example.com", Some(("example.com", Rule::Exact))),
        ("Example.COM", Some(("example.com", Rule::Exact))),
        ("www.example.com", Some(("*.example.com", Rule::Wildcard))),
        ("other.com", Some(("*.com", Rule::Wildcard))),
        ("a.b.example.com", None),
        (".example.com", None),
        ("foo.test", None),
        ("10.0.0.1", Some(("10.0.0.1", Rule::Address))),
        ("10.0.0.2", None),
    ] {
        let found = found.map(|(name, rule)| names::Match {
            name: name.to_owned(),
            rule,
        });
        assert_eq!(names::matching(&both, host), found, "{host}");
    }
    // The common name counts only where there is no other; it may be a wildcard.
    let bare = |name: &'static str| {
        let bare = root.leaf_with(&[], |params| params.distinguished_name = named(name));
        read(&bare)
    };
    assert_eq!(
        names::matching(&bare("a.test"), "a.test").unwrap().rule,
        Rule::CommonName
    );
    assert!(names::matching(&bare("*.test"), "a.test").is_some());
    assert!(names::matching(&bare("*.0.0.1"), "10.0.0.1").is_none());
    let other = root.leaf_with(&["b.test"], |params| {
        params.distinguished_name = named("a.test");
    });
    assert!(names::matching(&read(&other), "a.test").is_none());
    for (name, odd, wide) in [
        ("*.example.com", false, false),
        ("*.com", false, true),
        ("*", true, false),
        ("*.*.com", true, false),
        ("f*.com", true, false),
        ("a.*.com", true, false),
        ("a.com", false, false),
    ] {
        assert_eq!(names::is_odd_wildcard(name), odd, "{name}");
        assert_eq!(names::is_too_wide(name), wide, "{name}");
    }
}

#[test]
fn many_names_are_gathered_by_their_endings() {
    let root = Ca::root("root");
    let leaf = root.leaf(&[
        "s3.amazonaws.com",
        "*.s3.amazonaws.com",
        "*.s3.dualstack.us-east-1.amazonaws.com",
        "s3.dualstack.us-east-1.amazonaws.com",
        "*.s3-control.us-east-1.amazonaws.com",
        "localhost",
        "example.com",
        "*.example.com",
        "*.example.org",
        "127.0.0.1",
    ]);
    let groups: Vec<(String, String)> = names::grouped(&read(&leaf))
        .into_iter()
        .map(|group| (group.ending, group.names.join(" ")))
        .collect();
    let groups: Vec<(&str, &str)> = groups.iter().map(|(a, b)| (&**a, &**b)).collect();
    assert_eq!(
        groups,
        [
            (
                "amazonaws.com",
                "[*.]s3 [*.]s3.dualstack.us-east-1 *.s3-control.us-east-1"
            ),
            ("localhost", "localhost"),
            ("example.com", "[*.]example.com"),
            ("example.org", "*"),
            ("", "127.0.0.1"),
        ]
    );
}
