//! A signed author set, and what a release's further authors signed ([`countersign_protocol::SignedAuthorSet`],
//! [`countersign_protocol::SignedRelease`]).

use countersign_images::author_set::{assemble, complete};
use countersign_protocol::{
    AuthorSet, MAX_AUTHOR_SET, SignedAuthorSet, SignedRelease, authors::SetSignature,
};

/// What is read can be written, and is the same bytes. None is believed but the one whose authors' signatures are here.
pub fn run(bytes: &[u8]) {
    if let Ok(release) = SignedRelease::parse(bytes) {
        let again = [release.manifest_bytes(), release.others().as_bytes()].concat();
        assert_eq!(again, bytes);
    }
    if let Ok(set) = AuthorSet::decode(bytes) {
        let mut out = [0; MAX_AUTHOR_SET];
        let len = set.encode(&mut out).unwrap();
        assert_eq!(&out[..len], bytes);
    }
    let Ok(signed) = SignedAuthorSet::parse(bytes) else {
        return;
    };
    let signatures: Vec<_> = signed
        .signatures()
        .map(|(author, signature)| SetSignature {
            author,
            signature: *signature,
        })
        .collect();
    assert_eq!(assemble(signed.payload(), &signatures).unwrap(), bytes);
    if complete(&signed).is_ok() {
        let known = SignedAuthorSet::parse(SIGNED).unwrap();
        assert_eq!(signed.payload(), known.payload());
    }
}

const SIGNED: &[u8] = include_bytes!("../../corpus/author_set/ok_signed");
