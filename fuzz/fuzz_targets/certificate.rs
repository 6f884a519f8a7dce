#![no_main]
use countersign_x509::Certificate;

libfuzzer_sys::fuzz_target!(|der: &[u8]| {
    if let Ok(certificate) = Certificate::from_der(der) {
        assert_eq!(certificate.der(), der);
    }
});
