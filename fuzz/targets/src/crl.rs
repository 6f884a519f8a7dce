//! A CRL in DER ([`countersign_x509::Crl`]).

use countersign_x509::Crl;

/// All that it says is read at once, and lies within it; as PEM it is the same.
pub fn run(der: &[u8]) {
    let Ok(crl) = Crl::from_der(der) else {
        return;
    };
    assert_eq!(crl.der(), der);
    assert_eq!(crl.revoked().count(), crl.len());
    for entry in crl.revoked() {
        assert!((1..=20).contains(&entry.serial.len()));
        assert_ne!(entry.serial.first(), Some(&0));
    }
    assert!(crl.number().len() <= 20 && crl.number().first() != Some(&0));
    assert!(!crl.issuer_text().contains(char::is_control));
    assert_eq!(Crl::from_pem(crl.to_pem().as_bytes()).unwrap(), crl);
    let _ = (crl.authority_key_id(), format!("{crl:?}"));
}
