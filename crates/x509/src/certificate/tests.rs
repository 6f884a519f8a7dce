use super::*;
use crate::pem;

fn text_of(name: &str) -> String {
    let path = format!("{}/tests/data/{name}.pem", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

fn vector(name: &str) -> Certificate {
    let mut found = pem::certificates(text_of(name).as_bytes()).unwrap();
    assert_eq!(found.len(), 1);
    found.remove(0)
}

#[test]
fn a_root_says_what_openssl_wrote() {
    let root = vector("ok_root");
    assert_eq!(root.serial_hex(), "8123456789abcdef");
    assert_eq!(root.common_name(), Some("Example Root"));
    assert_eq!(root.issuer_common_name(), Some("Example Root"));
    assert_eq!(root.subject_text(), "C=XX, O=Example, CN=Example Root");
    assert!(root.is_ca() && root.is_self_issued() && root.is_issued_by(&root));
    assert_eq!(root.path_len(), Some(1));
    let usage = root.key_usage().unwrap();
    assert!(usage.key_cert_sign() && usage.crl_sign() && !usage.digital_signature());
    assert_eq!(root.extended_key_usage(), None);
    assert_eq!(root.key_description(), "EC P-256");
    assert_eq!(root.not_after() - root.not_before(), 36_500 * 86_400);
    assert_eq!(root.public_key().len(), 91);
    assert_eq!(root.subject_key_id().unwrap().len(), 20);
    assert!(root.critical_extensions().contains(&"2.5.29.19".to_owned()));
}

#[test]
fn a_leaf_says_what_openssl_wrote() {
    let leaf = vector("ok_leaf");
    assert_eq!(leaf.common_name(), Some("updates.example"));
    assert_eq!(leaf.dns_names(), ["updates.example", "*.dl.example"]);
    let expected: Vec<IpAddr> = ["192.0.2.7", "2001:db8::7"]
        .map(|ip| ip.parse().unwrap())
        .to_vec();
    assert_eq!(leaf.ip_addresses(), expected);
    assert_eq!(leaf.uris(), ["urn:dev:mac:0024befffe804ff1"]);
    assert!(!leaf.is_ca() && leaf.has_subject_alt_name());
    let usage = leaf.extended_key_usage().unwrap();
    assert!(usage.server_auth && usage.client_auth && !usage.any);
    assert_eq!(usage.other, ["1.3.6.1.4.1.311.20.2.2"]);
    assert_eq!(leaf.serial_hex(), "03");
}

#[test]
fn a_common_name_that_is_not_what_it_looks_like_is_none() {
    let mut der = vector("ok_leaf").der().to_vec();
    let name = b"updates.example";
    let at = der.windows(name.len()).position(|here| here == name);
    let at = at.unwrap();
    der[at..at + name.len()].copy_from_slice("upd\u{202e}ates.exam".as_bytes());
    let leaf = Certificate::from_der(&der).unwrap();
    assert_eq!(leaf.common_name(), None);
    assert_eq!(leaf.subject_text(), "CN=upd\\u{202e}ates.exam");
}

#[test]
fn a_chain_is_told_from_names_and_signatures() {
    let [root, issuing, leaf] = ["ok_root", "ok_issuing", "ok_leaf"].map(vector);
    assert!(leaf.is_issued_by(&issuing) && issuing.is_issued_by(&root));
    assert!(!leaf.is_issued_by(&root) && !root.is_issued_by(&issuing));
    assert_eq!(issuing.authority_key_id(), root.subject_key_id());
    let refused = leaf.verify_signature_with(root.public_key());
    assert_eq!(refused, Err(Error::BadSignature));
}

#[test]
fn every_common_key_is_named_and_verifies() {
    for (name, kind) in [
        ("ok_rsa2048", "RSA 2048"),
        ("ok_rsa_pss", "RSA 2048"),
        ("ok_p384_sha256", "EC P-384"),
        ("ok_p521", "EC P-521"),
        ("ok_ed25519", "Ed25519"),
    ] {
        let root = vector(name);
        assert_eq!(root.key_description(), kind);
        assert_eq!(
            root.verify_signature_with(root.public_key()),
            Ok(()),
            "{name}"
        );
    }
}

#[test]
fn refuses_signatures_with_sha1_and_of_another_kind() {
    let sha1 = vector("err_signature_sha1");
    let rsa = KeyKind::Rsa { bits: 2048 };
    let refused = sha1.verify_signature_with(sha1.public_key());
    let oid = "1.2.840.113549.1.1.5".to_owned();
    assert_eq!(refused, Err(Error::UnsupportedSignature { oid, kind: rsa }));
    let leaf = vector("ok_leaf");
    let refused = leaf.verify_signature_with(vector("ok_rsa2048").public_key());
    assert!(matches!(refused, Err(Error::UnsupportedSignature { .. })));
}

#[test]
fn a_subject_with_two_common_names_has_none() {
    let two = vector("ok_two_names");
    assert_eq!(two.common_name(), None);
    assert_eq!(two.subject_text(), "CN=one, CN=two");
    assert_eq!(vector("ok_rsa2048").common_name(), None);
}

#[test]
fn refuses_a_doubled_extension_and_says_where() {
    let der = vector("ok_two_names").der().to_vec();
    // `SEQUENCE { OID 2.5.29.19, OCTET STRING { SEQUENCE {} } }`, put in once more.
    let basic = [0x30, 9, 6, 3, 0x55, 0x1d, 0x13, 4, 2, 0x30, 0];
    let at = der.windows(11).position(|here| here == basic).unwrap();
    let mut doubled = der.clone();
    doubled.splice(at..at, basic);
    for (offset, width) in [(2, 2), (6, 2)] {
        let len = u16::from_be_bytes(doubled[offset..offset + width].try_into().unwrap());
        doubled[offset..offset + 2].copy_from_slice(&(len + 11).to_be_bytes());
    }
    // The list of extensions and the `[3]` around it, with short lengths.
    let list = der[..at].iter().rposition(|byte| *byte == 0xa3).unwrap();
    doubled[list + 1] += 11;
    doubled[list + 3] += 11;
    let refused = Certificate::from_der(&doubled).unwrap_err();
    let Error::DuplicateExtension { oid, offset } = refused else {
        panic!("{refused:?}")
    };
    assert_eq!((oid.as_str(), offset), ("2.5.29.19", at + 11));
}

#[test]
fn refuses_two_signature_algorithms_that_differ() {
    let mut der = vector("ok_leaf").der().to_vec();
    // ecdsa-with-SHA256 becomes ecdsa-with-SHA384 in the outer one only.
    let oid = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
    let at = der.windows(8).rposition(|here| here == oid).unwrap();
    der[at + 7] = 3;
    let what = "signature algorithm";
    let refused = Certificate::from_der(&der).unwrap_err();
    assert!(matches!(refused, Error::Malformed { what: w, .. } if w == what));
}

#[test]
fn refuses_control_characters_in_names() {
    let mut der = vector("ok_leaf").der().to_vec();
    let at = der
        .windows(10)
        .rposition(|here| here == b"dl.example")
        .unwrap();
    der[at + 2] = 0;
    let refused = Certificate::from_der(&der).unwrap_err();
    let what = "subject alternative name";
    assert!(matches!(refused, Error::Malformed { what: w, .. } if w == what));
}

#[test]
fn trailing_bytes_are_refused_where_they_start() {
    let mut der = vector("ok_root").der().to_vec();
    let offset = der.len();
    der.push(0);
    let what = "certificate";
    let refused = Certificate::from_der(&der).unwrap_err();
    assert_eq!(refused, Error::Malformed { what, offset });
}

#[test]
fn hostile_bytes_never_panic_and_never_verify() {
    for name in ["ok_root", "ok_leaf", "ok_rsa2048", "ok_two_names"] {
        let good = vector(name);
        let der = good.der();
        for len in 0..der.len() {
            Certificate::from_der(&der[..len]).unwrap_err();
        }
        let issuer = if good.is_self_issued() {
            good.clone()
        } else {
            vector("ok_issuing")
        };
        for at in 0..der.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut bad = der.to_vec();
                bad[at] ^= flip;
                if let Ok(read) = Certificate::from_der(&bad) {
                    let _ = (read.subject_text(), read.key_description());
                    assert!(!read.is_issued_by(&issuer), "{name} byte {at} flip {flip}");
                }
            }
        }
    }
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..20_000 {
        let random: Vec<u8> = std::iter::once(0x30)
            .chain((0..64).map(|_| {
                seed ^= seed << 13;
                seed ^= seed >> 7;
                seed ^= seed << 17;
                seed.to_be_bytes()[0]
            }))
            .collect();
        Certificate::from_der(&random).unwrap_err();
    }
}

#[test]
fn pem_keeps_order_and_shows_what_is_cut() {
    let chain = ["ok_leaf", "ok_issuing", "ok_root"].map(vector);
    let text = pem::to_pem(&chain);
    let noisy = format!("subject=x\n\n{}", text.replace('\n', "\r\n").trim_end());
    for readable in [
        text.as_str(),
        &noisy,
        &text.replace("-----BEGIN", "note\n-----BEGIN"),
    ] {
        assert_eq!(pem::certificates(readable.as_bytes()).unwrap(), chain);
    }
    let missing = Err(Error::MissingPem {
        label: "CERTIFICATE",
    });
    assert_eq!(pem::certificates(b""), missing);
    assert_eq!(pem::certificates(b"-----BEGIN X-----"), missing);
    let cut = &text[..text.len() - 30];
    let refused = pem::certificates(cut.as_bytes());
    assert_eq!(refused, Err(Error::MalformedPem { block: 3 }));
    let garbage = text.replacen("\nM", "\n!", 1);
    let refused = pem::certificates(garbage.as_bytes());
    assert_eq!(refused, Err(Error::MalformedPem { block: 1 }));
    // A block that never ends must not swallow the next one.
    let swallowed = format!("-----BEGIN CERTIFICATE-----\nMIIB\n{text}");
    let refused = pem::certificates(swallowed.as_bytes());
    assert_eq!(refused, Err(Error::MalformedPem { block: 1 }));
}

#[test]
fn pem_is_written_as_openssl_writes_it() {
    for name in ["ok_leaf", "ok_issuing", "ok_root"] {
        assert_eq!(pem::to_pem(&[vector(name)]), text_of(name), "{name}");
    }
    for (contents, text) in [("", ""), ("a", "YQ==\n"), ("ab", "YWI=\n")] {
        let text = format!("-----BEGIN X-----\n{text}-----END X-----\n");
        assert_eq!(pem::encode("X", contents.as_bytes()), text);
        assert_eq!(
            pem::blocks(text.as_bytes(), "X").unwrap(),
            [contents.as_bytes()]
        );
    }
}

#[test]
fn pem_may_stand_among_bytes_of_any_encoding_and_have_white_space_anywhere() {
    let leaf = vector("ok_leaf");
    let text = pem::to_pem(std::slice::from_ref(&leaf));
    let wide = text.replace("MI", "M\t I\n\n");
    let latin = [b"# Autorit\xe9 racine\n", wide.as_bytes(), b"\xff"].concat();
    assert_eq!(pem::certificates(&latin).unwrap(), [leaf]);
    // RFC 7468 has no headers; letters of another encoding, padding and other dashes have no place in a block.
    for inside in [
        "\nX: y\n\n",
        "\nM\u{e9}",
        "\n=",
        "-",
        "-----BEGIN CERTIFICATE-----",
    ] {
        let bad = text.replacen("-----\n", &format!("-----{inside}\n"), 1);
        let refused = pem::certificates(bad.as_bytes());
        assert_eq!(refused, Err(Error::MalformedPem { block: 1 }), "{inside}");
    }
}
