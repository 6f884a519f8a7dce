use esp_formats::{ErrorKind, bundle::Bundle};

use super::*;
use crate::mint::Ca;

#[test]
fn every_root_is_found_in_both_formats() {
    let certificates = ["b", "a", "c", "aa"].map(|name| Ca::root(name).certificate);
    for format in [Format::Legacy, Format::Offsets] {
        let bytes = build(&certificates, format).unwrap();
        let bundle = Bundle::parse(&bytes).unwrap();
        assert_eq!((bundle.format(), bundle.len()), (format, 4));
        for root in &certificates {
            let entry = bundle.find(root.issuer()).unwrap();
            assert_eq!(entry.key, root.public_key());
        }
    }
}

#[test]
fn one_name_has_one_key() {
    let [one, other] = [Ca::root("same"), Ca::root("same")].map(|ca| ca.certificate);
    let refused = build(&[one.clone(), other], Format::Offsets);
    let subject = "CN=same".to_owned();
    assert_eq!(refused, Err(Error::SameName { subject }));
    let once = build(&[one.clone(), one.clone()], Format::Offsets).unwrap();
    assert_eq!(once, build(&[one], Format::Offsets).unwrap());
}

#[test]
fn a_bundle_of_nothing_is_not_made() {
    for format in [Format::Legacy, Format::Offsets] {
        let Err(Error::Format(refused)) = build(&[], format) else {
            panic!("made");
        };
        assert_eq!(refused.kind, ErrorKind::EmptyBundle);
    }
}

#[test]
fn the_format_changed_with_v5_4() {
    for (release, format) in [
        ("v4.2", Format::Legacy),
        ("v5.3.5", Format::Legacy),
        ("v5.4-beta1", Format::Offsets),
        ("v6.0", Format::Offsets),
    ] {
        assert_eq!(format_for(release.parse().unwrap()), format, "{release}");
    }
}

#[test]
fn a_pack_keeps_both_of_one_name_and_says_which_is_out_of_reach() {
    let [one, other, more] = ["same", "same", "z"].map(|name| Ca::root(name).certificate);
    for format in [Format::Legacy, Format::Offsets] {
        for (first, second) in [(&one, &other), (&other, &one)] {
            let all = [first.clone(), first.clone(), second.clone(), more.clone()];
            let packed = pack(&all, format).unwrap();
            assert_eq!(packed.repeated, [1]);
            let bundle = Bundle::parse_as(format, &packed.bytes).unwrap();
            assert_eq!(bundle.len(), 3);
            let [unreachable] = packed.unreachable[..] else {
                panic!("{packed:?}");
            };
            let reached = bundle.find(first.subject()).unwrap().key;
            assert_eq!(all[unreachable.reached].public_key(), reached);
            assert_ne!(all[unreachable.place].public_key(), reached);
        }
    }
}

#[test]
fn a_pack_of_a_releases_list_is_espressifs_bundle() {
    let mut equal = 0;
    for release in countersign_roots::Release::all() {
        let settings = release.settings();
        let roots = release.roots(settings);
        let list: Vec<_> = roots.map(|root| root.certificate().clone()).collect();
        let packed = pack(&list, release.bundle_format()).unwrap();
        assert!(packed.unreachable.is_empty(), "{release}");
        // Firmaprofesional renewed its root and kept the key; Espressif's generator stores that twice.
        let theirs = release.bundle(settings).unwrap();
        if packed.repeated.is_empty() {
            assert!(packed.bytes == theirs, "{release}");
            equal += 1;
        } else {
            assert_eq!(packed.repeated.len(), 1, "{release}");
            assert!(packed.bytes.len() < theirs.len(), "{release}");
        }
    }
    assert!(equal > 30, "{equal}");
}
