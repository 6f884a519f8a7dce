//! An author's public key as text ([`countersign_keys::public_key_from_pem`]).

use countersign_keys::public_key_from_pem;
use countersign_x509::pem;

/// A key that is read can be written, and reads the same.
pub fn run(text: &[u8]) {
    if let Ok(key) = public_key_from_pem(&String::from_utf8_lossy(text)) {
        let written = pem::encode("PUBLIC KEY", &key);
        assert_eq!(public_key_from_pem(&written).unwrap(), key);
    }
}
