//! Names and keys as CAs of all times wrote them.

use std::fs;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, DnValue, IsCa, KeyPair,
    RsaKeySize,
    string::{BmpString, Ia5String, PrintableString, TeletexString, UniversalString},
};

use super::ground::write;
use crate::harness::{House, judge, python};

/// A root of this name.
fn root(name: &[(DnType, DnValue)], key: &KeyPair) -> String {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    for (kind, value) in name {
        params.distinguished_name.push(kind.clone(), value.clone());
    }
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.self_signed(key).unwrap().pem()
}

#[test]
fn every_kind_of_string_and_key_is_packed_as_pyca_writes_it() {
    let Some(python) = python("trust_bundle_odd") else {
        return;
    };
    let house = House::empty();
    let rsa = |size| KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, size).unwrap();
    let ec = |algorithm| KeyPair::generate_for(algorithm).unwrap();
    let keys = [
        rsa(RsaKeySize::_2048),
        rsa(RsaKeySize::_4096),
        ec(&rcgen::PKCS_ECDSA_P256_SHA256),
        ec(&rcgen::PKCS_ECDSA_P384_SHA384),
        ec(&rcgen::PKCS_ECDSA_P521_SHA512),
        ec(&rcgen::PKCS_ED25519),
    ];
    let common = |value: DnValue| vec![(DnType::CommonName, value)];
    let names = [
        common(DnValue::Utf8String("Főtanúsítvány 根".to_owned())),
        common(DnValue::PrintableString(
            PrintableString::try_from("Plain (CA), Inc.").unwrap(),
        )),
        common(DnValue::TeletexString(
            TeletexString::try_from("An old one").unwrap(),
        )),
        common(DnValue::BmpString("Ümläut".parse::<BmpString>().unwrap())),
        common(DnValue::UniversalString(
            UniversalString::try_from("wide").unwrap(),
        )),
        common(DnValue::Ia5String(
            Ia5String::try_from("root@ca.test").unwrap(),
        )),
        // One name begins as the other, and is longer.
        common(DnValue::Utf8String("aa".to_owned())),
        common(DnValue::Utf8String("aaa".to_owned())),
        vec![
            (DnType::CountryName, DnValue::from("HU")),
            (
                DnType::OrganizationName,
                DnValue::from("Quoted \"Ltd\", + = <>; #\\ "),
            ),
            (
                DnType::CustomDnType(vec![2, 5, 4, 97]),
                DnValue::from("VATES-A62634068"),
            ),
        ],
        (0..8)
            .map(|n| {
                (
                    DnType::CustomDnType(vec![2, 5, 4, 100 + n]),
                    DnValue::from("x".repeat(60)),
                )
            })
            .collect(),
    ];
    let roots: Vec<String> = names
        .iter()
        .enumerate()
        .map(|(place, name)| root(name, &keys[place % keys.len()]))
        .collect();
    for (idf, layout) in [("v5.3", "legacy"), ("v5.5", "offsets")] {
        for step in 1..=4 {
            // Backwards, and every one, every second, and so on.
            let some: Vec<&str> = roots
                .iter()
                .rev()
                .step_by(step)
                .map(String::as_str)
                .collect();
            let pem = write(&house, "roots.pem", some.concat());
            let out = house.text(&format!("{layout}{step}"));
            house.ok(&[
                "trust", "bundle", "--pem", &pem, "--idf", idf, "--out", &out,
            ]);
            let theirs = house.text("theirs");
            judge(&python, "crt_bundle.py", &[layout, &theirs, &pem]);
            let ours = fs::read(format!("{out}/x509_crt_bundle")).unwrap();
            assert!(fs::read(theirs).unwrap() == ours, "{layout}, step {step}");
        }
    }
}
