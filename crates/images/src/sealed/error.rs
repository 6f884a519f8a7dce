//! Why an image is not sealed, or not opened.

use countersign_x509::KeyKind;
use esp_formats::{ErrorKind, sealed_image::Scheme};

/// Why an image is not sealed, or not opened.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What is to be sealed is sealed.
    #[error("it is sealed already: a device opens one seal")]
    AlreadySealed,
    /// A certificate stands where a key should.
    #[error(
        "this is a certificate, and a key is wanted: openssl x509 -in CERTIFICATE -noout -pubkey gives the public one of it"
    )]
    Certificate,
    /// The file is not a whole sealed image, or what is to be sealed has a length that no slot takes.
    #[error("{kind}, at byte {offset:#x}")]
    Format {
        /// What is wrong.
        kind: ErrorKind,
        /// Where, in bytes from the start of the file.
        offset: u32,
    },
    /// An HMAC key of another length than eFuse has.
    #[error("an HMAC key for eFuse has 32 bytes, this has {found}")]
    HmacKeyLength {
        /// The length found.
        found: usize,
    },
    /// An HMAC key that gives no private key on P-256, as one in 2³² does.
    #[error("no private key on P-256 comes of this HMAC key; make another")]
    HmacKeyUnfit,
    /// A key of a kind, size or curve that no device opens by.
    #[error("a key of kind {found}: images are sealed for RSA 3072 or EC P-256")]
    KeyKind {
        /// What it is.
        found: KeyKind,
    },
    /// The cryptographic library, or the system's source of randomness, refused.
    #[error("the cryptographic library refused")]
    Library,
    /// A text with several keys: which one is meant is not guessed.
    #[error("{found} keys are in it, and one is wanted")]
    ManyKeys {
        /// How many.
        found: usize,
    },
    /// The PEM is damaged, or what is in it is no key.
    #[error("the key is damaged, or no key")]
    MalformedKey,
    /// No PEM of a key.
    #[error("no key in PEM (`BEGIN PUBLIC KEY`, `BEGIN PRIVATE KEY`, `BEGIN RSA PRIVATE KEY` ...)")]
    NoKey,
    /// Sealed for another key, or damaged.
    #[error("it does not open: it was sealed for another key, or is damaged")]
    NotOpened,
    /// A key that is encrypted as before PKCS#8.
    #[error(
        "the key is encrypted in the way of before PKCS#8 (`Proc-Type: 4,ENCRYPTED`), which is not read here; \
         encrypt it anew: openssl pkcs8 -in KEY -topk8 -v2 aes-256-cbc -out NEW"
    )]
    OldEncryption,
    /// Sealed by the other scheme than the key is for. Both have one magic: it is the rest of the header that tells.
    #[error(
        "it is sealed by {sealed}, and the key is one for {key}; a device is built for one of the two, and one for {key} \
         refuses it too"
    )]
    OtherScheme {
        /// That of the image.
        sealed: Scheme,
        /// That of the key.
        key: Scheme,
    },
    /// A public key where the private one is needed.
    #[error("this is a public key: it seals, and the private one opens")]
    PublicKey,
}

impl From<esp_formats::Error> for Error {
    fn from(error: esp_formats::Error) -> Self {
        Self::Format {
            kind: error.kind,
            offset: error.offset,
        }
    }
}
