//! The keys of both ends.

use std::fmt;

use aws_lc_rs::{
    agreement::{ECDH_P256, ParsedPublicKey, PrivateKey, UnparsedPublicKey},
    encoding::AsDer as _,
    rsa::{
        Pkcs1PrivateDecryptingKey, Pkcs1PublicEncryptingKey, PrivateDecryptingKey,
        PublicEncryptingKey,
    },
};
use countersign_protocol::Digest;
use countersign_x509::{KeyKind, PublicKey};
use esp_formats::sealed_image::{Header, KeyMaterial, Scheme};
use zeroize::Zeroizing;

use super::{AesKey, Error, Wrapped, ecies, random_key, text};
use crate::sha256;

/// The public key that an image is sealed for.
pub struct SealingKey {
    /// `SubjectPublicKeyInfo` in DER.
    spki: Vec<u8>,
    held: Sealing,
}

enum Sealing {
    Rsa3072(Box<Pkcs1PublicEncryptingKey>),
    /// A point (SEC 1 §2.3.3).
    EciesP256(Vec<u8>),
}

/// The private key that opens an image.
pub struct OpeningKey {
    held: Opening,
}

enum Opening {
    Rsa3072(Box<PrivateDecryptingKey>),
    EciesP256(PrivateKey),
}

impl SealingKey {
    /// Takes a `SubjectPublicKeyInfo` in DER; its kind says which scheme it is for.
    ///
    /// # Errors
    /// [`Error::KeyKind`]; [`Error::MalformedKey`], also for a point that is not on the curve.
    pub fn from_spki(spki: &[u8]) -> Result<Self, Error> {
        let key = PublicKey::from_der(spki).map_err(|_| Error::MalformedKey)?;
        let held = match key.kind {
            RSA_3072 => {
                let key = PublicEncryptingKey::from_der(spki)
                    .and_then(|key| Ok(Pkcs1PublicEncryptingKey::new(key)?));
                Sealing::Rsa3072(Box::new(key.map_err(|_| Error::MalformedKey)?))
            }
            KeyKind::EcP256 => {
                ParsedPublicKey::try_from(UnparsedPublicKey::new(&ECDH_P256, key.key))
                    .map_err(|_| Error::MalformedKey)?;
                Sealing::EciesP256(key.key.to_vec())
            }
            found => return Err(Error::KeyKind { found }),
        };
        Ok(Self {
            spki: spki.to_vec(),
            held,
        })
    }

    /// The scheme that the key is for.
    pub fn scheme(&self) -> Scheme {
        match self.held {
            Sealing::Rsa3072(_) => Scheme::Rsa3072,
            Sealing::EciesP256(_) => Scheme::EciesP256,
        }
    }

    /// The key as `BEGIN PUBLIC KEY` in PEM.
    pub fn to_pem(&self) -> String {
        text::encode("PUBLIC KEY", &self.spki).to_string()
    }

    /// The SHA-256 of its `SubjectPublicKeyInfo`, by which keys are told apart.
    pub fn fingerprint(&self) -> Digest {
        sha256(&self.spki)
    }

    pub(super) fn new_aes_key(&self) -> Result<(AesKey, Wrapped), Error> {
        match &self.held {
            Sealing::Rsa3072(key) => {
                let aes_key = random_key()?;
                let mut wrapped = Box::new([0; 384]);
                let whole = key
                    .encrypt(&*aes_key, &mut *wrapped)
                    .map_err(|_| Error::Library)?
                    .len();
                if whole != wrapped.len() {
                    return Err(Error::Library);
                }
                Ok((aes_key, Wrapped::Rsa3072(wrapped)))
            }
            Sealing::EciesP256(point) => ecies::new_aes_key(point),
        }
    }
}

impl OpeningKey {
    /// Takes a private key in DER, as [`KeyText::Private`](super::KeyText::Private) has it; its kind says which scheme it
    /// is for.
    ///
    /// # Errors
    /// [`Error::KeyKind`], [`Error::MalformedKey`].
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        let held = match text::private_kind(der)? {
            RSA_3072 => {
                let key = PrivateDecryptingKey::from_pkcs8(&text::to_pkcs8(der));
                Opening::Rsa3072(Box::new(key.map_err(|_| Error::MalformedKey)?))
            }
            KeyKind::EcP256 => {
                let key = PrivateKey::from_private_key_der(&ECDH_P256, der);
                Opening::EciesP256(key.map_err(|_| Error::MalformedKey)?)
            }
            found => return Err(Error::KeyKind { found }),
        };
        Ok(Self { held })
    }

    /// Takes the HMAC key that is burnt into the device's eFuse with the purpose `HMAC_UP`.
    ///
    /// The private key on P-256 is PBKDF2-HMAC-SHA256 of it, with a salt that is in the component, in 2048 rounds.
    ///
    /// # Errors
    /// [`Error::HmacKeyLength`], [`Error::HmacKeyUnfit`].
    pub fn from_hmac_key(hmac_key: &[u8]) -> Result<Self, Error> {
        let found = hmac_key.len();
        let hmac_key = hmac_key
            .try_into()
            .map_err(|_| Error::HmacKeyLength { found })?;
        let key = ecies::of_hmac_key(hmac_key).ok_or(Error::HmacKeyUnfit)?;
        Ok(Self {
            held: Opening::EciesP256(key),
        })
    }

    pub(super) fn from_rsa(key: PrivateDecryptingKey) -> Self {
        Self {
            held: Opening::Rsa3072(Box::new(key)),
        }
    }

    /// The public half, to seal for.
    ///
    /// # Errors
    /// [`Error::Library`].
    pub fn sealing_key(&self) -> Result<SealingKey, Error> {
        let spki = match &self.held {
            Opening::Rsa3072(key) => {
                let der = key.public_key().as_der().map_err(|_| Error::Library)?;
                der.as_ref().to_vec()
            }
            Opening::EciesP256(key) => text::of_point(&ecies::point(key)?),
        };
        SealingKey::from_spki(&spki)
    }

    /// The scheme that the key is for.
    pub fn scheme(&self) -> Scheme {
        match self.held {
            Opening::Rsa3072(_) => Scheme::Rsa3072,
            Opening::EciesP256(_) => Scheme::EciesP256,
        }
    }

    pub(super) fn aes_key(&self, header: &Header<'_>) -> Result<AesKey, Error> {
        match (&self.held, header.key) {
            (Opening::Rsa3072(key), KeyMaterial::Rsa3072(wrapped)) => unwrap(key, wrapped),
            (Opening::EciesP256(key), KeyMaterial::EciesP256 { public_key, salt }) => {
                ecies::aes_key(key, public_key, salt)
            }
            _ => Err(Error::OtherScheme {
                sealed: header.scheme(),
                key: self.scheme(),
            }),
        }
    }
}

/// Decrypts the AES key. Where the padding is not right, a random key is given in its place: the tag does not fit it, and
/// nobody learns from the answer which of the two was wrong (RFC 8017 §7.2.2, note).
fn unwrap(key: &PrivateDecryptingKey, wrapped: &[u8; 384]) -> Result<AesKey, Error> {
    let mut aes_key = random_key()?;
    let mut room = Zeroizing::new([0; 384]);
    let key = Pkcs1PrivateDecryptingKey::new(key.clone()).map_err(|_| Error::Library)?;
    if let Ok(found) = key.decrypt(wrapped, &mut *room)
        && found.len() == aes_key.len()
    {
        aes_key.copy_from_slice(found);
    }
    Ok(aes_key)
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealingKey")
            .field("scheme", &self.scheme())
            .field("fingerprint", &self.fingerprint())
            .finish_non_exhaustive()
    }
}

/// Shows the scheme only.
impl fmt::Debug for OpeningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpeningKey")
            .field("scheme", &self.scheme())
            .finish_non_exhaustive()
    }
}

const RSA_3072: KeyKind = KeyKind::Rsa { bits: 3072 };
