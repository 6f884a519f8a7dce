#![no_main]
use countersign_protocol::{MAX_MANIFEST, Manifest, SignedManifest};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = SignedManifest::parse(bytes).map(|signed| signed.unverified());
    let Ok(manifest) = Manifest::decode(bytes) else {
        return;
    };
    let mut out = [0; MAX_MANIFEST];
    let len = manifest.encode(&mut out).unwrap();
    assert_eq!(&out[..len], bytes);
});
