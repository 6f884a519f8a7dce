//! Certificates that are for something else, and CAs that are none or not for this.

use super::{BAD, Case, Ground, PURPOSE, Shown, UNKNOWN};
use crate::gate::der::{
    ANY_PURPOSE, BASIC_CONSTRAINTS, CLIENT_AUTH, CODE_SIGNING, CRL_SIGN, DIRECTORY, DNS,
    KEY_AGREEMENT, KEY_CERT_SIGN, KEY_USAGE, NAME_CONSTRAINTS, PURPOSES, SERVER_AUTH, URI, ca,
    extension, extension_of, key_usage, name, purposes, sequence, subtree, tlv,
};

pub(super) fn cases(ground: &Ground) -> Vec<Case> {
    [leaves(ground), authorities(ground), constraints(ground)].concat()
}

fn leaves(Ground { house, forge, .. }: &Ground) -> Vec<Case> {
    let server = house.state().join("server");
    let for_purposes = |all: &[&[u8]]| forge.device(|spec| spec.with(PURPOSES, purposes(all)));
    let for_usage = |bits: &[u8]| forge.device(|spec| spec.with(KEY_USAGE, key_usage(bits)));
    let issuing = Shown {
        chain: vec![forge.issuing.der.clone()],
        key: forge.issuing.key.clone(),
    };
    let critical =
        |id: &[u8]| forge.device(|spec| spec.extensions.push(extension_of(id, true, &[5, 0])));
    vec![
        Case::new(
            "our own server's, with its key",
            Shown::of_folder(forge, &server, "server"),
            PURPOSE,
        ),
        Case::new("for servers only", for_purposes(&[SERVER_AUTH]), PURPOSE),
        Case::new(
            "for signing code only",
            for_purposes(&[CODE_SIGNING]),
            PURPOSE,
        ),
        Case::new(
            "for any purpose, which does not say clients",
            for_purposes(&[ANY_PURPOSE]),
            PURPOSE,
        ),
        Case::new(
            "for a list of purposes that is empty",
            for_purposes(&[]),
            BAD,
        ),
        Case::new(
            "without a purpose (RFC 5280 §4.2.1.12: for all)",
            forge.device(|spec| spec.without(PURPOSES)),
            UNKNOWN,
        ),
        Case::new("the issuing CA's own, with its key", issuing, BAD),
        Case::new(
            "a device that is a CA",
            forge.device(|spec| spec.extensions.push(ca(None))),
            BAD,
        ),
        Case::new(
            "a key that may agree on keys and not sign",
            for_usage(KEY_AGREEMENT),
            PURPOSE,
        ),
        Case::new(
            "a key that may sign certificates only",
            for_usage(KEY_CERT_SIGN),
            PURPOSE,
        ),
        Case::new("a key that may do nothing", for_usage(&[0]), PURPOSE),
        Case::new(
            "a critical extension that nobody knows",
            critical(&[0x2a, 3, 4]),
            BAD,
        ),
        Case::new(
            "a critical extension of the standard's that is not known here (policy mappings)",
            critical(&[0x55, 0x1d, 33]),
            BAD,
        ),
    ]
}

fn authorities(Ground { forge, honest, .. }: &Ground) -> Vec<Case> {
    let (root, issuing) = (&forge.root, &forge.issuing);
    let by = |above: &[&_]| forge.device_of(above, |_| {});
    let below = forge.below(issuing, "Below the last", |_| {});
    let first = forge.below(root, "First", |_| {});
    let second = forge.below(&first, "Second", |_| {});
    let issuing_with = |change: &dyn Fn(&mut crate::gate::forge::Spec)| {
        forge.below(root, "Another issuing CA", |spec| change(spec))
    };
    let for_crls = issuing_with(&|spec| spec.with(KEY_USAGE, key_usage(CRL_SIGN)));
    let no_ca = issuing_with(&|spec| spec.without(BASIC_CONSTRAINTS));
    let not_ca = issuing_with(&|spec| {
        spec.with(
            BASIC_CONSTRAINTS,
            extension(BASIC_CONSTRAINTS, true, &sequence(&[])),
        );
    });
    let for_servers = issuing_with(&|spec| spec.extensions.push(purposes(&[SERVER_AUTH])));
    let for_clients = issuing_with(&|spec| spec.extensions.push(purposes(&[CLIENT_AUTH])));
    let unknown = issuing_with(&|spec| {
        spec.extensions
            .push(extension_of(&[0x2a, 3, 4], true, &[5, 0]));
    });
    let device = honest.as_ca();
    vec![
        Case::new("by another device", by(&[&device, issuing]), BAD),
        Case::new(
            "by a CA below our issuing one, which allows none",
            by(&[&below, issuing]),
            BAD,
        ),
        Case::new(
            "by two CAs below our root, which allows one",
            by(&[&second, &first]),
            BAD,
        ),
        Case::new("by a CA that may sign CRLs only", by(&[&for_crls]), BAD),
        Case::new("by a CA that does not say so", by(&[&no_ca]), BAD),
        Case::new("by one that says it is no CA", by(&[&not_ca]), BAD),
        Case::new("by a CA for servers", by(&[&for_servers]), PURPOSE),
        Case::new(
            "by a CA with a critical extension that nobody knows",
            by(&[&unknown]),
            BAD,
        ),
        Case::new(
            "by an issuing CA that we did not make, under our root, for clients",
            by(&[&for_clients]),
            UNKNOWN,
        ),
        Case::new("by our root itself", by(&[root]), UNKNOWN),
    ]
}

fn constraints(Ground { forge, .. }: &Ground) -> Vec<Case> {
    let under = |names: &[(u8, &[u8])], constraint: Vec<u8>| {
        let within = forge.below(&forge.root, "Within limits", |spec| {
            spec.with(NAME_CONSTRAINTS, constraint);
        });
        forge.device_of(&[&within], |spec| spec.named(names))
    };
    let (permitted, excluded) = (0xa0, 0xa1);
    let urn: &[u8] = b"urn:dev:mac:7cdfa1ffff000009";
    let other = name(&[b"Acme"]);
    vec![
        Case::new(
            "a DNS name that its CA may not certify",
            under(
                &[(DNS, b"a.example.net")],
                subtree(permitted, DNS, b"example.com"),
            ),
            BAD,
        ),
        Case::new(
            "a DNS name from which its CA is kept out",
            under(
                &[(DNS, b"a.example.com")],
                subtree(excluded, DNS, b"example.com"),
            ),
            BAD,
        ),
        Case::new(
            "a URI where its CA may certify those of one host",
            under(&[(URI, urn)], subtree(permitted, URI, b"example.com")),
            BAD,
        ),
        Case::new(
            "a subject that its CA may not certify",
            under(&[(URI, urn)], subtree(permitted, DIRECTORY, &other)),
            BAD,
        ),
        Case::new(
            "constraints on its CA that cannot be read",
            under(
                &[(URI, urn)],
                extension(NAME_CONSTRAINTS, true, &tlv(0x30, &[1])),
            ),
            BAD,
        ),
    ]
}
