//! Keys in files.

pub(crate) mod store;

use std::{fmt, path::Path};

use aws_lc_rs::{
    encoding::AsDer,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use countersign_pki::{SignError, Signer};
use zeroize::Zeroizing;

use crate::{Error, encrypted};

/// A P-256 key that is, or can be, kept in a file.
pub struct FileKey {
    pair: EcdsaKeyPair,
    public_key: Vec<u8>,
}

impl FileKey {
    /// Makes a new key.
    ///
    /// # Errors
    /// [`Error::Library`] where the system gives no randomness.
    pub fn generate() -> Result<Self, Error> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING);
        Self::from_pair(pair.map_err(|_| Error::Library)?)
    }

    /// Reads a private key in PEM: `PRIVATE KEY` (PKCS#8, RFC 5958), or `EC PRIVATE KEY` (RFC 5915)
    /// as `openssl ecparam -genkey` writes it, behind its `EC PARAMETERS`.
    ///
    /// # Errors
    /// [`Error::NotAKey`]; [`Error::Encrypted`], which [`crate::open`] takes; [`Error::Encryption`] for RFC 1421's way.
    pub fn from_pkcs8_pem(text: &str) -> Result<Self, Error> {
        match Block::read(text)? {
            Block::Plain(der) => Self::from_der(&der),
            Block::Encrypted(_) => Err(Error::Encrypted),
        }
    }

    /// Reads a private key in DER: PKCS#8, or RFC 5915.
    ///
    /// # Errors
    /// [`Error::NotAKey`].
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        let pair = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_ASN1_SIGNING, der);
        Self::from_pair(pair.map_err(|_| Error::NotAKey)?)
    }

    /// Writes the key as PKCS#8 in PEM.
    ///
    /// # Errors
    /// [`Error::Library`].
    pub fn to_pkcs8_pem(&self) -> Result<Zeroizing<String>, Error> {
        let document = self.pair.to_pkcs8v1().map_err(|_| Error::Library)?;
        Ok(store::encode(document.as_ref()))
    }

    /// Writes the key as encrypted PKCS#8 in PEM, `ENCRYPTED PRIVATE KEY`.
    ///
    /// # Errors
    /// [`Error::Library`].
    pub fn to_encrypted_pem(&self, passphrase: &str) -> Result<String, Error> {
        let der = encrypted::encrypt(&self.to_pkcs8_der()?, passphrase)?;
        Ok(countersign_x509::pem::encode(ENCRYPTED, &der))
    }

    /// Writes the key as PKCS#8 in DER.
    ///
    /// # Errors
    /// [`Error::Library`].
    pub fn to_pkcs8_der(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let document = self.pair.to_pkcs8v1().map_err(|_| Error::Library)?;
        Ok(Zeroizing::new(document.as_ref().to_vec()))
    }

    /// Reads a key from a file that only its owner may read.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::TooOpen`], and those of [`FileKey::from_pkcs8_pem`].
    pub fn load(path: &Path) -> Result<Self, Error> {
        Self::from_pkcs8_pem(&store::read(path)?)
    }

    /// Makes a new key and keeps it at `path`, which must not be there yet.
    ///
    /// # Errors
    /// [`Error::AlreadyThere`], [`Error::Write`], [`Error::Library`].
    pub fn create_new(path: &Path) -> Result<Self, Error> {
        let key = Self::generate()?;
        key.save_new(path)?;
        Ok(key)
    }

    /// Keeps this key at `path`, which must not be there yet: readable by its owner alone from the
    /// first byte, there whole or not at all.
    ///
    /// # Errors
    /// [`Error::AlreadyThere`], [`Error::Write`], [`Error::Library`].
    pub fn save_new(&self, path: &Path) -> Result<(), Error> {
        store::write_new(path, self.to_pkcs8_pem()?.as_bytes(), &self.public_key)
    }

    /// The same, encrypted with a passphrase.
    ///
    /// # Errors
    /// As [`FileKey::save_new`].
    pub fn save_new_encrypted(&self, path: &Path, passphrase: &str) -> Result<(), Error> {
        let text = self.to_encrypted_pem(passphrase)?;
        store::write_new(path, text.as_bytes(), &self.public_key)
    }

    /// The public half in PEM, `PUBLIC KEY`.
    pub fn public_key_pem(&self) -> String {
        countersign_x509::pem::encode("PUBLIC KEY", &self.public_key)
    }

    fn from_pair(pair: EcdsaKeyPair) -> Result<Self, Error> {
        let der = pair.public_key().as_der().map_err(|_| Error::Library)?;
        let public_key = der.as_ref().to_vec();
        Ok(Self { pair, public_key })
    }
}

/// The one private key of a text in PEM.
pub(crate) enum Block {
    /// In DER.
    Plain(Zeroizing<Vec<u8>>),
    /// `EncryptedPrivateKeyInfo` in DER.
    Encrypted(Vec<u8>),
}

impl Block {
    /// Finds it; other blocks and text are passed over.
    pub(crate) fn read(text: &str) -> Result<Self, Error> {
        let blocks = pem::parse_many(text).map_err(|_| Error::NotAKey)?;
        let mut found = None;
        for block in blocks {
            let tag = block.tag().to_owned();
            // RFC 1421's way, which old `openssl` writes inside `EC PRIVATE KEY`.
            let inside = block.headers().get("Proc-Type").is_some();
            let contents = Zeroizing::new(block.into_contents());
            let key = match tag.as_str() {
                ENCRYPTED => Self::Encrypted(contents.to_vec()),
                "PRIVATE KEY" | "EC PRIVATE KEY" | "RSA PRIVATE KEY" if inside => {
                    return Err(Error::Encryption);
                }
                "PRIVATE KEY" | "EC PRIVATE KEY" | "RSA PRIVATE KEY" => Self::Plain(contents),
                _ => continue,
            };
            if found.replace(key).is_some() {
                return Err(Error::NotAKey);
            }
        }
        found.ok_or(Error::NotAKey)
    }
}

impl Signer for FileKey {
    fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        match self.pair.sign(&SystemRandom::new(), message) {
            Ok(signature) => Ok(signature.as_ref().to_vec()),
            Err(_) => Err(SignError("the cryptographic library refused".to_owned())),
        }
    }
}

/// Shows the public half only.
impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileKey")
            .field("public_key", &self.public_key)
            .finish_non_exhaustive()
    }
}

/// RFC 5958 §3's label (RFC 7468 §11).
const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";

/// A file of `tests/data`.
#[cfg(test)]
pub(crate) fn vector(name: &str) -> String {
    let path = format!("{}/tests/data/{name}.pem", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

#[cfg(test)]
mod tests;
