//! The file of a key that images are sealed for, or opened by ([`countersign_images::sealed::KeyText`]).

use countersign_images::sealed::{KeyText, OpeningKey, SealingKey};

/// As text, and as what may be in it. A key that is taken has a public half that is taken, too, and is written as it is read.
pub fn run(bytes: &[u8]) {
    let text = KeyText::read(bytes).ok();
    let (private, public) = match &text {
        Some(KeyText::Private(der)) => (&der[..], bytes),
        Some(KeyText::Public(spki)) => (bytes, &spki[..]),
        _ => (bytes, bytes),
    };
    if let Ok(key) = OpeningKey::from_der(private) {
        assert_eq!(key.sealing_key().unwrap().scheme(), key.scheme());
    }
    if let Ok(key) = SealingKey::from_spki(public) {
        let Ok(KeyText::Public(spki)) = KeyText::read(key.to_pem().as_bytes()) else {
            unreachable!("a public key is not written as one");
        };
        assert_eq!(spki, public);
    }
}
