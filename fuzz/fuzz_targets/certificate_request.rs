#![no_main]
libfuzzer_sys::fuzz_target!(|der: &[u8]| {
    let _ = countersign_x509::CertificateRequest::from_der(der);
});
