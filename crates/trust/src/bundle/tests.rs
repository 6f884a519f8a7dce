use esp_formats::{ErrorKind, bundle::Bundle};

use super::*;
use crate::esp_idf::tests::Ca;

#[test]
fn every_root_is_found_in_both_formats() {
    let roots: Vec<_> = ["b", "a", "c", "aa"].map(Ca::root).into();
    let certificates: Vec<_> = roots.iter().map(Ca::certificate).collect();
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
    let [one, other] = [Ca::root("same"), Ca::root("same")].map(|ca| ca.certificate());
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
