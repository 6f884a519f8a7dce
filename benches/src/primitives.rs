//! What a handshake cannot do without, each measured by itself on the calling thread.

use anyhow::{Context as _, Result, anyhow};
use aws_lc_rs::{
    agreement::{self, Algorithm, EphemeralPrivateKey, UnparsedPublicKey},
    rand::SystemRandom,
    signature::{
        self, ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _,
    },
};

use crate::{client::Group, cpu};

/// CPU time of the public-key operations of one handshake, in microseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Primitives {
    /// A key pair made and a secret derived, on P-256.
    pub(crate) ecdhe_p256: f64,
    /// The same on X25519.
    pub(crate) ecdhe_x25519: f64,
    /// ECDSA on P-256 with SHA-256.
    pub(crate) sign: f64,
    /// Its verification, with the parsing of the public key.
    pub(crate) verify: f64,
}

impl Primitives {
    /// Does each so many times.
    pub(crate) fn measure(times: u32) -> Result<Self> {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)
            .map_err(|_| anyhow!("no key"))?;
        let message = [7; MESSAGE];
        let signature = pair
            .sign(&random, &message)
            .map_err(|_| anyhow!("no signature"))?;
        let public = pair.public_key().as_ref();
        Ok(Self {
            ecdhe_p256: ecdhe(&agreement::ECDH_P256, times)?,
            ecdhe_x25519: ecdhe(&agreement::X25519, times)?,
            sign: each(times, || pair.sign(&random, &message).ok().map(drop))?,
            verify: each(times, || {
                signature::UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, public)
                    .verify(&message, signature.as_ref())
                    .ok()
            })?,
        })
    }

    /// The least that a full mutual handshake costs a server that verifies so many signatures.
    pub(crate) fn handshake(&self, group: Group, verifications: f64) -> f64 {
        let ecdhe = match group {
            Group::P256 => self.ecdhe_p256,
            Group::X25519 => self.ecdhe_x25519,
        };
        ecdhe + self.sign + verifications * self.verify
    }
}

fn ecdhe(algorithm: &'static Algorithm, times: u32) -> Result<f64> {
    let random = SystemRandom::new();
    let make = || EphemeralPrivateKey::generate(algorithm, &random).ok();
    let peer = make().and_then(|key| key.compute_public_key().ok());
    let peer = peer.context("no key")?;
    each(times, || {
        let own = make()?;
        own.compute_public_key().ok()?;
        let peer = UnparsedPublicKey::new(algorithm, peer.as_ref());
        agreement::agree_ephemeral(own, peer, (), |_| Ok(())).ok()
    })
}

fn each(times: u32, operation: impl Fn() -> Option<()>) -> Result<f64> {
    let start = cpu::moment();
    for _ in 0..times {
        operation().context("an operation of the cryptographic library failed")?;
    }
    Ok(start.own_us() / f64::from(times))
}

/// About as long as what TLS 1.3 has a client sign, in bytes (RFC 8446 §4.4.3).
const MESSAGE: usize = 130;
