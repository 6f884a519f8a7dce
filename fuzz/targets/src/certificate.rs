//! One certificate in DER ([`countersign_x509::Certificate`]).

use countersign_x509::Certificate;

/// All its names, dates and extensions are read at once; its own key is asked for its signature too.
pub fn run(der: &[u8]) {
    let Ok(certificate) = Certificate::from_der(der) else {
        return;
    };
    assert_eq!(certificate.der(), der);
    let mut names = certificate.dns_names().iter().chain(certificate.uris());
    let plain = |text: &str| !text.contains(char::is_control);
    assert!(names.all(|name| plain(name)) && certificate.common_name().is_none_or(plain));
    assert!(plain(certificate.subject_text()) && plain(certificate.issuer_text()));
    let within = |part: &[u8]| der.windows(part.len().max(1)).any(|here| here == part);
    assert!(within(certificate.subject()) && within(certificate.public_key()));
    assert!(!certificate.is_issued_by(&certificate) || certificate.is_self_issued());
    let _ = certificate.verify_signature_with(certificate.public_key());
    let _ = (
        certificate.serial_hex(),
        certificate.key_description(),
        format!("{certificate:?}"),
    );
}
