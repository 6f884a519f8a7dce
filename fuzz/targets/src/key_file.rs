//! What a key's file holds ([`countersign_keys::Stored`]): a key, an encrypted one, or a PKCS#11 URI; and an encrypted key as it
//! is without its PEM ([`countersign_keys::encrypted::decrypt`]), where a changed byte is not most likely the end of its base64.

use countersign_keys::{
    FileKey, Stored, Uri,
    encrypted::{self, Costs},
};

/// A URI that is read can be written, and reads the same. A passphrase opens nothing that is no P-256 key, and soon.
pub fn run(bytes: &[u8]) {
    if let Ok(stored) = Stored::from_text(&String::from_utf8_lossy(bytes), "key") {
        if let Some(uri) = stored.uri() {
            let again: Uri = uri.to_string().parse().unwrap();
            assert_eq!(again, *uri);
        }
        let _ = stored.unlocked(PASSPHRASE, COSTS);
    }
    if let Ok(Some(plain)) = encrypted::decrypt(bytes, PASSPHRASE, COSTS)
        && let Ok(key) = FileKey::from_der(&plain)
    {
        let der = key.to_pkcs8_der().unwrap();
        let again = FileKey::from_der(&der).unwrap();
        assert_eq!(again.public_key_pem(), key.public_key_pem());
    }
}

/// That of the corpus, and of the vectors of `countersign-keys`.
const PASSPHRASE: &str = "correct horse";
/// So much that the corpus is decrypted, and thousands of inputs can be tried.
const COSTS: &Costs = &Costs {
    iterations: 2048,
    scrypt_memory: 1 << 20,
    scrypt_work: 1 << 12,
};
