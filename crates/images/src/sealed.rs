//! Sealed images: an app image that only the holder of a key reads, as `esp_encrypted_img` opens it on a device.
//!
//! A new AES key for each image, and how the device has it ([`esp_formats::sealed_image::KeyMaterial`]):
//!
//! | scheme      | the AES key is                                                        | the device has           |
//! |-------------|-----------------------------------------------------------------------|--------------------------|
//! | RSA-3072    | random, encrypted by PKCS#1 v1.5 (RFC 8017 §7.2)                      | the private key          |
//! | ECIES-P256  | HKDF-SHA256 (RFC 5869) of an ECDH secret with an ephemeral key        | an HMAC key in eFuse, of which the private key is made ([`OpeningKey::from_hmac_key`]) |
//!
//! The image is encrypted by AES-256-GCM with an IV of 16 bytes and no further data. That keeps it secret; it proves nothing
//! of who made it, since the public key is enough to seal. So an image is signed first, and sealed then.

mod ecies;
mod error;
mod generate;
mod key;
mod text;

pub use error::Error;
pub use generate::{NewKey, generate};
pub use key::{OpeningKey, SealingKey};
pub use text::KeyText;

use std::fmt;

use aes_gcm::{
    AeadInOut as _, AesGcm, KeyInit as _,
    aead::{Nonce, Tag, consts::U16},
    aes::Aes256,
};
use aws_lc_rs::rand;
use esp_formats::sealed_image::{
    Header, KeyMaterial, Scheme, SealedImage, check_plain_len, is_sealed,
};
use zeroize::Zeroizing;

/// What a sealed image held.
#[non_exhaustive]
pub struct Opened {
    /// How it was sealed.
    pub scheme: Scheme,
    /// The image, signed or not, as it was before it was sealed. Whoever sealed it may be anybody.
    pub plain: Zeroizing<Vec<u8>>,
}

/// Seals an image for a device, or for all that have one key.
///
/// What the bytes are is for the caller to check, except that they are not sealed already.
///
/// # Errors
/// [`Error::AlreadySealed`]; [`Error::Format`] where there is nothing, or more than 16 MiB; [`Error::Library`].
pub fn seal(plain: &[u8], key: &SealingKey) -> Result<Vec<u8>, Error> {
    if is_sealed(plain) {
        return Err(Error::AlreadySealed);
    }
    let plain_len = check_plain_len(plain.len())?;
    let (aes_key, wrapped) = key.new_aes_key()?;
    let mut iv = [0; 16];
    rand::fill(&mut iv).map_err(|_| Error::Library)?;
    let mut file = Vec::with_capacity(Header::LEN.saturating_add(plain.len()));
    file.resize(Header::LEN, 0);
    file.extend_from_slice(plain);
    let (head, text) = file
        .split_first_chunk_mut::<{ Header::LEN }>()
        .ok_or(Error::Library)?;
    let tag = cipher(&aes_key)?
        .encrypt_inout_detached(&Nonce::<Cipher>::from(iv), b"", text.into())
        .map_err(|_| Error::Library)?;
    let header = Header {
        key: wrapped.material(),
        iv: &iv,
        plain_len,
        tag: &tag.into(),
    };
    *head = header.encode()?;
    Ok(file)
}

/// Opens a sealed image. Nothing is given unless every byte is what was sealed.
///
/// # Errors
/// - [`Error::Format`]: not a whole sealed image, or one with something behind it;
/// - [`Error::OtherScheme`]: the header is that of the other scheme;
/// - [`Error::NotOpened`]: sealed for another key, or damaged. Which of the two, and whether it was the RSA padding or
///   the tag, is not said: who could ask often enough would learn the AES key from it (Bleichenbacher, 1998).
/// - [`Error::Library`].
pub fn open(file: &[u8], key: &OpeningKey) -> Result<Opened, Error> {
    let SealedImage { header, ciphertext } = SealedImage::parse(file)?;
    let aes_key = key.aes_key(&header)?;
    let mut plain = Zeroizing::new(ciphertext.to_vec());
    cipher(&aes_key)?
        .decrypt_inout_detached(
            &Nonce::<Cipher>::from(*header.iv),
            b"",
            plain.as_mut_slice().into(),
            &Tag::<Cipher>::from(*header.tag),
        )
        .map_err(|_| Error::NotOpened)?;
    Ok(Opened {
        scheme: header.scheme(),
        plain,
    })
}

/// Shows nothing of the image.
impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened")
            .field("scheme", &self.scheme)
            .finish_non_exhaustive()
    }
}

/// AWS-LC's AES-GCM takes IVs of 12 bytes alone.
type Cipher = AesGcm<Aes256, U16>;

/// A key of AES-256.
type AesKey = Zeroizing<[u8; 32]>;

/// How a device comes to the AES key, as the header has it.
enum Wrapped {
    Rsa3072(Box<[u8; 384]>),
    EciesP256 {
        public_key: [u8; 64],
        salt: [u8; 32],
    },
}

impl Wrapped {
    fn material(&self) -> KeyMaterial<'_> {
        match self {
            Self::Rsa3072(wrapped) => KeyMaterial::Rsa3072(wrapped),
            Self::EciesP256 { public_key, salt } => KeyMaterial::EciesP256 { public_key, salt },
        }
    }
}

fn cipher(key: &AesKey) -> Result<Cipher, Error> {
    Cipher::new_from_slice(&**key).map_err(|_| Error::Library)
}

fn random_key() -> Result<AesKey, Error> {
    let mut key = AesKey::default();
    rand::fill(&mut *key).map_err(|_| Error::Library)?;
    Ok(key)
}

#[cfg(test)]
mod tests;
