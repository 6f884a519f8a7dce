//! Images signed.

use countersign_keys::image::{Algorithm, ImageSigner};
use countersign_protocol::Digest;
use countersign_x509::der::{INTEGER, Reader, SEQUENCE};
use esp_formats::{
    ErrorKind,
    app_image::SEGMENT_LIMIT,
    secure_boot::{
        BLOCK, Block, Key, MAX_BLOCKS, Place, SECTOR, Scheme, Sector, compose_block, support,
    },
};

use super::{Error, Image, KeyError, key_of, verify::verify_block};
use crate::sha256;

/// Who signs.
#[derive(Clone, Copy, Debug)]
pub enum Signer<'a> {
    /// A key that is at hand.
    Key(&'a dyn ImageSigner),
    /// A signature that was made elsewhere.
    Elsewhere {
        /// The public key, a DER `SubjectPublicKeyInfo`.
        public_key: &'a [u8],
        /// RSA's 384 bytes; of ECDSA an `Ecdsa-Sig-Value` in DER (RFC 3279 §2.2.3), or r and then s.
        signature: &'a [u8],
    },
}

/// Where new signatures go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum How {
    /// Behind an image that has none.
    New,
    /// Behind those that are there.
    Append,
    /// In the place of this one, counted from 0; the others are kept.
    Replace(usize),
}

/// A signed image.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The file: image, padding, sector.
    pub bytes: Vec<u8>,
    /// The blocks that were made, in the order of their keys.
    pub added: Vec<Added>,
}

/// A block that was made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Added {
    /// Its number, from 0.
    pub number: usize,
    /// Its kind of key.
    pub scheme: Scheme,
    /// The digest of its key.
    pub key_digest: Digest,
}

/// Signs an image; each signature is verified before anything is given.
///
/// # Errors
/// [`Error`].
pub fn sign(image: &Image<'_>, signers: &[Signer<'_>], how: How) -> Result<Signed, Error> {
    let mut sector = start(image, signers.len(), how)?;
    let mut added = Vec::new();
    for signer in signers {
        let key = key_of(signer.public_key())?;
        let scheme = key.scheme();
        image.check_scheme(scheme)?;
        let key_digest = sha256(key.as_bytes());
        let replaced = match how {
            How::Replace(number) => Some(number),
            How::New | How::Append => None,
        };
        if let Some(number) = place_of(&sector, &key).filter(|found| Some(*found) != replaced) {
            return Err(Error::KeyTwice {
                digest: key_digest,
                number,
            });
        }
        let block = signed_block(image, signer, &key, key_digest)?;
        let number = match how {
            How::Replace(number) => sector.replace(number, &block).map(|()| number),
            How::New | How::Append => sector.append(&block),
        };
        // What there is room for was counted.
        let number = number.map_err(|_| Error::TooManyKeys {
            keys: signers.len(),
            blocks: count(&sector),
        })?;
        added.push(Added {
            number,
            scheme,
            key_digest,
        });
    }
    let mut bytes = image.padded();
    bytes.extend_from_slice(sector.as_bytes());
    Ok(Signed { bytes, added })
}

/// The sector that new signatures go into.
fn start(image: &Image<'_>, keys: usize, how: How) -> Result<Sector, Error> {
    let offset = image.parsed.image_len();
    let signed_len = image.body.len() + image.missing + SECTOR;
    if u32::try_from(signed_len).is_ok_and(|len| len > SEGMENT_LIMIT) {
        // No partition that an app lies in is larger.
        let kind = ErrorKind::ImageTooLong { max: SEGMENT_LIMIT };
        return Err(Error::Format { kind, offset });
    }
    if let esp_formats::app_image::Signature::V1(_) = image.parsed.signature() {
        return Err(Error::SignedV1 { offset });
    }
    let sector = image.sector().map(Sector::new);
    let blocks = sector.as_ref().map_or(0, count);
    let too_many = Error::TooManyKeys { keys, blocks };
    match (how, sector) {
        (How::New, Some(_)) => {
            let offset = u32::try_from(image.body.len()).unwrap_or(u32::MAX);
            Err(Error::AlreadySigned { blocks, offset })
        }
        (How::New | How::Append, None) if keys <= MAX_BLOCKS => Ok(Sector::default()),
        (How::New, None) => Err(too_many),
        (How::Append, sector) => {
            check_kept(image, None)?;
            if blocks.saturating_add(keys) > MAX_BLOCKS {
                return Err(too_many);
            }
            Ok(sector.unwrap_or_default())
        }
        (How::Replace(number), Some(sector)) => {
            if keys != 1 || number >= blocks {
                return Err(Error::NoBlock { number, blocks });
            }
            check_kept(image, Some(number))?;
            Ok(sector)
        }
        (How::Replace(number), None) => Err(Error::NoBlock { number, blocks }),
    }
}

/// Blocks that stay must be right: nobody would look at them again.
fn check_kept(image: &Image<'_>, replaced: Option<usize>) -> Result<(), Error> {
    let kept = image.blocks().into_iter();
    for block in kept.filter(|block| Some(block.number) != replaced) {
        if let Some(fault) = block.fault {
            return Err(Error::KeptBlock {
                number: block.number,
                fault,
            });
        }
    }
    Ok(())
}

impl Image<'_> {
    /// Checks that the image's chip verifies by a scheme. One of which that is not known is believed to.
    ///
    /// # Errors
    /// [`Error::Scheme`].
    pub fn check_scheme(&self, scheme: Scheme) -> Result<(), Error> {
        let chip = self.chip();
        match support(chip) {
            Some(support) if !support.schemes.contains(&scheme) => {
                let takes: Vec<_> = support.schemes.iter().map(|scheme| scheme.name()).collect();
                Err(Error::Scheme {
                    chip,
                    scheme,
                    takes: takes.join(", "),
                })
            }
            _ => Ok(()),
        }
    }
}

fn signed_block(
    image: &Image<'_>,
    signer: &Signer<'_>,
    key: &Key,
    key_digest: Digest,
) -> Result<[u8; BLOCK], Error> {
    let scheme = key.scheme();
    let image_digest = image.digest(scheme);
    let signature = match signer {
        Signer::Key(signer) => signer.sign_digest(image_digest).map_err(Error::Sign)?,
        Signer::Elsewhere { signature, .. } => fixed(signature, scheme)?,
    };
    let numbers = |error: esp_formats::Error| Error::Key(KeyError::Numbers(error.kind));
    let block = compose_block(key, image_digest, &signature).map_err(numbers)?;
    let read = Block::parse(&block).map_err(numbers)?;
    if verify_block(&read, image_digest).is_err() {
        let algorithm = match scheme {
            Scheme::EcdsaP384 => "SHA-384",
            _ => "SHA-256",
        };
        return Err(Error::SignatureWrong {
            digest: key_digest,
            algorithm,
            signed: hex(image_digest),
        });
    }
    Ok(block)
}

impl Signer<'_> {
    /// The public key, a DER `SubjectPublicKeyInfo`.
    pub fn public_key(&self) -> &[u8] {
        match self {
            Self::Key(signer) => signer.public_key(),
            Self::Elsewhere { public_key, .. } => public_key,
        }
    }

    /// How a key at hand signs.
    pub fn algorithm(&self) -> Option<Algorithm> {
        match self {
            Self::Key(signer) => Some(signer.algorithm()),
            Self::Elsewhere { public_key, .. } => Algorithm::of(public_key),
        }
    }
}

/// A signature that was made elsewhere, as [`compose_block`] takes it.
fn fixed(signature: &[u8], scheme: Scheme) -> Result<Vec<u8>, Error> {
    let len = scheme.signature_len();
    if signature.len() == len {
        return Ok(signature.to_vec());
    }
    let wanted = match scheme {
        Scheme::Rsa3072 => "RSA-3072 gives 384",
        _ => "ECDSA gives r and s in DER, or one behind the other in the curve's length",
    };
    let refused = Error::SignatureForm {
        len: signature.len(),
        wanted,
    };
    if scheme == Scheme::Rsa3072 {
        return Err(refused);
    }
    let numbers = || {
        let mut reader = Reader::new(signature);
        let sequence = reader.expect(SEQUENCE, WHAT).ok()?;
        reader.finish(WHAT).ok()?;
        let mut parts = sequence.reader();
        let mut fixed = vec![0; len];
        for half in fixed.chunks_mut(len / 2) {
            let number = parts.expect(INTEGER, WHAT).ok()?.unsigned(WHAT).ok()?;
            let zeros = half.len().checked_sub(number.len())?;
            super::copy(half.get_mut(zeros..)?, number);
        }
        parts.finish(WHAT).ok()?;
        Some(fixed)
    };
    numbers().ok_or(refused)
}

fn place_of(sector: &Sector, key: &Key) -> Option<usize> {
    let places = sector.places();
    let is_same =
        |place: &Place<'_>| matches!(place, Place::Taken(block) if block.key == key.as_bytes());
    places.iter().position(is_same)
}

fn count(sector: &Sector) -> usize {
    let taken = |place: &&Place<'_>| **place != Place::Free;
    sector.places().iter().filter(taken).count()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

const WHAT: &str = "ECDSA signature";
