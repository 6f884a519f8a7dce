//! Bundles that a device takes, or not, and what it finds in them.

use countersign_trust::Refusal;

use crate::{
    bundle::{Format, bundle},
    servers::{Ca, bundle_for, format_of, judged, judged_with, release, same},
};

const HOST: &str = "s3.example";

#[test]
fn of_two_roots_of_one_name_the_search_meets_one() {
    let (right, wrong, other) = (Ca::new("root"), Ca::new("root"), Ca::new("a"));
    let leaf = right.leaf(same);
    for version in ["v4.2", "v4.4.8", "v5.3.5", "v5.4", "v5.5.5", "v6.0.2"] {
        let version = release(version);
        let both = |first: &Ca, second: &Ca, more: &[&Ca]| {
            let mut entries: Vec<_> = more.iter().map(|ca| ca.entry()).collect();
            entries.extend([first.entry(), second.entry()]);
            bundle_for(version, entries)
        };
        let judge = |bundle: &[u8]| judged_with(version, &[&leaf], HOST, bundle).outcome;
        // Of two entries the search looks at the first one first; of three at the second.
        judge(&both(&right, &wrong, &[])).unwrap();
        let refused = judge(&both(&wrong, &right, &[])).unwrap_err();
        assert_eq!(refused.code(), "anchor-shadowed", "{version}");
        judge(&both(&right, &wrong, &[&other])).unwrap();
        let refused = judge(&both(&wrong, &right, &[&other])).unwrap_err();
        assert_eq!(refused.code(), "anchor-shadowed", "{version}");
    }
}

#[test]
fn a_bundle_of_the_other_format_is_not_taken() {
    let root = Ca::new("root");
    let leaf = root.leaf(same);
    let roots: Vec<_> = [Ca::new("a"), Ca::new("b"), root]
        .iter()
        .map(Ca::entry)
        .collect();
    let [legacy, offsets] = [Format::Legacy, Format::Offsets].map(|format| bundle(format, &roots));
    for (version, good, bad) in [
        ("v5.3.5", &legacy, &offsets),
        ("v4.4.2", &legacy, &offsets),
        ("v5.4", &offsets, &legacy),
        ("v6.1", &offsets, &legacy),
    ] {
        let judge = |bundle: &[u8]| judged_with(release(version), &[&leaf], HOST, bundle);
        judge(good).outcome.unwrap();
        let verdict = judge(bad);
        let Err(Refusal::Bundle { .. }) = verdict.outcome else {
            panic!("{version}: {:?}", verdict.outcome);
        };
        assert_eq!(
            verdict.log.code,
            Some(-0x7680),
            "esp-tls goes on without a CA chain"
        );
    }
    // v4.2 is not told a length, so it takes anything, and finds nothing in it.
    let verdict = judged_with(release("v4.2.5"), &[&leaf], HOST, &offsets);
    assert_eq!(verdict.outcome.unwrap_err().code(), "bundle-cut");
}

#[test]
fn a_cut_bundle_is_noticed_by_some_releases() {
    let root = Ca::new("root");
    let leaf = root.leaf(same);
    for (version, code) in [
        ("v4.2.5", "bundle-cut"),
        ("v4.3.3", "bundle-cut"),
        ("v4.3.4", "bundle-refused"),
        ("v4.4.1", "bundle-cut"),
        ("v4.4.2", "bundle-refused"),
        ("v5.3.5", "bundle-refused"),
        ("v5.4", "bundle-cut"),
        ("v6.0.2", "bundle-cut"),
        ("v6.1", "bundle-refused"),
    ] {
        let mut bytes = bundle_for(release(version), vec![root.entry()]);
        bytes.pop();
        let verdict = judged_with(release(version), &[&leaf], HOST, &bytes);
        assert_eq!(verdict.outcome.unwrap_err().code(), code, "{version}");
    }
}

#[test]
fn an_unsorted_bundle_hides_its_roots() {
    let root = Ca::new("a");
    let leaf = root.leaf(same);
    let names = ["d", "c", "b"];
    let mut roots: Vec<_> = names.map(|name| Ca::new(name).entry()).into();
    roots.push(root.entry());
    for version in ["v4.2", "v5.3.5", "v5.5.5", "v6.1"] {
        let version = release(version);
        let unsorted = bundle(format_of(version), &roots);
        let refused = judged_with(version, &[&leaf], HOST, &unsorted).outcome;
        assert_eq!(refused.unwrap_err().code(), "bundle-unsorted", "{version}");
        let sorted = bundle_for(version, roots.clone());
        judged_with(version, &[&leaf], HOST, &sorted)
            .outcome
            .unwrap();
    }
}

#[test]
fn two_hundred_roots_are_the_most() {
    let root = Ca::new("root");
    let leaf = root.leaf(same);
    let with = |count: u16| {
        let mut roots: Vec<_> = (1..count)
            .map(|n| (n.to_be_bytes().to_vec(), vec![5, 0]))
            .collect();
        roots.push(root.entry());
        roots
    };
    for version in ["v4.3.4", "v5.3.5", "v5.4", "v6.1"] {
        let version = release(version);
        let judge = |count| {
            let bytes = bundle_for(version, with(count));
            judged_with(version, &[&leaf], HOST, &bytes).outcome
        };
        judge(200).unwrap();
        assert_eq!(
            judge(201).unwrap_err().code(),
            "bundle-refused",
            "{version}"
        );
    }
    let many = bundle_for(release("v4.2.5"), with(300));
    judged_with(release("v4.2.5"), &[&leaf], HOST, &many)
        .outcome
        .unwrap();
}

#[test]
fn a_missing_root_is_to_be_added() {
    let (root, other) = (Ca::new("root"), Ca::new("other"));
    let middle = Ca::new("middle");
    let chain = [middle.leaf(same), middle.by(&root, same)];
    let chain: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
    let verdict = judged(release("v5.5"), &chain, &[&other]);
    let refused = verdict.outcome.unwrap_err();
    assert_eq!(
        (refused.code(), refused.position()),
        ("unknown-issuer", Some(1))
    );
    assert_eq!(
        refused.on_device(),
        ["add the root `CN=root`, if it is one"]
    );
    assert_eq!(
        (verdict.log.code, verdict.log.flags),
        (Some(-0x3000), u32::MAX)
    );
}
