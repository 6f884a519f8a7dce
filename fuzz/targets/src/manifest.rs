//! A manifest, out of its envelope ([`countersign_protocol::Manifest`]).

use countersign_protocol::{MAX_MANIFEST, Manifest};

/// A manifest has one form.
pub fn run(bytes: &[u8]) {
    let Ok(manifest) = Manifest::decode(bytes) else {
        return;
    };
    let mut out = [0; MAX_MANIFEST];
    let len = manifest.encode(&mut out).unwrap();
    assert_eq!(&out[..len], bytes);
}
