//! A signed manifest ([`countersign_protocol::SignedManifest`], [`countersign_images::manifest::verify`]).

use countersign_images::manifest::verify;
use countersign_protocol::SignedManifest;

/// An author whose key signed one manifest that is here. Nothing but that one is believed.
pub fn run(bytes: &[u8]) {
    let unverified = SignedManifest::parse(bytes).map(|signed| signed.unverified());
    if let Ok(verified) = verify(bytes, &[AUTHOR.to_vec()]) {
        let known = SignedManifest::parse(SIGNED).unwrap().unverified().unwrap();
        assert_eq!(verified.manifest(), &known);
        assert_eq!(unverified, Ok(Ok(known)));
    }
}

const AUTHOR: &[u8] = include_bytes!("../../../crates/images/tests/data/ok_author.spki.der");
const SIGNED: &[u8] = include_bytes!("../../../crates/images/tests/data/ok_manifest.cose");
