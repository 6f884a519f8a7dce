//! Certificates that are right, in chains that are not: and those that are only unusual, which are served.

use super::{BAD, Case, Ground, SERVED, TOO_LONG, UNKNOWN_ISSUER};

pub(super) fn cases(Ground { forge, honest, .. }: &Ground) -> Vec<Case> {
    let [leaf, issuing] = &*honest.chain else {
        unreachable!("an enrolled device shows two");
    };
    let root = &forge.root.der;
    let of = |chain: &[&Vec<u8>]| honest.showing(chain.iter().copied().cloned().collect());
    let many = |one: &Vec<u8>, count: usize| {
        let chain = std::iter::once(leaf).chain(std::iter::repeat_n(one, count - 1));
        honest.showing(chain.cloned().collect())
    };
    let others: Vec<_> = (0..999)
        .map(|n| {
            forge
                .issuing
                .der
                .iter()
                .map(|byte| byte ^ u8::from(n % 2 == 0))
                .collect()
        })
        .collect();
    let different = honest.showing([std::slice::from_ref(leaf), &others[..]].concat());
    let mut broken = issuing.clone();
    broken.truncate(100);
    vec![
        Case::new(
            "an enrolled device's own, without an end: 99991231235959Z",
            of(&[leaf, issuing]),
            SERVED,
        ),
        Case::new("the same with our root", of(&[leaf, issuing, root]), SERVED),
        Case::new(
            "the same, root before issuing CA",
            of(&[leaf, root, issuing]),
            SERVED,
        ),
        Case::new(
            "the same, the device's certificate twice",
            of(&[leaf, leaf, issuing]),
            SERVED,
        ),
        Case::new("no certificate", of(&[]), "no-certificate"),
        Case::new("the issuing CA left out", of(&[leaf]), UNKNOWN_ISSUER),
        Case::new(
            "the root in place of the issuing CA",
            of(&[leaf, root]),
            UNKNOWN_ISSUER,
        ),
        Case::new("the issuing CA first", of(&[issuing, leaf]), BAD),
        Case::new("the root first", of(&[root, issuing, leaf]), BAD),
        Case::new("half an issuing CA", of(&[leaf, &broken]), BAD),
        Case::new(
            "half an issuing CA, and a whole one",
            of(&[leaf, &broken, issuing]),
            BAD,
        ),
        Case::new("five certificates", many(issuing, 5), TOO_LONG),
        Case::new(
            "1,000 certificates, the right ones among them",
            different,
            "handshake-too-large",
        ),
        Case::new(
            "the device's certificate 1,000 times",
            many(leaf, 1000),
            "handshake-too-large",
        ),
    ]
}
