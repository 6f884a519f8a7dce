//! Why a key cannot be had.

use std::{fmt, io, path::PathBuf};

use crate::{passphrase::Source, uri::UriError};

/// Why a key cannot be read, made or kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is a file already, and keys are never overwritten.
    #[error("{} is there already; a key is never overwritten", path.display())]
    AlreadyThere {
        /// Where.
        path: PathBuf,
    },

    /// More than one thing answers to the URI, or to what is looked for with it.
    #[error("{uri} names more than one {what}; name it more closely, by `serial` or `id`")]
    Ambiguous {
        /// Which.
        uri: String,
        /// What there is more of than one.
        what: &'static str,
    },

    /// The line is no PKCS#11 URI that names a private key.
    #[error("the PKCS#11 URI is not right")]
    BadUri(#[from] UriError),

    /// The file is encrypted, and there was nobody to ask for the passphrase.
    #[error("the key is encrypted; decrypt it first: openssl pkcs8 -in KEY -out PLAIN")]
    Encrypted,

    /// The file is encrypted in a way that is not read.
    #[error(
        "the key is encrypted in a way that is not read here (it is read by PBES2 with PBKDF2 or scrypt, and AES-CBC); \
         encrypt it anew: openssl pkcs8 -in KEY -topk8 -v2 aes-256-cbc -out NEW"
    )]
    Encryption,

    /// A passphrase or a PIN that is no secret.
    #[error("the {what} from {from} is empty")]
    EmptySecret {
        /// `passphrase` or `PIN`.
        what: &'static str,
        /// Where it came from.
        from: Source,
    },

    /// Whoever typed a new passphrase typed two.
    #[error("the two passphrases are not the same")]
    NotTheSame,

    /// There is an object of that name already, and keys are never overwritten.
    #[error(
        "{uri}: there is an object of that name on the token already; a key is never overwritten"
    )]
    ObjectThere {
        /// Which.
        uri: String,
    },

    /// Not a P-256 private key.
    #[error("not a P-256 private key in PEM (PKCS#8, or `EC PRIVATE KEY`)")]
    NotAKey,

    /// Not a private key that signs images.
    #[error(
        "not a private key that signs images (RSA-3072, P-256 or P-384, in PEM): it is {found}"
    )]
    NotAnImageKey {
        /// What it is, in words.
        found: String,
    },

    /// Not a P-256 public key.
    #[error("not a P-256 public key in PEM")]
    NotAPublicKey(#[source] countersign_x509::Error),

    /// A file of one secret that holds more, or is too long.
    #[error("{} must hold one line of text, and nothing else", path.display())]
    NotOneLine {
        /// Where.
        path: PathBuf,
    },

    /// No such key on the token.
    #[error("{uri}: the token has no such private key")]
    NoObject {
        /// Which.
        uri: String,
    },

    /// A passphrase or a PIN is needed, and none is given.
    #[error(
        "the {what} of `{key}` is needed: give it in {file}, in the environment ({for_all}, or {variable} for this key alone), \
         or at a terminal"
    )]
    NoSecret {
        /// `passphrase` or `PIN`.
        what: &'static str,
        /// The key's name.
        key: String,
        /// How a file is named for it.
        file: &'static str,
        /// The variable of the environment that is for all keys.
        for_all: &'static str,
        /// The variable that is for this key alone.
        variable: String,
    },

    /// No such token.
    #[error("{uri}: there is no such token; there {}", tokens(there))]
    NoToken {
        /// Which.
        uri: String,
        /// The labels of those that are there.
        there: Vec<String>,
    },

    /// The key is on a token, and this program cannot use tokens.
    #[error(
        "the key is on a token ({uri}), and this program was built without the feature `pkcs11`: build it with \
         cargo build --release --features pkcs11"
    )]
    NoTokens {
        /// Which.
        uri: String,
    },

    /// The token's PIN is locked, or one try away from it.
    #[error(
        "{uri}: the token's PIN is locked, or will be by one more wrong one; log in with the token's own tool first"
    )]
    PinLocked {
        /// Which.
        uri: String,
    },

    /// The token took the PIN for a wrong one.
    #[error(
        "{uri}: the token refuses the PIN from {from}; it is not tried again, since a token locks after a few wrong ones"
    )]
    PinRefused {
        /// Which.
        uri: String,
        /// Where the PIN came from.
        from: Source,
    },

    /// The prompt failed.
    #[error("the terminal gave no answer")]
    Prompt(#[source] io::Error),

    /// A call of the token's module failed.
    #[error("{uri}: {doing} failed")]
    Token {
        /// Which key it was about.
        uri: String,
        /// What was being done.
        doing: &'static str,
        /// What the module says.
        #[source]
        cause: Cause,
    },

    /// To decrypt the file would cost too much.
    #[error(
        "the key's encryption asks for {asked} {what}, and at most {most} are spent: encrypt it anew, with less"
    )]
    TooCostly {
        /// What costs it, and its unit.
        what: &'static str,
        /// How much of it the file asks for.
        asked: u64,
        /// The limit.
        most: u64,
    },

    /// Others than its owner may read the key.
    #[error("others may read {0} (mode {mode:o}): chmod 600 {0}", path.display())]
    TooOpen {
        /// Where.
        path: PathBuf,
        /// The permission bits.
        mode: u32,
    },

    /// The token's key is of another kind, or does not show its public half.
    #[error("{uri}: {what}")]
    UnfitKey {
        /// Which.
        uri: String,
        /// What is wrong with it.
        what: &'static str,
    },

    /// Not a public key in PEM, of whatever kind.
    #[error("not a public key in PEM (`PUBLIC KEY`, a private key, or a certificate)")]
    UnreadPublicKey(#[source] countersign_x509::Error),

    /// The passphrase is another.
    #[error("the passphrase of `{key}` from {from} is wrong")]
    WrongPassphrase {
        /// The key's name.
        key: String,
        /// Where the passphrase came from.
        from: Source,
    },

    /// The file could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Where.
        path: PathBuf,
        /// What the system says.
        #[source]
        cause: io::Error,
    },

    /// The file could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// Where.
        path: PathBuf,
        /// What the system says.
        #[source]
        cause: io::Error,
    },

    /// The key could not be made: no randomness or no memory.
    #[error("the cryptographic library could not make the key")]
    Library,
}

/// A cause in a library below.
pub struct Cause(Box<dyn std::error::Error + Send + Sync>);

impl Cause {
    #[cfg(feature = "pkcs11")]
    pub(crate) fn new(cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self(Box::new(cause))
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for Cause {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

fn tokens(there: &[String]) -> String {
    match there {
        [] => "is none".to_owned(),
        [only] => format!("is `{only}`"),
        all => format!("are `{}`", all.join("`, `")),
    }
}
