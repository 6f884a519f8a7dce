//! A private key as text ([`countersign_keys::FileKey::from_pkcs8_pem`]).

use countersign_keys::FileKey;

/// A key that is read can be written, and reads the same.
pub fn run(text: &[u8]) {
    if let Ok(key) = FileKey::from_pkcs8_pem(&String::from_utf8_lossy(text)) {
        let written = key.to_pkcs8_pem().unwrap();
        let again = FileKey::from_pkcs8_pem(&written).unwrap();
        assert_eq!(again.public_key_pem(), key.public_key_pem());
    }
}
