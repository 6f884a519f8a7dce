//! The bytes on the wire: frozen version by version, and hostile ones.
#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at the first thing that is wrong"
)]

mod cddl;
mod hostile;
mod limits;
mod sets;
mod v1;
mod wrong_sets;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use countersign_protocol::Es256Verifier;

/// ES256 by a library that is none of ours.
struct Aws;

impl Es256Verifier for Aws {
    fn es256_verify(&self, spki: &[u8], message: &[u8], signature: &[u8; 64]) -> bool {
        ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, spki)
            .is_ok_and(|key| key.verify_sig(message, signature).is_ok())
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest(&SHA256, bytes).as_ref().try_into().unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2)
        .map(|at| u8::from_str_radix(&text[2 * at..][..2], 16).unwrap())
        .collect()
}
