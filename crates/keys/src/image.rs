//! Keys that sign images for Secure Boot v2: RSA-3072, P-256 and P-384, in files and on tokens.
//!
//! An image has up to 16 MiB and is hashed once, whoever signs it: these keys take its digest.

mod file;
mod public;

use std::{fmt, io::ErrorKind, path::Path, sync::Arc};

use aws_lc_rs::{
    digest::{self, Digest},
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, RSA_PSS_2048_8192_SHA256,
        UnparsedPublicKey, VerificationAlgorithm,
    },
};
use countersign_pki::SignError;
use countersign_x509::{KeyKind, PublicKey};

pub use file::FileImageKey;
pub use public::{ImagePublicKey, KeySource, public_key};

use crate::{
    Error, Passphrases, Uri,
    encrypted::{self, Costs},
    file::{Block, store},
    stored::name_of,
};

/// A key that signs images, wherever it lies.
pub trait ImageSigner: fmt::Debug + Send + Sync {
    /// How it signs.
    fn algorithm(&self) -> Algorithm;

    /// The public half, as a DER `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7).
    fn public_key(&self) -> &[u8];

    /// Signs a digest of the algorithm's: RSA's 384 bytes, or r and then s, big-endian and each as long as the curve's numbers.
    ///
    /// # Errors
    /// [`SignError`] where the key cannot be used now, or the digest is another one.
    fn sign_digest(&self, digest: &[u8]) -> Result<Vec<u8>, SignError>;
}

/// How an image is signed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Algorithm {
    /// RSASSA-PSS of 3072 bits with SHA-256, MGF1 with SHA-256, and a salt of 32 bytes (RFC 8017 §8.1).
    RsaPss3072,
    /// ECDSA on P-256 over a SHA-256.
    EcdsaP256,
    /// ECDSA on P-384 over a SHA-384.
    EcdsaP384,
}

impl Algorithm {
    /// The algorithm of a public key, a DER `SubjectPublicKeyInfo`; `None` for keys that sign no images.
    pub fn of(spki: &[u8]) -> Option<Self> {
        let key = PublicKey::from_der(spki).and_then(PublicKey::certifiable);
        match key.ok()?.kind {
            KeyKind::Rsa { bits: 3072 } => Some(Self::RsaPss3072),
            KeyKind::EcP256 => Some(Self::EcdsaP256),
            KeyKind::EcP384 => Some(Self::EcdsaP384),
            _ => None,
        }
    }

    /// The algorithm of the digest that is signed.
    pub fn digest(self) -> &'static digest::Algorithm {
        match self {
            Self::RsaPss3072 | Self::EcdsaP256 => &digest::SHA256,
            Self::EcdsaP384 => &digest::SHA384,
        }
    }

    fn verification(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::RsaPss3072 => &RSA_PSS_2048_8192_SHA256,
            Self::EcdsaP256 => &ECDSA_P256_SHA256_FIXED,
            Self::EcdsaP384 => &ECDSA_P384_SHA384_FIXED,
        }
    }

    fn imported(self, digest: &[u8]) -> Option<Digest> {
        Digest::import_less_safe(digest, self.digest()).ok()
    }
}

/// Whether a signature, in the form of [`ImageSigner::sign_digest`], is a public key's for a digest.
pub fn verifies(spki: &[u8], digest: &[u8], signature: &[u8]) -> bool {
    let verified = || {
        let algorithm = Algorithm::of(spki)?;
        let digest = algorithm.imported(digest)?;
        let key = PublicKey::from_der(spki).ok()?.key;
        UnparsedPublicKey::new(algorithm.verification(), key)
            .verify_digest(&digest, signature)
            .ok()
    };
    verified().is_some()
}

/// Opens the key of a file: PEM (PKCS#8, plain or encrypted, `EC PRIVATE KEY`, `RSA PRIVATE KEY`), or one line with a PKCS#11
/// URI. Whoever else may read the file: the tools that such keys come from leave them open, and it is for the caller to say so.
///
/// # Errors
/// [`Error::Read`], [`Error::NotAnImageKey`], [`Error::Encryption`], those of
/// [`Passphrases::unlock`] and [`encrypted::decrypt`], and those of [`open_uri`].
pub fn open(path: &Path, passphrases: &Passphrases) -> Result<Arc<dyn ImageSigner>, Error> {
    let text = store::read_from_others(path).map_err(|error| match error {
        Error::Read { cause, .. } if cause.kind() == ErrorKind::InvalidData => {
            Error::NotAnImageKey {
                found: "no text; of a key in DER `openssl pkey -inform DER -in KEY -out NEW` makes one in PEM".to_owned(),
            }
        }
        error => error,
    })?;
    let line = text.trim();
    if Uri::is_meant(line) {
        return open_uri(&line.parse()?, &name_of(path), passphrases);
    }
    Ok(Arc::new(in_file(&text, &name_of(path), passphrases)?))
}

/// Opens a key on a token; `name` is what it is called to people.
///
/// # Errors
/// Those of [`crate::pkcs11::TokenImageKey::open`].
#[cfg(feature = "pkcs11")]
pub fn open_uri(
    uri: &Uri,
    name: &str,
    passphrases: &Passphrases,
) -> Result<Arc<dyn ImageSigner>, Error> {
    let key = crate::pkcs11::TokenImageKey::open(uri, name, passphrases)?;
    Ok(Arc::new(key))
}

/// Opens a key on a token: not in this program, which was built without the feature `pkcs11`.
///
/// # Errors
/// [`Error::NoTokens`].
#[cfg(not(feature = "pkcs11"))]
pub fn open_uri(uri: &Uri, _: &str, _: &Passphrases) -> Result<Arc<dyn ImageSigner>, Error> {
    let uri = uri.to_string();
    Err(Error::NoTokens { uri })
}

/// The key that a text in PEM holds.
fn in_file(text: &str, name: &str, passphrases: &Passphrases) -> Result<FileImageKey, Error> {
    let block = Block::read(text).map_err(|error| match error {
        Error::NotAKey => Error::NotAnImageKey {
            found: what_is_there(text),
        },
        error => error,
    })?;
    match block {
        Block::Plain(der) => FileImageKey::from_der(&der),
        Block::Encrypted(der) => passphrases.unlock(name, |passphrase| {
            let plain = encrypted::decrypt(&der, passphrase, &Costs::default())?;
            plain
                .map(|plain| FileImageKey::from_der(&plain))
                .transpose()
        }),
    }
}

/// What lies in place of a private key.
fn what_is_there(text: &str) -> String {
    let labels = [
        ("-----BEGIN CERTIFICATE-----", "a certificate"),
        ("-----BEGIN PUBLIC KEY-----", "a public key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "a key of OpenSSH's"),
    ];
    let found = labels.iter().find(|(label, _)| text.contains(label));
    let keys = text.matches(" PRIVATE KEY-----").count() / 2;
    match found {
        _ if keys > 1 => "more than one private key",
        Some((_, what)) => what,
        None => "no private key in PEM",
    }
    .to_owned()
}

#[cfg(test)]
mod tests;
