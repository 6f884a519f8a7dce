//! CRLs: who was revoked is refused by verifiers of four families, who was not is taken.

use std::{fs, path::Path};

use countersign_pki::{
    Authority, Error, Signer as _,
    crl::{self, RevocationList, Revoked},
};
use countersign_protocol::UnixTime;
use countersign_x509::{Certificate, Crl, ReasonCode, pem};
use rustls_pki_types::{CertificateDer, UnixTime as PkiTime};
use webpki::{
    BorrowedCertRevocationList, CertRevocationList, EndEntityCert, KeyUsage,
    RevocationOptionsBuilder, anchor_from_trusted_cert, aws_lc_rs::ECDSA_P256_SHA256,
};

use crate::{
    fixture::{Hierarchy, Key, RULES, START, device_profile, long},
    peers::{certtool, openssl, pyca, write},
    refusals::{Borrowed, Failing},
};

const DAY: u64 = 86_400;

/// A list that lasts longer than whoever runs this.
fn list(number: u64, revoked: &[(&[u8], u64, ReasonCode)]) -> RevocationList {
    RevocationList {
        number,
        this_update: UnixTime(START.0 + DAY),
        next_update: UnixTime(START.0 + 36_500 * DAY),
        revoked: revoked
            .iter()
            .map(|(serial, at, reason)| Revoked {
                serial: serial.to_vec(),
                at: UnixTime(START.0 + at),
                reason: *reason,
            })
            .collect(),
    }
}

fn device(hierarchy: &Hierarchy, serial: [u8; 16]) -> Certificate {
    let (key, profile) = (Key::generate(), device_profile());
    let issued = hierarchy
        .issuing
        .issue(&profile, &RULES.device, key.public_key(), long(), serial);
    issued.unwrap()
}

/// A hierarchy with a device that was revoked and one that was not, and the CRLs of both authorities, in a folder:
/// `root.pem`, `issuing.pem`, `revoked.pem`, `good.pem`, `root.crl`, `issuing.crl`, `all.crl`.
fn stage(folder: &Path) -> (Hierarchy, Crl, [Certificate; 2]) {
    let hierarchy = Hierarchy::new("Revoking");
    let revoked = device(&hierarchy, [0xa1; 16]);
    let good = device(&hierarchy, [0xa2; 16]);
    let entries = [
        (&[0xa1; 16][..], 5, ReasonCode::KeyCompromise),
        (&[0xa0; 16], 6, ReasonCode::Superseded),
        (&[0x01], 7, ReasonCode::CessationOfOperation),
        (&[0x02], 8, ReasonCode::Unspecified),
    ];
    let crl = crl::sign(&hierarchy.issuing, &list(258, &entries)).unwrap();
    let of_root = crl::sign(&hierarchy.root_authority, &list(1, &[])).unwrap();
    let one = std::slice::from_ref;
    write(folder, "root.pem", one(&hierarchy.root));
    write(folder, "issuing.pem", one(hierarchy.issuing.certificate()));
    write(folder, "revoked.pem", one(&revoked));
    write(folder, "good.pem", one(&good));
    fs::write(folder.join("issuing.crl"), crl.to_pem()).unwrap();
    fs::write(folder.join("root.crl"), of_root.to_pem()).unwrap();
    fs::write(folder.join("all.crl"), crl.to_pem() + &of_root.to_pem()).unwrap();
    (hierarchy, crl, [revoked, good])
}

/// `openssl verify`, at a time of its own.
fn verify(folder: &Path, device: &str, at: u64) -> Option<(bool, String)> {
    let at = at.to_string();
    let arguments = [
        "verify",
        "-x509_strict",
        "-crl_check_all",
        "-attime",
        &at,
        "-CAfile",
        "root.pem",
        "-untrusted",
        "issuing.pem",
        "-CRLfile",
        "all.crl",
        device,
    ];
    openssl(folder, &arguments)
}

#[test]
fn openssl_refuses_what_was_revoked_and_takes_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    stage(folder);
    let at = START.0 + 2 * DAY;
    let Some((good, words)) = verify(folder, "good.pem", at) else {
        return;
    };
    assert!(good, "{words}");
    let (good, words) = verify(folder, "revoked.pem", at).unwrap();
    assert!(!good && words.contains("certificate revoked"), "{words}");
    // A CRL that should have been followed by another long ago says nothing.
    let (good, words) = verify(folder, "good.pem", START.0 + 36_501 * DAY).unwrap();
    assert!(!good && words.contains("CRL has expired"), "{words}");
    let (good, words) = verify(folder, "good.pem", START.0 + DAY / 2).unwrap();
    assert!(!good && words.contains("CRL is not yet valid"), "{words}");
}

#[test]
fn gnutls_refuses_what_was_revoked_and_takes_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    stage(folder);
    let anchors = ["--load-ca-certificate", "issuing.pem"];
    let tool = |arguments: &[&str]| certtool(folder, &[&anchors[..], arguments].concat());
    let check = |device| tool(&["--verify", "--load-crl", "issuing.crl", "--infile", device]);
    let Some((good, words)) = check("good.pem") else {
        return;
    };
    assert!(
        good && words.contains("The certificate is trusted"),
        "{words}"
    );
    let (good, words) = check("revoked.pem").unwrap();
    let revoked = words.contains("The certificate chain is revoked");
    assert!(!good && revoked, "{words}");
    let (good, words) = tool(&["--verify-crl", "--infile", "issuing.crl"]).unwrap();
    assert!(
        good && words.contains("Verification output: Verified"),
        "{words}"
    );
    let (_, words) = tool(&["--verify-crl", "--infile", "root.crl"]).unwrap();
    assert!(words.contains("Not verified"), "{words}");
}

#[test]
fn pyca_reads_what_we_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    stage(folder);
    let script = r#"
from cryptography import x509
read = lambda name: open(name, "rb").read()
cert = lambda name: x509.load_pem_x509_certificate(read(name))
crl = x509.load_pem_x509_crl(read("issuing.crl"))
issuing = cert("issuing.pem")
print(crl.is_signature_valid(issuing.public_key()), crl.is_signature_valid(cert("root.pem").public_key()))
print(crl.issuer == issuing.subject, len(crl))
find = lambda name: crl.get_revoked_certificate_by_serial_number(cert(name).serial_number)
print(find("good.pem"), find("revoked.pem").extensions.get_extension_for_class(x509.CRLReason).value.reason.value)
print(find("revoked.pem").revocation_date_utc.isoformat())
print([(e.value.crl_number, e.critical) for e in crl.extensions if isinstance(e.value, x509.CRLNumber)])
aki = crl.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
ski = issuing.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
print(aki.value.key_identifier == ski.value.digest, aki.critical, len(list(crl.extensions)))
print([[x.value.reason.value for x in e.extensions] for e in crl])
print(crl.last_update_utc.isoformat(), crl.next_update_utc.isoformat())
"#;
    let Some((good, words)) = pyca(folder, script, &[]) else {
        return;
    };
    assert!(good, "{words}");
    let wanted = [
        "True False",
        "True 4",
        "None keyCompromise",
        "2026-01-01T00:00:05+00:00",
        "[(258, False)]",
        "True False 2",
        "[['cessationOfOperation'], [], ['superseded'], ['keyCompromise']]",
        "2026-01-02T00:00:00+00:00 2125-12-08T00:00:00+00:00",
    ];
    assert_eq!(words.lines().collect::<Vec<_>>(), wanted);
}

#[test]
fn webpki_refuses_what_was_revoked_and_takes_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let (hierarchy, crl, [revoked, good]) = stage(folder.path());
    let read = BorrowedCertRevocationList::from_der(crl.der()).unwrap();
    let read = CertRevocationList::from(read);
    let lists = [&read];
    let issuing = CertificateDer::from(hierarchy.issuing.certificate().der());
    let anchor = anchor_from_trusted_cert(&issuing).unwrap();
    let check = |device: &Certificate| {
        let options = RevocationOptionsBuilder::new(&lists).unwrap().build();
        let der = CertificateDer::from(device.der());
        let leaf = EndEntityCert::try_from(&der).unwrap();
        let at = PkiTime::since_unix_epoch(std::time::Duration::from_secs(START.0 + 2 * DAY));
        let checked = leaf.verify_for_usage(
            &[ECDSA_P256_SHA256],
            std::slice::from_ref(&anchor),
            &[],
            at,
            KeyUsage::client_auth(),
            Some(options),
            None,
        );
        checked.map(drop)
    };
    assert_eq!(check(&good), Ok(()));
    assert_eq!(check(&revoked), Err(webpki::Error::CertRevoked));
}

#[test]
fn openssl_reads_number_dates_and_reasons() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (_, crl, _) = stage(folder);
    let arguments = ["crl", "-in", "issuing.crl", "-noout", "-text"];
    let Some((_, words)) = openssl(folder, &arguments) else {
        return;
    };
    for line in [
        "Version 2 (0x1)",
        "Signature Algorithm: ecdsa-with-SHA256",
        "Issuer: CN = Revoking issuing",
        "Last Update: Jan  2 00:00:00 2026 GMT",
        "Next Update: Dec  8 00:00:00 2125 GMT",
        "X509v3 Authority Key Identifier",
        "X509v3 CRL Number: \n                258\n",
        "Serial Number: A1A1A1A1A1A1A1A1A1A1A1A1A1A1A1A1\n        Revocation Date: Jan  1 00:00:05 2026 GMT\n",
        "X509v3 CRL Reason Code: \n                Key Compromise",
        "X509v3 CRL Reason Code: \n                Superseded",
        "X509v3 CRL Reason Code: \n                Cessation Of Operation",
    ] {
        assert!(words.contains(line), "{line}\n{words}");
    }
    // Nothing is said of what is not known.
    assert_eq!(words.matches("Reason Code").count(), 3, "{words}");
    let (_, words) = openssl(folder, &["crl", "-in", "root.crl", "-noout", "-text"]).unwrap();
    assert!(words.contains("No Revoked Certificates"), "{words}");
    fs::write(folder.join("der.crl"), crl.der()).unwrap();
    let arguments = [
        "crl",
        "-inform",
        "DER",
        "-in",
        "der.crl",
        "-noout",
        "-CAfile",
        "issuing.pem",
    ];
    let (good, words) = openssl(folder, &arguments).unwrap();
    assert!(good && words.contains("verify OK"), "{words}");
}

#[test]
fn an_ended_serial_is_left_out_once_a_crl_was_made_beyond_its_end() {
    let ends = UnixTime(START.0 + 10 * DAY);
    let on = |day| Some(UnixTime(START.0 + day * DAY));
    // RFC 5280 §5: on one CRL more after its end, and on none after that.
    assert!(crl::is_named(ends, None));
    assert!(crl::is_named(ends, on(5)));
    assert!(
        crl::is_named(ends, on(10)),
        "its last second is still its own"
    );
    assert!(!crl::is_named(ends, on(11)));

    let hierarchy = Hierarchy::new("Ending");
    let known = [([0xe1; 16], ends), ([0xe2; 16], UnixTime(u64::MAX))];
    let mut last_update = None;
    let mut named = Vec::new();
    for (number, day) in [(1, 5), (2, 11), (3, 12)] {
        let entries: Vec<(&[u8], u64, ReasonCode)> = known
            .iter()
            .filter(|(_, ends)| crl::is_named(*ends, last_update))
            .map(|(serial, _)| (&serial[..], 1, ReasonCode::Superseded))
            .collect();
        let mut list = list(number, &entries);
        list.this_update = UnixTime(START.0 + day * DAY);
        let crl = crl::sign(&hierarchy.issuing, &list).unwrap();
        let serials: Vec<_> = crl.revoked().map(|entry| entry.serial[0]).collect();
        named.push(serials);
        last_update = Some(list.this_update);
    }
    assert_eq!(named, [vec![0xe1, 0xe2], vec![0xe1, 0xe2], vec![0xe2]]);
}

#[test]
fn a_serial_that_stands_twice_is_written_once_as_it_was_revoked_first() {
    let hierarchy = Hierarchy::new("Twice");
    let entries = [
        (&[5][..], 9, ReasonCode::Superseded),
        (&[0, 5], 3, ReasonCode::KeyCompromise),
        (&[0x7f; 20], 1, ReasonCode::Unspecified),
    ];
    let crl = crl::sign(&hierarchy.issuing, &list(u64::MAX, &entries)).unwrap();
    let read: Vec<_> = crl.revoked().collect();
    assert_eq!(crl.len(), 2);
    assert_eq!(
        (read[0].serial, read[0].reason),
        (&[5][..], ReasonCode::KeyCompromise)
    );
    assert_eq!(read[0].revoked_at, START.0 + 3);
    assert_eq!(read[1].serial, [0x7f; 20]);
    assert_eq!(crl.number(), [0xff; 8]);
    let first = crl::sign(&hierarchy.issuing, &list(0, &[])).unwrap();
    assert!(first.number().is_empty() && first.is_empty());
}

#[test]
fn what_no_crl_can_say_is_refused() {
    let hierarchy = Hierarchy::new("Refusing");
    let sign = |list: &RevocationList| crl::sign(&hierarchy.issuing, list);
    for serial in [&[][..], &[0; 16], &[1; 21], &[0x80; 20]] {
        let refused = sign(&list(1, &[(serial, 1, ReasonCode::Unspecified)]));
        assert!(matches!(refused, Err(Error::Serial)), "{serial:?}");
    }
    let refused = sign(&list(1, &[(&[1], 1, ReasonCode::RemoveFromCrl)]));
    assert!(matches!(refused, Err(Error::Reason)));
    for next in [START.0, START.0 + DAY, 253_402_300_800] {
        let mut late = list(1, &[]);
        late.next_update = UnixTime(next);
        assert!(matches!(sign(&late), Err(Error::Update)), "{next}");
    }
}

#[test]
fn who_may_not_sign_crls_signs_none_and_a_wrong_signature_does_not_leave() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../x509/tests/data");
    let vector = |name: &str| {
        let text = fs::read(format!("{folder}/{name}.pem")).unwrap();
        pem::certificates(&text).unwrap().remove(0)
    };
    let root = vector("ok_root");
    let borrowed = Borrowed(root.public_key().to_vec(), Key::generate());
    let authority = Authority::new(root, vec![], std::sync::Arc::new(borrowed)).unwrap();
    let refused = crl::sign(&authority, &list(1, &[]));
    assert!(matches!(
        refused,
        Err(Error::Unfaithful {
            what: "its signature"
        })
    ));

    let failing = Failing(Key::generate());
    let certificate = Hierarchy::new("Failing")
        .root_authority
        .issue_ca("x", &RULES.issuing, failing.0.public_key(), long(), [9; 16])
        .unwrap();
    let authority = Authority::new(certificate, vec![], std::sync::Arc::new(failing)).unwrap();
    let refused = crl::sign(&authority, &list(1, &[]));
    assert!(matches!(refused, Err(Error::Signer(_))));

    let no_crls = vector("ok_ca_without_crls");
    let borrowed = Borrowed(no_crls.public_key().to_vec(), Key::generate());
    let authority = Authority::new(no_crls, vec![], std::sync::Arc::new(borrowed)).unwrap();
    let refused = crl::sign(&authority, &list(1, &[]));
    assert!(matches!(refused, Err(Error::NotACrlIssuer { .. })));
}
