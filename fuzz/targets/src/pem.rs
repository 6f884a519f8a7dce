//! Certificates and requests as text ([`countersign_x509::pem`]).

use countersign_x509::{CertificateRequest, pem};

/// Certificates that are read can be written, and read the same.
pub fn run(text: &[u8]) {
    let _ = CertificateRequest::from_pem(text);
    if let Ok(certificates) = pem::certificates(text) {
        let written = pem::to_pem(&certificates);
        assert_eq!(pem::certificates(written.as_bytes()), Ok(certificates));
    }
    if let Ok(blocks) = pem::blocks(text, "X") {
        let written: String = blocks.iter().map(|block| pem::encode("X", block)).collect();
        assert_eq!(pem::blocks(written.as_bytes(), "X"), Ok(blocks));
    }
}
