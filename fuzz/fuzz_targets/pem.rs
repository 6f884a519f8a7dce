#![no_main]
use countersign_x509::{CertificateRequest, pem};

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    let _ = pem::certificates(text);
    let _ = CertificateRequest::from_pem(text);
});
