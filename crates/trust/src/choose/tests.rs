use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use time::OffsetDateTime;

use super::*;
use crate::{
    Verdict,
    bundle::pack,
    mint::{Ca, params, read},
};

fn host(name: &str, chains: &[&[Vec<u8>]]) -> Host {
    Host {
        label: name.to_owned(),
        name: name.to_owned(),
        chains: chains.iter().map(|chain| chain.to_vec()).collect(),
    }
}

fn targets(tags: &[&str]) -> Vec<Target> {
    let target = |tag: &&str| {
        let release: IdfRelease = tag.parse().unwrap();
        Target {
            label: (*tag).to_owned(),
            release,
            format: bundle::format_for(release),
            cross_signed: false,
            clock: Clock::Ignored,
            max_entries: crate::device::DEFAULT_MAX_ENTRIES,
        }
    };
    tags.iter().map(target).collect()
}

fn candidates(certificates: &[&Certificate]) -> Vec<Candidate> {
    let candidate = |certificate: &&Certificate| Candidate {
        certificate: (*certificate).clone(),
        preferred: true,
    };
    certificates.iter().map(candidate).collect()
}

fn wanted<'a>(
    hosts: &'a [Host],
    targets: &'a [Target],
    given: &'a [Certificate],
    candidates: &'a [Candidate],
) -> Wanted<'a> {
    Wanted {
        hosts,
        targets,
        given,
        candidates,
        successors: &[],
        policy: Policy::default(),
    }
}

fn names(choice: &Choice) -> Vec<(&str, Why)> {
    let name = |root: &'_ Chosen| root.why;
    choice
        .roots
        .iter()
        .map(|root| (root.certificate.common_name().unwrap(), name(root)))
        .collect()
}

/// Whether the choice, packed for each target, verifies all hosts.
fn proved(choice: &Choice, hosts: &[Host], targets: &[Target]) -> bool {
    let all = choice.certificates();
    let formats = [Format::Legacy, Format::Offsets];
    let packed = formats.map(|format| pack(&all, format).unwrap().bytes);
    let place = |target: &Target| usize::from(target.format == Format::Offsets);
    let proofs = prove(hosts, targets, |target| &packed[place(target)]);
    assert!(!proofs.is_empty());
    let accepts = |verdict: &Verdict| verdict.outcome.is_ok();
    proofs.iter().all(|proof| accepts(&proof.verdict))
}

#[test]
fn only_what_is_needed_is_chosen() {
    let [a, b, c] = ["a", "b", "c"].map(Ca::root);
    let middle = Ca::root("middle");
    let hosts = [
        host(
            "one.example",
            &[&[middle.leaf(&["one.example"]), middle.under(&a)]],
        ),
        host("two.example", &[&[b.leaf(&["two.example"])]]),
        host(
            "three.example",
            &[&[middle.leaf(&["three.example"]), middle.under(&a)]],
        ),
    ];
    let targets = targets(&["v4.4", "v5.3", "v5.5"]);
    let candidates = candidates(&[&c.certificate, &b.certificate, &a.certificate]);
    let choice = choose(&wanted(&hosts, &targets, &[], &candidates)).unwrap();
    let mut found = names(&choice);
    found.sort_by_key(|(name, _)| *name);
    assert_eq!(found, [("a", Why::Needed), ("b", Why::Needed)]);
    assert!(choice.smallest && proved(&choice, &hosts, &targets));

    // What is given is in, needed or not, and what it does is not done twice.
    let given = [c.certificate.clone(), a.certificate.clone()];
    let choice = choose(&wanted(&hosts, &targets, &given, &candidates)).unwrap();
    let expected = [("c", Why::Given), ("a", Why::Given), ("b", Why::Needed)];
    assert_eq!(names(&choice), expected);
    assert!(proved(&choice, &hosts, &targets));
}

#[test]
fn every_chain_of_a_host_counts() {
    let [a, b] = ["a", "b"].map(Ca::root);
    let name = "s3.example";
    let hosts = [host(name, &[&[a.leaf(&[name])], &[b.leaf(&[name])]])];
    let targets = targets(&["v5.5"]);
    let candidates = candidates(&[&a.certificate, &b.certificate]);
    let choice = choose(&wanted(&hosts, &targets, &[], &candidates)).unwrap();
    assert_eq!(choice.roots.len(), 2);
}

#[test]
fn the_order_of_candidates_does_not_matter() {
    // Three roots with one key and name: Mozilla's goes first, then what ends later.
    let key = KeyPair::generate().unwrap().serialize_pem();
    let until = |end| {
        let mut params = params("root");
        params.not_after = OffsetDateTime::from_unix_timestamp(end).unwrap();
        Ca::of(params, KeyPair::from_pem(&key).unwrap())
    };
    let ca = until(3_000_000_000);
    let [middle, last] = [3_500_000_000, 3_900_000_000].map(until);
    let hosts = [host("x.example", &[&[ca.leaf(&["x.example"])]])];
    let targets = targets(&["v5.5"]);
    let mut pool = candidates(&[&ca.certificate, &middle.certificate, &last.certificate]);
    pool[2].preferred = false;
    for _ in 0..3 {
        pool.rotate_left(1);
        let choice = choose(&wanted(&hosts, &targets, &[], &pool)).unwrap();
        assert_eq!(
            choice.certificates(),
            std::slice::from_ref(&middle.certificate)
        );
    }
}

#[test]
fn a_cross_signed_chain_needs_the_older_root_and_the_policy_adds_the_newer() {
    // As S3's: the newer root is sent as the older one certified it.
    let [new, old] = ["new", "old"].map(Ca::root);
    let name = "s3.example";
    let hosts = [host(name, &[&[new.leaf(&[name]), new.under(&old)]])];
    let targets = targets(&["v5.3", "v5.5"]);
    let candidates = candidates(&[&new.certificate, &old.certificate]);
    let plain = wanted(&hosts, &targets, &[], &candidates);
    let choice = choose(&plain).unwrap();
    assert_eq!(names(&choice), [("old", Why::Needed)]);
    let parents = Policy {
        parents: true,
        ..Policy::default()
    };
    let choice = choose(&Wanted {
        policy: parents,
        ..plain
    })
    .unwrap();
    assert_eq!(names(&choice), [("old", Why::Needed), ("new", Why::Parent)]);
    // Now the server may drop the cross-certificate.
    let shorter = [host(name, &[&[new.leaf(&[name])]])];
    assert!(proved(&choice, &shorter, &targets));
}

#[test]
fn successors_are_added_with_theirs() {
    let [a, b, c, d] = ["a", "b", "c", "d"].map(Ca::root);
    let hosts = [host("x.example", &[&[a.leaf(&["x.example"])]])];
    let targets = targets(&["v5.5"]);
    let candidates = candidates(&[
        &a.certificate,
        &b.certificate,
        &c.certificate,
        &d.certificate,
    ]);
    let choice = choose(&Wanted {
        successors: &[(0, 1), (1, 2), (2, 0), (3, 2)],
        policy: Policy {
            successors: true,
            ..Policy::default()
        },
        ..wanted(&hosts, &targets, &[], &candidates)
    })
    .unwrap();
    let mut found = names(&choice);
    found.sort_by_key(|(name, _)| *name);
    let expected = [
        ("a", Why::Needed),
        ("b", Why::Successor),
        ("c", Why::Successor),
    ];
    assert_eq!(found, expected);
}

#[test]
fn two_roots_of_one_name_cannot_both_be_needed() {
    let [one, other] = [Ca::root("same"), Ca::root("same")];
    let hosts = [
        host("a.example", &[&[one.leaf(&["a.example"])]]),
        host("b.example", &[&[other.leaf(&["b.example"])]]),
    ];
    let targets = targets(&["v5.5"]);
    let pool = candidates(&[&one.certificate, &other.certificate]);
    let refused = choose(&wanted(&hosts, &targets, &[], &pool)).unwrap_err();
    let Unchosen::Clash {
        subject,
        mut first,
        mut second,
    } = refused
    else {
        panic!("{refused}");
    };
    if first > second {
        std::mem::swap(&mut first, &mut second);
    }
    assert_eq!(
        (subject.as_str(), first.as_str(), second.as_str()),
        ("CN=same", "a.example", "b.example")
    );
    // Nor is one chosen beside a given one of its name.
    let refused = choose(&wanted(
        &hosts,
        &targets,
        std::slice::from_ref(&one.certificate),
        &pool,
    ))
    .unwrap_err();
    assert!(matches!(refused, Unchosen::Refused { host, .. } if host == "b.example"));
}

#[test]
fn a_host_that_no_root_helps_is_named_with_the_release_and_the_reason() {
    let [a, b] = ["a", "b"].map(Ca::root);
    let hosts = [
        host("good.example", &[&[a.leaf(&["good.example"])]]),
        host("bad.example", &[&[b.leaf(&["bad.example"])]]),
    ];
    let targets = targets(&["v5.3", "v5.5"]);
    let check = |pool: &[Candidate], hosts: &[Host]| {
        let Err(Unchosen::Refused {
            host,
            target,
            refusal,
            ..
        }) = choose(&wanted(hosts, &targets, &[], pool))
        else {
            panic!("chosen");
        };
        (host, target, *refusal)
    };
    let (host_label, target, _) = check(&candidates(&[&a.certificate]), &hosts);
    assert_eq!(
        (host_label.as_str(), target.as_str()),
        ("bad.example", "v5.3")
    );
    // With the root at hand, what is left to blame is the name.
    let wrong = [host("other.example", &[&[a.leaf(&["good.example"])]])];
    let (.., refusal) = check(&candidates(&[&a.certificate]), &wrong);
    assert!(matches!(refusal, Refusal::WrongName { .. }), "{refusal}");
}

#[test]
fn a_certificate_is_a_root_an_intermediate_or_a_leaf() {
    let [root, middle] = ["root", "middle"].map(Ca::root);
    assert_eq!(Kind::of(&root.certificate), Kind::Root);
    assert_eq!(Kind::of(&read(&middle.under(&root))), Kind::Intermediate);
    assert_eq!(Kind::of(&read(&middle.leaf(&["x.example"]))), Kind::Leaf);
    // A server's self-signed one, which calls itself a CA.
    let mut own = CertificateParams::new(["x.example".to_owned()]).unwrap();
    own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let own = read(
        own.self_signed(&KeyPair::generate().unwrap())
            .unwrap()
            .der(),
    );
    assert_eq!(Kind::of(&own), Kind::Leaf);
    for known in countersign_roots::all() {
        assert_eq!(
            Kind::of(known.certificate()),
            Kind::Root,
            "{}",
            known.name()
        );
    }
}
