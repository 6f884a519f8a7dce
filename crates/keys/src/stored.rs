//! What lies in a key's file, and the key that it leads to.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use countersign_pki::{SignError, Signer};
use zeroize::Zeroizing;

use crate::{
    Error, FileKey, Passphrases,
    encrypted::{self, Costs},
    file::{Block, store},
    uri::Uri,
};

/// A key's file: the key, or where it is.
#[derive(Debug)]
pub struct Stored {
    /// What the key is called to people: the file's name, without its ending.
    name: String,
    held: Held,
}

#[derive(Debug)]
enum Held {
    Plain(Arc<FileKey>),
    /// `EncryptedPrivateKeyInfo` in DER.
    Encrypted(Vec<u8>),
    Token(Box<Uri>),
}

/// Opens the key of a file, wherever it lies.
///
/// The file holds PKCS#8 in PEM, plain or encrypted, or one line: a PKCS#11 URI ([`Uri`]).
///
/// # Errors
/// Those of [`Stored::read`] and [`Stored::open`].
pub fn open(path: &Path, passphrases: &Passphrases) -> Result<Arc<dyn Signer>, Error> {
    Stored::read(path)?.open(passphrases)
}

/// Opens the key that a URI names, or makes it where the token has none of that name.
///
/// # Errors
/// Those of [`crate::pkcs11::TokenKey`].
#[cfg(feature = "pkcs11")]
pub fn open_or_generate(
    uri: &Uri,
    name: &str,
    passphrases: &Passphrases,
) -> Result<Arc<dyn Signer>, Error> {
    match token(uri, name, passphrases) {
        Err(Error::NoObject { .. }) => {
            let made = crate::pkcs11::TokenKey::generate(uri, name, passphrases)?;
            Ok(Arc::new(made))
        }
        opened => opened,
    }
}

/// Opens the key that a URI names, or makes it: not in this program, which was built without the feature `pkcs11`.
///
/// # Errors
/// [`Error::NoTokens`].
#[cfg(not(feature = "pkcs11"))]
pub fn open_or_generate(
    uri: &Uri,
    name: &str,
    passphrases: &Passphrases,
) -> Result<Arc<dyn Signer>, Error> {
    token(uri, name, passphrases)
}

impl Stored {
    /// Reads a key's file, which only its owner may read.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::TooOpen`], and those of [`Stored::from_text`].
    pub fn read(path: &Path) -> Result<Self, Error> {
        Self::read_as(path, &name_of(path))
    }

    /// The same for a key that is called `name`: several keys may share a passphrase, or a PIN, by sharing a name.
    ///
    /// # Errors
    /// As [`Stored::read`].
    pub fn read_as(path: &Path, name: &str) -> Result<Self, Error> {
        let text = store::read(path)?;
        Self::from_text(&text, name)
    }

    /// Reads what a key's file holds; `name` is what the key is called to people.
    ///
    /// # Errors
    /// [`Error::NotAKey`], [`Error::Encryption`] for RFC 1421's way of encrypting, [`Error::BadUri`].
    pub fn from_text(text: &str, name: &str) -> Result<Self, Error> {
        let line = text.trim();
        let held = if Uri::is_meant(line) {
            Held::Token(Box::new(line.parse()?))
        } else {
            match Block::read(text)? {
                Block::Plain(der) => Held::Plain(Arc::new(FileKey::from_der(&der)?)),
                Block::Encrypted(der) => Held::Encrypted(der),
            }
        };
        Ok(Self {
            name: name.to_owned(),
            held,
        })
    }

    /// What the key is called to people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The URI, where the key is on a token.
    pub fn uri(&self) -> Option<&Uri> {
        match &self.held {
            Held::Token(uri) => Some(uri),
            Held::Plain(_) | Held::Encrypted(_) => None,
        }
    }

    /// Whether a passphrase is needed to open the key.
    pub fn is_encrypted(&self) -> bool {
        matches!(self.held, Held::Encrypted(_))
    }

    /// Opens the key.
    ///
    /// # Errors
    /// Those of [`Stored::file_key`] and of the token; [`Error::NoTokens`].
    pub fn open(&self, passphrases: &Passphrases) -> Result<Arc<dyn Signer>, Error> {
        match &self.held {
            Held::Token(uri) => token(uri, &self.name, passphrases),
            Held::Plain(_) | Held::Encrypted(_) => Ok(self.file_key(passphrases)?),
        }
    }

    /// Opens the key of a file whose bytes are needed: a TLS server's.
    ///
    /// # Errors
    /// [`Error::UnfitKey`] for one on a token, which does not give it away; those of [`Passphrases::unlock`],
    /// [`encrypted::decrypt`] and [`FileKey::from_pkcs8_pem`].
    pub fn file_key(&self, passphrases: &Passphrases) -> Result<Arc<FileKey>, Error> {
        match &self.held {
            Held::Plain(key) => Ok(Arc::clone(key)),
            Held::Token(uri) => Err(Error::UnfitKey {
                uri: uri.to_string(),
                what: "a key on a token does not leave it, and is wanted in a file here",
            }),
            Held::Encrypted(_) => passphrases.unlock(&self.name, |passphrase| {
                self.unlocked(passphrase, &Costs::default())
            }),
        }
    }

    /// Opens the key of an encrypted file with this passphrase; `None` where that is another, or the file is not encrypted.
    ///
    /// # Errors
    /// Those of [`encrypted::decrypt`]; [`Error::NotAKey`] where something else was encrypted.
    pub fn unlocked(&self, passphrase: &str, costs: &Costs) -> Result<Option<Arc<FileKey>>, Error> {
        let Held::Encrypted(der) = &self.held else {
            return Ok(None);
        };
        let plain = encrypted::decrypt(der, passphrase, costs)?;
        let key = plain.map(|plain| FileKey::from_der(&plain)).transpose()?;
        Ok(key.map(Arc::new))
    }

    /// The same key, opened when it first signs: who only looks at a fleet need not know a passphrase, and no token need be
    /// there. `public_key` is what the key's certificate says.
    pub fn when_needed(self, public_key: &[u8], passphrases: Arc<Passphrases>) -> Arc<dyn Signer> {
        match self.held {
            Held::Plain(key) => key,
            Held::Encrypted(_) | Held::Token(_) => Arc::new(Deferred {
                stored: self,
                passphrases,
                public_key: public_key.to_vec(),
                opened: Mutex::new(None),
            }),
        }
    }
}

/// A key that is opened when it first signs.
#[derive(Debug)]
struct Deferred {
    stored: Stored,
    passphrases: Arc<Passphrases>,
    public_key: Vec<u8>,
    opened: Mutex<Option<Arc<dyn Signer>>>,
}

impl Signer for Deferred {
    fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        // Held while it is opened, so that a person is asked once.
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let key = if let Some(key) = opened.as_ref() {
            Arc::clone(key)
        } else {
            let key = self.stored.open(&self.passphrases);
            let key = key.map_err(|error| SignError(in_words(&error)))?;
            if key.public_key() != self.public_key {
                let name = &self.stored.name;
                let other = format!("`{name}` is another key than its certificate's");
                return Err(SignError(other));
            }
            Arc::clone(opened.insert(key))
        };
        drop(opened);
        key.sign(message)
    }
}

/// The name of a key's file, without its ending.
pub fn name_of(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// The line that leads to a key on a token, as a key's file holds it.
pub fn uri_line(uri: &Uri) -> Zeroizing<String> {
    Zeroizing::new(format!("{uri}\n"))
}

/// An error with its causes.
pub(crate) fn in_words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push_str(": ");
        words.push_str(&error.to_string());
        cause = error.source();
    }
    words
}

#[cfg(feature = "pkcs11")]
fn token(uri: &Uri, name: &str, passphrases: &Passphrases) -> Result<Arc<dyn Signer>, Error> {
    Ok(Arc::new(crate::pkcs11::TokenKey::open(
        uri,
        name,
        passphrases,
    )?))
}

#[cfg(not(feature = "pkcs11"))]
fn token(uri: &Uri, _: &str, _: &Passphrases) -> Result<Arc<dyn Signer>, Error> {
    let uri = uri.to_string();
    Err(Error::NoTokens { uri })
}

#[cfg(test)]
mod tests;
