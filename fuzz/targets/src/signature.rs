//! An ECDSA signature in DER, as a signer that is not ours gives it ([`countersign_pki::fixed_signature`]).

use countersign_pki::fixed_signature;

/// Neither half of what is taken is longer than the curve, or nothing.
pub fn run(der: &[u8]) {
    if let Ok(fixed) = fixed_signature(der) {
        assert!(der.len() <= 72, "{} bytes", der.len());
        assert!(
            fixed
                .chunks(32)
                .all(|half| half.iter().any(|byte| *byte != 0))
        );
    }
}
