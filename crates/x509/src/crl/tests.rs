use super::*;

fn text(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/data/{name}.pem", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).unwrap()
}

fn vector(name: &str) -> Crl {
    Crl::from_pem(&text(name)).unwrap()
}

fn issuer() -> Certificate {
    pem::certificates(&text("ok_crl_issuer")).unwrap().remove(0)
}

/// A serial number of 20 octets whose highest bit is set.
const LONGEST: &[u8] = &[
    0x80, 0xff, 0xee, 0xdd, 0xcc, 0xbb, 0xaa, 0x99, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
    0x00, 0xff, 0xee, 0xdd,
];

#[test]
fn a_crl_says_what_openssl_wrote() {
    let crl = vector("ok_crl");
    assert_eq!(crl.issuer(), issuer().subject());
    assert_eq!(crl.issuer_text(), "C=XX, CN=Example CRL Issuer");
    // 2026-01-02T03:04:05Z, and a week later.
    assert_eq!(crl.this_update(), 1_767_323_045);
    assert_eq!(crl.next_update(), 1_767_323_045 + 7 * 86_400);
    assert_eq!(crl.number(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    assert_eq!(crl.authority_key_id(), issuer().subject_key_id());
    let first = 1_767_225_600;
    let mut revoked: Vec<_> = crl
        .revoked()
        .map(|entry| (entry.serial, entry.revoked_at - first, entry.reason))
        .collect();
    // openssl sorts them its own way.
    revoked.sort_by_key(|entry| entry.1);
    assert_eq!(
        revoked,
        [
            (&[10][..], 0, ReasonCode::Unspecified),
            (LONGEST, 1, ReasonCode::KeyCompromise),
            (&[0x80, 0], 2, ReasonCode::Superseded),
            (&[1], 3, ReasonCode::CessationOfOperation),
        ]
    );
    assert_eq!((crl.len(), crl.is_empty()), (4, false));
    assert!(crl.is_issued_by(&issuer()));
    let other = pem::certificates(&text("ok_root")).unwrap().remove(0);
    assert!(!crl.is_issued_by(&other));
    let refused = crl.verify_signature_with(other.public_key());
    assert_eq!(refused, Err(Error::BadSignature));
    assert_eq!(Crl::from_pem(crl.to_pem().as_bytes()), Ok(crl));
}

#[test]
fn an_empty_crl_and_one_that_ends_in_2050_are_read() {
    let empty = vector("ok_crl_empty");
    assert!(empty.is_empty() && empty.revoked().next().is_none());
    assert_eq!(empty.number(), [1, 0]);
    let late = vector("ok_crl_until_2050");
    assert_eq!(late.next_update(), 2_524_608_000);
    assert!(late.is_issued_by(&issuer()));
}

#[test]
fn what_is_not_the_whole_list_of_its_issuer_is_refused() {
    for (name, wanted) in [
        ("err_crl_delta", "2.5.29.27"),
        ("err_crl_partial", "2.5.29.28"),
    ] {
        let refused = Crl::from_pem(&text(name)).unwrap_err();
        let Error::CriticalExtension { oid, offset } = refused else {
            panic!("{name}: {refused:?}")
        };
        assert_eq!(oid, wanted);
        let der = pem::blocks(&text(name), LABEL).unwrap().remove(0);
        assert_eq!(der[offset], 0x30, "where the extension begins");
    }
}

#[test]
fn refuses_version_1_and_what_has_no_number() {
    for (name, wanted) in [
        ("err_crl_v1", "version"),
        ("err_crl_no_number", "extensions"),
    ] {
        let refused = Crl::from_pem(&text(name)).unwrap_err();
        assert!(matches!(refused, Error::Malformed { what, .. } if what == wanted));
    }
    let missing = Error::MissingPem { label: LABEL };
    assert_eq!(Crl::from_pem(&text("ok_root")), Err(missing));
}

/// Puts `with` where `what` stands, which has the same length, and reads.
fn changed(name: &str, what: &[u8], with: &[u8]) -> Result<Crl, Error> {
    let mut der = vector(name).der().to_vec();
    let at = der.windows(what.len()).position(|here| here == what);
    let at = at.unwrap();
    der.splice(at..at + what.len(), with.iter().copied());
    Crl::from_der(&der)
}

#[test]
fn refuses_numbers_and_dates_that_others_would_read_differently() {
    let malformed = |read: Result<Crl, Error>, wanted: &str| {
        let refused = read.unwrap_err();
        let Error::Malformed { what, .. } = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(what, wanted);
    };
    // A serial number of zero, and a negative one.
    malformed(changed("ok_crl", &[2, 1, 10], &[2, 1, 0]), "serial number");
    malformed(
        changed("ok_crl", &[2, 1, 10], &[2, 1, 0x80]),
        "serial number",
    );
    // 7 is no reason, and a negative one is none.
    malformed(changed("ok_crl", &[10, 1, 4], &[10, 1, 7]), "reason code");
    malformed(
        changed("ok_crl", &[10, 1, 4], &[10, 1, 0x84]),
        "reason code",
    );
    let crl = changed("ok_crl", &[10, 1, 4], &[10, 1, 6]).unwrap();
    let held = |entry: RevokedCertificate<'_>| entry.reason == ReasonCode::CertificateHold;
    assert!(crl.revoked().any(held));
    // A day that there is not, a form without seconds, and 2049 in the form of 2050.
    for bad in [b"260230030405Z", b"2601020304+1Z", b"26010203040 Z"] {
        malformed(changed("ok_crl", b"260102030405Z", bad), "this update");
    }
    let late = changed("ok_crl_until_2050", b"20500101000000Z", b"20491231235959Z");
    malformed(late, "next update");
}

#[test]
fn refuses_a_doubled_extension_and_one_that_is_not_der() {
    // The reason of an entry becomes that of another extension, critical or not.
    let unknown = changed("ok_crl", &[0x55, 0x1d, 0x15], &[0x55, 0x1d, 0x18]);
    assert!(unknown.is_ok(), "one that is not critical is passed over");
    let number = [0x55, 0x1d, 0x14];
    let doubled = changed("ok_crl", &[0x55, 0x1d, 0x23], &number);
    let Err(error) = doubled else {
        panic!("two numbers")
    };
    // As a number it does not read, before it is seen that there are two.
    assert!(matches!(
        error,
        Error::Malformed {
            what: "CRL number",
            ..
        }
    ));
    let der = vector("ok_crl_empty").der().to_vec();
    let extension = [0x30, 11, 6, 3, 0x55, 0x1d, 0x14, 4, 4, 2, 2, 1, 0];
    let at = der.windows(13).position(|here| here == extension).unwrap();
    let mut twice = der.clone();
    twice.splice(at..at, extension);
    // The list of extensions and the `[0]` around it; the list to sign and the whole have two octets of length.
    let tagged = der[..at].iter().rposition(|byte| *byte == 0xa0).unwrap();
    twice[tagged + 1] += 13;
    twice[tagged + 3] += 13;
    grow(&mut twice, 13);
    let refused = Crl::from_der(&twice).unwrap_err();
    assert!(
        matches!(&refused, Error::DuplicateExtension { oid, offset } if oid == "2.5.29.20" && *offset == at + 13),
        "{refused:?}"
    );
}

/// Adds to the length of the whole, and of what is signed.
fn grow(der: &mut [u8], by: u8) {
    assert_eq!((der[0], der[1]), (0x30, 0x81));
    der[2] += by;
    assert_eq!(der[3], 0x30);
    let at = if der[4] == 0x81 { 5 } else { 4 };
    der[at] += by;
}

#[test]
fn two_signature_algorithms_that_differ_are_refused() {
    let mut der = vector("ok_crl").der().to_vec();
    let oid = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
    let at = der.windows(8).rposition(|here| here == oid).unwrap();
    der[at + 7] = 3;
    let refused = Crl::from_der(&der).unwrap_err();
    assert!(matches!(
        refused,
        Error::Malformed {
            what: "signature algorithm",
            ..
        }
    ));
}

#[test]
fn trailing_bytes_are_refused_where_they_start() {
    let mut der = vector("ok_crl").der().to_vec();
    let offset = der.len();
    der.push(0);
    let what = "CRL";
    assert_eq!(Crl::from_der(&der), Err(Error::Malformed { what, offset }));
}

#[test]
fn hostile_bytes_never_panic_and_never_verify() {
    let issuer = issuer();
    for name in ["ok_crl", "ok_crl_empty", "ok_crl_until_2050"] {
        let der = vector(name).der().to_vec();
        for len in 0..der.len() {
            Crl::from_der(&der[..len]).unwrap_err();
        }
        for at in 0..der.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut bad = der.clone();
                bad[at] ^= flip;
                if let Ok(read) = Crl::from_der(&bad) {
                    assert_eq!(read.revoked().count(), read.len());
                    assert!(!read.is_issued_by(&issuer), "{name} byte {at} flip {flip}");
                }
            }
        }
    }
}
