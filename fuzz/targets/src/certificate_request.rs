//! A request for a certificate, PKCS #10 in DER ([`countersign_x509::CertificateRequest`]).

use countersign_x509::{CertificateRequest, PublicKey};

/// A request that is taken has a key that can be certified.
pub fn run(der: &[u8]) {
    if let Ok(request) = CertificateRequest::from_der(der) {
        let key = PublicKey::from_der(request.public_key()).unwrap();
        assert!(key.certifiable().is_ok());
        assert_ne!(request.common_name(), Some(""));
    }
}
