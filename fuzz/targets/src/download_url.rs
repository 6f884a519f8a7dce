//! The path and the query of a download URL ([`countersign_images::url`]): digest, `?`, query.

use countersign_images::url::{UrlKey, parse_digest, path_and_query_len, sign, verify};
use countersign_protocol::{Digest, UnixTime};

/// A URL that gives leave is, to the letter, the one that we sign for that image, device and end.
pub fn run(text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    let keys = [UrlKey::new("k1", [7; 32].into()).unwrap()];
    let (segment, query) = text.split_once('?').unwrap_or((&text, ""));
    let digest = parse_digest(segment).unwrap_or(Digest([0; 32]));
    if let Ok(grant) = verify(&keys, &digest, query, "d1", UnixTime(0)) {
        let ours = sign(&keys[0], "https://ota.example", &digest, "d1", grant.ends());
        let (_, signed) = ours.split_once('?').unwrap();
        assert_eq!((grant.image(), query), (digest, signed));
        assert!(verify(&keys, &digest, query, "d2", UnixTime(0)).is_err());
        assert_eq!(
            path_and_query_len(&ours),
            ours.len() - "https://ota.example".len()
        );
    }
    let _ = path_and_query_len(&text);
}
