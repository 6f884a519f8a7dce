//! An author's public key as text ([`countersign_keys::public_key_from_pem`]), and one for images
//! ([`countersign_keys::image::public_key`]).

use std::path::Path;

use countersign_images::secure_boot::key_of;
use countersign_keys::{Passphrases, image, public_key_from_pem};
use countersign_x509::pem;

/// A key that is read can be written, and reads the same.
pub fn run(text: &[u8]) {
    if let Ok(key) = public_key_from_pem(&String::from_utf8_lossy(text)) {
        let written = pem::encode("PUBLIC KEY", &key);
        assert_eq!(public_key_from_pem(&written).unwrap(), key);
    }
    // A name of a token's key would be looked for, and an encrypted key's passphrase asked for.
    let text = String::from_utf8_lossy(text);
    if text.trim_start().starts_with("pkcs11:") || text.contains("ENCRYPTED") {
        return;
    }
    let read = |text: &str| image::public_key(Path::new("key"), text, &Passphrases::new(None));
    if let Ok(key) = read(&text) {
        let again = read(&pem::encode("PUBLIC KEY", &key.spki)).unwrap();
        assert_eq!(again.spki, key.spki);
        if let Ok(key) = key_of(&key.spki) {
            assert!(!key.as_bytes().is_empty());
        }
    }
}
