//! Why an image is not signed, or no key is one.

use countersign_pki::SignError;
use countersign_x509::KeyKind;
use esp_formats::{ErrorKind, app_image::ChipId, secure_boot::Scheme};

/// Why an image was not signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It is signed, and neither appending nor replacing was asked for.
    #[error(
        "the image is signed already, by {blocks} of 3 blocks at byte {offset:#x}; sign beside them (`--append`) or in the place \
         of one (`--replace N`)"
    )]
    AlreadySigned {
        /// How many blocks there are.
        blocks: usize,
        /// Where their sector lies, in bytes from the start of the file.
        offset: u32,
    },
    /// A signature of Secure Boot v1 follows it.
    #[error(
        "a signature of Secure Boot v1 follows the image at byte {offset:#x}; sign the image that the build made"
    )]
    SignedV1 {
        /// Where, in bytes from the start of the file.
        offset: u32,
    },
    /// The file is not a whole image.
    #[error("not a whole image: {kind}, at byte {offset:#x}")]
    Format {
        /// What is wrong.
        kind: ErrorKind,
        /// Where, in bytes from the start of the file.
        offset: u32,
    },
    /// It was signed as if its signatures were part of it.
    #[error(
        "a second sector of signatures lies at byte {offset:#x}, behind the one that a chip reads: the file was signed twice, \
         the second time over the first signature; cut it there, and sign with `--append`"
    )]
    SecondSector {
        /// Where, in bytes from the start of the file.
        offset: u32,
    },

    /// A block that would be kept is not right.
    #[error(
        "signature block {number}, which would be kept, {fault}; a chip would pass it over: use `--replace {number}`"
    )]
    KeptBlock {
        /// Its number, from 0.
        number: usize,
        /// What is wrong with it.
        fault: super::Fault,
    },
    /// A key would have two blocks.
    #[error(
        "the key of digest {digest} has signature block {number} already; a second one would be of no use"
    )]
    KeyTwice {
        /// The key's digest.
        digest: countersign_protocol::Digest,
        /// The block's number, from 0.
        number: usize,
    },
    /// There is no such block.
    #[error("there is no signature block {number} to be replaced; the image has {blocks}")]
    NoBlock {
        /// The number asked for, from 0.
        number: usize,
        /// How many there are.
        blocks: usize,
    },
    /// More keys than there is room for.
    #[error("{keys} keys and {blocks} blocks that are there are more than the 3 that a sector has")]
    TooManyKeys {
        /// How many keys were given.
        keys: usize,
        /// How many blocks there are.
        blocks: usize,
    },
    /// The chip of the image cannot verify by this kind of key.
    #[error("`chip_id` at byte 0xc says {chip}, which verifies {takes}, not {scheme}")]
    Scheme {
        /// The image's chip.
        chip: ChipId,
        /// What kind of key was given.
        scheme: Scheme,
        /// What it takes.
        takes: String,
    },

    /// A key is of no use.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The key could not sign.
    #[error("signing the image")]
    Sign(#[source] SignError),
    /// What was given as a signature is none.
    #[error("the signature has {len} bytes; {wanted}")]
    SignatureForm {
        /// Its length.
        len: usize,
        /// What would do.
        wanted: &'static str,
    },
    /// The signature is not that of the key for this image.
    #[error(
        "the signature is not one of the key of digest {digest} for this image: what is to be signed is the image with its \
         padding, of {algorithm} {signed}"
    )]
    SignatureWrong {
        /// The key's digest.
        digest: countersign_protocol::Digest,
        /// The digest's algorithm.
        algorithm: &'static str,
        /// The digest that is to be signed.
        signed: String,
    },
}

/// Why a public key is none for Secure Boot.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// It is of another kind.
    #[error("a key of {kind} signs no images; RSA 3072, EC P-256 and P-384 do, and P-192 did")]
    Kind {
        /// What it is.
        kind: KeyKind,
    },
    /// It is damaged.
    #[error("the public key is damaged")]
    Damaged(#[source] countersign_x509::Error),
    /// Its numbers are none of such a key.
    #[error("the public key is none: {0}")]
    Numbers(ErrorKind),
}
