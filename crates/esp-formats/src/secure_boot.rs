//! Secure Boot v2: the sector of signature blocks behind an image.
//!
//! A signed image is padded with 0xFF to a multiple of 4096 bytes; then comes one sector with up to three blocks. What a
//! block signs is the digest of everything before the sector, the padding included. Nothing is verified here: whose key
//! counts, and whether a signature is right, is for the caller, who has the keys' digests and the cryptography.
//!
//! | offset | size | field of a block                                                                   |
//! |-------:|-----:|------------------------------------------------------------------------------------|
//! |      0 |    1 | magic 0xE7                                                                         |
//! |      1 |    1 | version: 2 RSA, 3 ECDSA                                                            |
//! |      2 |    1 | digest: 0 SHA-256, 1 SHA-384                                                       |
//! |      3 |    1 | zero                                                                               |
//! |      4 |      | digest of the image, 32 bytes or 48                                                |
//! |        |      | key: see [`Scheme`]                                                                |
//! |        |      | signature: RSA 384 bytes, ECDSA r and s of 64 bytes together (P-384: 96)           |
//! |   1196 |    4 | CRC-32 (as zlib's) of the 1196 bytes before                                        |
//! |   1200 |   16 | zero                                                                               |
//!
//! All numbers are little-endian, those of keys and signatures too.
//!
//! Sources: ESP-IDF v5.5.5, `components/esp_rom/esp32c3/include/esp32c3/rom/secure_boot.h`,
//! `components/esp_rom/esp32h2/include/esp32h2/rom/ecdsa.h`; espsecure 5.6.0.

mod compose;
mod key;
mod scheme;

pub use compose::{Place, Sector, compose_block};
pub use key::Key;
pub use scheme::{Scheme, Support, support};

use crate::bytes::{array, slice, to_usize, u32_le};
use crate::{Error, ErrorKind};

/// One signature block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "ets_secure_boot_sig_block_t")]
pub struct Block<'a> {
    /// Kind of key and signature.
    pub scheme: Scheme,
    /// What the block says that the image's digest is: SHA-256, with P-384 SHA-384.
    pub image_digest: &'a [u8],
    /// The public key as it lies in the block. Its SHA-256 is what a chip keeps in eFuse (ESP32-C2: the first 16 bytes of it),
    /// and what `espsecure digest-sbv2-public-key` writes.
    pub key: &'a [u8],
    /// The signature as it lies in the block.
    pub signature: &'a [u8],
}

/// A block's RSA numbers as libraries want them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rsa3072 {
    /// The modulus, big-endian.
    pub modulus: [u8; 384],
    /// The public exponent.
    pub exponent: u32,
    /// The signature, big-endian.
    pub signature: [u8; 384],
}

/// A block's numbers on P-256 as libraries want them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EcdsaP256 {
    /// The public key: 4, then x and y, big-endian (SEC 1 §2.3.3, uncompressed).
    pub point: [u8; 65],
    /// r, then s, big-endian.
    pub signature: [u8; 64],
}

/// A block's numbers on its curve as libraries want them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ecdsa {
    /// Length of a point's coordinates, and of r and s, together.
    len: usize,
    point: [u8; 97],
    signature: [u8; 96],
}

/// Parses the blocks of a signature sector, each by itself: one that is damaged says nothing of the others.
///
/// # Errors
///
/// Those of [`Block::parse`], at the offset in the sector.
pub fn blocks(sector: &[u8; SECTOR]) -> [Result<Block<'_>, Error>; MAX_BLOCKS] {
    [0, BLOCK, 2 * BLOCK].map(|at| {
        Block::parse(slice(sector, at, BLOCK)?)
            .map_err(|error| Error::new(error.kind, to_usize(error.offset).saturating_add(at)))
    })
}

impl<'a> Block<'a> {
    /// Parses one block.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Truncated`]: fewer than 1216 bytes;
    /// - [`ErrorKind::BlockMagic`]: no block, as where the sector is blank;
    /// - [`ErrorKind::BlockCrc`]: the block is damaged;
    /// - [`ErrorKind::BlockScheme`]: version, digest and curve do not make a [`Scheme`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let block: &[u8; BLOCK] = array(bytes, 0)?;
        let [magic, version, hash, _] = *array(block, 0)?;
        if magic != MAGIC {
            return Err(Error::new(ErrorKind::BlockMagic { found: magic }, 0));
        }
        let (stored, computed) = (
            u32_le(block, CRC_AT)?,
            crc32fast::hash(slice(block, 0, CRC_AT)?),
        );
        if stored != computed {
            return Err(Error::new(ErrorKind::BlockCrc { stored, computed }, CRC_AT));
        }
        let digest_len: usize = if hash == 0 { 32 } else { 48 };
        let key_at = digest_len.saturating_add(DIGEST_AT);
        let [curve] = *array(block, key_at)?;
        // Of RSA the byte of the curve is the modulus' first.
        let scheme = match (version, hash, curve) {
            (2, 0, _) => Scheme::Rsa3072,
            (3, 0, 1) => Scheme::EcdsaP192,
            (3, 0, 2) => Scheme::EcdsaP256,
            (3, 1, 3) => Scheme::EcdsaP384,
            _ => {
                let kind = ErrorKind::BlockScheme {
                    version,
                    hash,
                    curve,
                };
                return Err(Error::new(kind, 1));
            }
        };
        let (key_len, signature_len) = scheme.places();
        Ok(Self {
            scheme,
            image_digest: slice(block, DIGEST_AT, digest_len)?,
            key: slice(block, key_at, key_len)?,
            signature: slice(block, key_at.saturating_add(key_len), signature_len)?,
        })
    }

    /// Gives the numbers of an RSA block; `None` for others.
    pub fn rsa3072(&self) -> Option<Rsa3072> {
        let (modulus, rest) = self.key.split_first_chunk()?;
        let exponent = rest.first_chunk()?;
        (self.scheme == Scheme::Rsa3072).then_some(Rsa3072 {
            modulus: reversed(modulus),
            exponent: u32::from_le_bytes(*exponent),
            signature: reversed(self.signature.first_chunk()?),
        })
    }

    /// Gives the numbers of a block on P-256; `None` for others.
    pub fn ecdsa_p256(&self) -> Option<EcdsaP256> {
        let numbers = self.ecdsa().filter(|_| self.scheme == Scheme::EcdsaP256)?;
        Some(EcdsaP256 {
            point: *numbers.point().first_chunk()?,
            signature: *numbers.signature().first_chunk()?,
        })
    }

    /// Gives the numbers of a block on any curve; `None` for RSA.
    pub fn ecdsa(&self) -> Option<Ecdsa> {
        let len = self.scheme.signature_len();
        if self.scheme == Scheme::Rsa3072 {
            return None;
        }
        let mut numbers = Ecdsa {
            len,
            point: [UNCOMPRESSED; 97],
            signature: [0; 96],
        };
        let (_, coordinates) = numbers.point.split_first_mut()?;
        join(coordinates, self.key.get(1..)?.get(..len)?);
        join(&mut numbers.signature, self.signature.get(..len)?);
        Some(numbers)
    }
}

impl Ecdsa {
    /// The public key: 4, then x and y, big-endian (SEC 1 §2.3.3, uncompressed).
    pub fn point(&self) -> &[u8] {
        self.point.get(..=self.len).unwrap_or_default()
    }

    /// r, then s, big-endian.
    pub fn signature(&self) -> &[u8] {
        self.signature.get(..self.len).unwrap_or_default()
    }
}

fn reversed<const N: usize>(bytes: &[u8; N]) -> [u8; N] {
    let mut bytes = *bytes;
    bytes.reverse();
    bytes
}

/// Writes two little-endian numbers of one length as big-endian ones, one behind the other.
fn join(out: &mut [u8], pair: &[u8]) {
    let half = pair.len().checked_div(2).unwrap_or_default();
    let (first, second) = pair.split_at_checked(half).unwrap_or_default();
    let digits = first.iter().rev().chain(second.iter().rev());
    for (place, digit) in out.iter_mut().zip(digits) {
        *place = *digit;
    }
}

/// Length of the sector in bytes; it begins at a multiple of that.
pub const SECTOR: usize = 4096;
/// Length of a block in bytes.
pub const BLOCK: usize = 1216;
/// The most blocks that a sector has.
pub const MAX_BLOCKS: usize = 3;
/// The first byte of a block.
pub const MAGIC: u8 = 0xE7;

const DIGEST_AT: usize = 4;
const CRC_AT: usize = 1196;
/// Modulus, exponent, 2^6144 modulo the modulus, and -1 / modulus modulo 2^32.
const RSA_KEY: usize = 384 + 4 + 384 + 4;
const UNCOMPRESSED: u8 = 4;

#[cfg(test)]
mod tests;
