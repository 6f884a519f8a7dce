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

use crate::bytes::{array, slice, to_usize, u32_le};
use crate::{Error, ErrorKind};

/// Which kind of key and signature a block has. A chip, or an app that verifies updates itself, knows one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// RSASSA-PSS of 3072 bits with SHA-256 and a salt of 32 bytes. The key is the modulus (384 bytes), the exponent (4),
    /// and two numbers that save the chip work.
    Rsa3072,
    /// ECDSA on P-192 with SHA-256. The key is the curve's number (1 byte), then x and y (24 each), then 16 zeros.
    EcdsaP192,
    /// ECDSA on P-256 with SHA-256. The key is the curve's number (1 byte), then x and y (32 each).
    EcdsaP256,
    /// ECDSA on P-384 with SHA-384. The key is the curve's number (1 byte), then x and y (48 each).
    EcdsaP384,
}

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
        let (scheme, key_len, signature_len) = match (version, hash, curve) {
            (2, 0, _) => (Scheme::Rsa3072, RSA_KEY, 384),
            (3, 0, 1) => (Scheme::EcdsaP192, 65, 64),
            (3, 0, 2) => (Scheme::EcdsaP256, 65, 64),
            (3, 1, 3) => (Scheme::EcdsaP384, 97, 96),
            _ => {
                let kind = ErrorKind::BlockScheme {
                    version,
                    hash,
                    curve,
                };
                return Err(Error::new(kind, 1));
            }
        };
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
        if self.scheme != Scheme::EcdsaP256 {
            return None;
        }
        let (x, y) = self.key.get(1..)?.split_first_chunk::<32>()?;
        let (r, s) = self.signature.split_first_chunk::<32>()?;
        let mut point = [0; 65];
        let (tag, coordinates) = point.split_first_mut()?;
        *tag = UNCOMPRESSED;
        join(coordinates, x, y.first_chunk()?);
        let mut signature = [0; 64];
        join(&mut signature, r, s.first_chunk()?);
        Some(EcdsaP256 { point, signature })
    }
}

fn reversed<const N: usize>(bytes: &[u8; N]) -> [u8; N] {
    let mut bytes = *bytes;
    bytes.reverse();
    bytes
}

/// Writes two little-endian numbers as big-endian ones, one behind the other.
fn join(out: &mut [u8], first: &[u8; 32], second: &[u8; 32]) {
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
