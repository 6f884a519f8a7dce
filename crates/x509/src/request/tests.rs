use super::*;
use crate::KeyKind;

fn vector(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/data/{name}.pem", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).unwrap()
}

#[test]
fn reads_key_and_name_of_what_openssl_wrote() {
    for (name, common_name, kind) in [
        ("ok_request_p256", "7cdfa1000001", KeyKind::EcP256),
        ("ok_request_p384_sha256", "p384", KeyKind::EcP384),
        ("ok_request_rsa2048", "rsa", KeyKind::Rsa { bits: 2048 }),
        ("ok_request_wants_ca", "greedy", KeyKind::EcP256),
    ] {
        let request = CertificateRequest::from_pem(&vector(name)).unwrap();
        assert_eq!(request.common_name(), Some(common_name));
        let key = PublicKey::from_der(request.public_key()).unwrap();
        assert_eq!(key.kind, kind);
    }
}

#[test]
fn refuses_keys_and_signatures_outside_the_list() {
    let check = |name: &str| CertificateRequest::from_pem(&vector(name)).unwrap_err();
    for (name, kind) in [
        ("err_request_p521", KeyKind::EcP521),
        ("err_request_rsa1024", KeyKind::Rsa { bits: 1024 }),
        ("err_request_ed25519", KeyKind::Ed25519),
    ] {
        assert_eq!(check(name), Error::UnsupportedKey { kind });
    }
    let sha1 = check("err_request_sha1");
    assert!(matches!(sha1, Error::UnsupportedSignature { .. }));
    let no_request = check("ok_root");
    assert_eq!(no_request, Error::MissingPem { label: LABEL });
}

#[test]
fn reads_the_old_label() {
    let text = String::from_utf8(vector("ok_request_p256")).unwrap();
    let old = text.replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST");
    CertificateRequest::from_pem(old.as_bytes()).unwrap();
}

#[test]
fn no_changed_byte_passes_the_proof_of_possession() {
    for name in [
        "ok_request_p256",
        "ok_request_rsa2048",
        "ok_request_wants_ca",
    ] {
        let der = pem::blocks(&vector(name), LABEL).unwrap().remove(0);
        CertificateRequest::from_der(&der).unwrap();
        for len in 0..der.len() {
            CertificateRequest::from_der(&der[..len]).unwrap_err();
        }
        for at in 0..der.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut bad = der.clone();
                bad[at] ^= flip;
                assert!(
                    CertificateRequest::from_der(&bad).is_err(),
                    "{name} byte {at}"
                );
            }
        }
    }
}
