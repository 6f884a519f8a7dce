//! Digests and ids that are written in hexadecimal digits ([`countersign_protocol`]).

use countersign_protocol::{AuthorId, Digest, OfferId};

/// What is read can be written, and is the text but for the case of its letters.
pub fn run(text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    let read = [
        text.parse::<Digest>().map(|digest| digest.to_string()).ok(),
        text.parse::<OfferId>().map(|id| id.to_string()).ok(),
        text.parse::<AuthorId>().map(|id| id.to_string()).ok(),
    ];
    for written in read.into_iter().flatten() {
        assert_eq!(written, text.to_ascii_lowercase());
    }
}
