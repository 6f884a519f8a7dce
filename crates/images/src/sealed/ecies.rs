//! The AES key of ECIES, at both ends, and the device's private key.

use std::num::NonZeroU32;

use aws_lc_rs::{
    agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree},
    hkdf::{HKDF_SHA256, Salt},
    pbkdf2, rand,
};
use zeroize::Zeroizing;

use super::{AesKey, Error, Wrapped};

/// Makes an ephemeral key, and of it and the device's key the AES key.
pub(super) fn new_aes_key(device: &[u8]) -> Result<(AesKey, Wrapped), Error> {
    let mut salt = [0; 32];
    rand::fill(&mut salt).map_err(|_| Error::Library)?;
    let ephemeral = PrivateKey::generate(&ECDH_P256).map_err(|_| Error::Library)?;
    let aes_key = derive(&ephemeral, device, &salt, Error::Library)?;
    let (_, public_key) = point(&ephemeral)?
        .split_first_chunk::<1>()
        .and_then(|(tag, rest)| Some((*tag, *rest.first_chunk()?)))
        .ok_or(Error::Library)?;
    Ok((aes_key, Wrapped::EciesP256 { public_key, salt }))
}

/// Makes the AES key again, of the device's private key and what is in the header.
pub(super) fn aes_key(
    device: &PrivateKey,
    ephemeral: &[u8; 64],
    salt: &[u8; 32],
) -> Result<AesKey, Error> {
    let mut point = [UNCOMPRESSED; 65];
    if let Some((_, coordinates)) = point.split_first_mut() {
        coordinates.copy_from_slice(ephemeral);
    }
    // A point that is not on the curve, too, is damage.
    derive(device, &point, salt, Error::NotOpened)
}

/// The private key that a device makes of its HMAC key; `None` where the number is none of the curve's.
pub(super) fn of_hmac_key(hmac_key: &[u8; 32]) -> Option<PrivateKey> {
    let mut scalar = Zeroizing::new([0; 32]);
    pbkdf2::derive(
        pbkdf2::PBKDF2_HMAC_SHA256,
        ITERATIONS,
        &SALT,
        hmac_key,
        &mut *scalar,
    );
    PrivateKey::from_private_key(&ECDH_P256, &*scalar).ok()
}

/// The public half, uncompressed (SEC 1 §2.3.3).
pub(super) fn point(key: &PrivateKey) -> Result<[u8; 65], Error> {
    let public = key.compute_public_key().map_err(|_| Error::Library)?;
    public.as_ref().try_into().map_err(|_| Error::Library)
}

fn derive(ours: &PrivateKey, theirs: &[u8], salt: &[u8], refused: Error) -> Result<AesKey, Error> {
    let theirs = UnparsedPublicKey::new(&ECDH_P256, theirs);
    agree(ours, theirs, refused, |secret| {
        let mut key = AesKey::default();
        let pseudorandom = Salt::new(HKDF_SHA256, salt).extract(secret);
        pseudorandom
            .expand(&[INFO], HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut *key))
            .map_err(|_| Error::Library)?;
        Ok(key)
    })
}

/// `HKDF` of `esp_encrypted_img.c`: without a NUL.
const INFO: &[u8] = b"_esp_enc_img_ecc";
/// The rounds of PBKDF2 there.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(2048).unwrap();
/// The salt of PBKDF2 there, the same for all devices.
const SALT: [u8; 32] = [
    0x0e, 0x21, 0x60, 0x64, 0x2d, 0xae, 0x76, 0xd3, 0x34, 0x48, 0xe4, 0x3d, 0x77, 0x20, 0x12, 0x3d,
    0x9f, 0x3b, 0x1e, 0xce, 0xb8, 0x8e, 0x57, 0x3a, 0x4e, 0x8f, 0x7f, 0xb9, 0x4f, 0xf0, 0xc8, 0x69,
];
const UNCOMPRESSED: u8 = 4;
