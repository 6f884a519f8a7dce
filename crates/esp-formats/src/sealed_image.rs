//! Sealed images: an app image that only the holder of a key can read, as `esp_encrypted_img` opens it on a device.
//!
//! | offset | size | field                                                                              |
//! |-------:|-----:|------------------------------------------------------------------------------------|
//! |      0 |    4 | magic 0x0788B6CF, little-endian                                                    |
//! |      4 |  384 | what the AES key comes from: see [`KeyMaterial`]                                   |
//! |    388 |   16 | `iv`                                                                               |
//! |    404 |    4 | `plain_len`, little-endian                                                         |
//! |    408 |   16 | `tag`                                                                              |
//! |    424 |   88 | zeros                                                                              |
//! |    512 |      | the image by AES-256-GCM, as long as in clear; no further data is authenticated    |
//!
//! Nothing of the header is authenticated by itself, and nothing in it says which of the two ways of having a key is
//! meant: a device is built for one of them. Here they are told apart by the zeros that only one of them has.
//!
//! Source: `esp_encrypted_img` 2.7.1 (idf-extra-components), `src/esp_encrypted_img.c`, `tools/esp_enc_img_gen.py`.

use core::fmt;

use crate::bytes::{Cursor, array, slice, to_u32, to_usize, u32_le};
use crate::{Error, ErrorKind};

/// A whole sealed image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedImage<'a> {
    /// The header.
    pub header: Header<'a>,
    /// The image, encrypted.
    pub ciphertext: &'a [u8],
}

/// The first 512 bytes of a sealed image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "pre_enc_bin_header")]
pub struct Header<'a> {
    /// What the AES key comes from.
    pub key: KeyMaterial<'a>,
    /// The initialization vector of AES-GCM: 16 bytes, not the usual 12.
    pub iv: &'a [u8; 16],
    /// Length of the image in bytes.
    pub plain_len: u32,
    /// The authentication tag of AES-GCM.
    pub tag: &'a [u8; 16],
}

/// What the AES key comes from, by the device's private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyMaterial<'a> {
    /// The AES key, encrypted for an RSA key of 3072 bits (PKCS#1 v1.5).
    Rsa3072(&'a [u8; 384]),
    /// Offset 4: the ephemeral public key; offset 68: the salt; from offset 100 on 288 zeros.
    EciesP256 {
        /// x and y on P-256, 32 bytes each, big-endian.
        public_key: &'a [u8; 64],
        /// The salt of HKDF-SHA256.
        salt: &'a [u8; 32],
    },
}

/// One of the two ways by which a device has the AES key; it is built for one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// RSA-3072 (`CONFIG_PRE_ENCRYPTED_OTA_USE_RSA`).
    Rsa3072,
    /// ECIES on P-256 (`CONFIG_PRE_ENCRYPTED_OTA_USE_ECIES`).
    EciesP256,
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rsa3072 => "RSA-3072",
            Self::EciesP256 => "ECIES-P256",
        })
    }
}

/// Says whether a file begins as a sealed image does, be it whole or not.
pub fn is_sealed(file: &[u8]) -> bool {
    file.starts_with(&MAGIC.to_le_bytes())
}

impl<'a> SealedImage<'a> {
    /// Parses a file that holds a sealed image and nothing else.
    ///
    /// # Errors
    ///
    /// - those of [`Header::parse`];
    /// - [`ErrorKind::Truncated`], [`ErrorKind::TrailingData`]: the file is shorter or longer than its header says.
    pub fn parse(file: &'a [u8]) -> Result<Self, Error> {
        let header = Header::parse(file)?;
        let ciphertext = slice(file, HEADER_LEN, to_usize(header.plain_len))?;
        let end = HEADER_LEN.saturating_add(ciphertext.len());
        if file.len() > end {
            return Err(Error::new(ErrorKind::TrailingData, end));
        }
        Ok(Self { header, ciphertext })
    }
}

impl<'a> Header<'a> {
    /// Length of the header in bytes.
    pub const LEN: usize = HEADER_LEN;

    /// Parses a header; further bytes are not looked at.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Truncated`]: fewer than 512 bytes;
    /// - [`ErrorKind::SealedMagic`]: not a sealed image;
    /// - [`ErrorKind::PlainLength`]: an image of no bytes, or of more than 16 MiB;
    /// - [`ErrorKind::Reserved`]: a byte behind the tag is not zero. A device does not look, but no tool writes that.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        // First of all, so that another file is called that, and not a short one of these.
        let found = u32_le(bytes, 0)?;
        if found != MAGIC {
            return Err(Error::new(ErrorKind::SealedMagic { found }, 0));
        }
        let bytes: &[u8; HEADER_LEN] = array(bytes, 0)?;
        let plain_len = u32_le(bytes, LEN_AT)?;
        if !(1..=MAX_PLAIN).contains(&plain_len) {
            let kind = ErrorKind::PlainLength {
                found: plain_len,
                max: MAX_PLAIN,
            };
            return Err(Error::new(kind, LEN_AT));
        }
        let reserved = slice(bytes, RESERVED_AT, RESERVED_LEN)?;
        if let Some((at, found)) = reserved.iter().enumerate().find(|(_, byte)| **byte != 0) {
            let kind = ErrorKind::Reserved { found: *found };
            return Err(Error::new(kind, RESERVED_AT.saturating_add(at)));
        }
        let ecies = slice(bytes, ECIES_ZEROS_AT, ECIES_ZEROS_LEN)?
            .iter()
            .all(|byte| *byte == 0);
        let key = if ecies {
            KeyMaterial::EciesP256 {
                public_key: array(bytes, KEY_AT)?,
                salt: array(bytes, SALT_AT)?,
            }
        } else {
            KeyMaterial::Rsa3072(array(bytes, KEY_AT)?)
        };
        Ok(Self {
            key,
            iv: array(bytes, IV_AT)?,
            plain_len,
            tag: array(bytes, TAG_AT)?,
        })
    }

    /// Writes the header as it lies in a file.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::PlainLength`], as for [`Self::parse`].
    pub fn encode(&self) -> Result<[u8; HEADER_LEN], Error> {
        check_plain_len(to_usize(self.plain_len))?;
        let mut header = [0; HEADER_LEN];
        let mut out = Cursor::new(&mut header);
        out.put(&MAGIC.to_le_bytes())?;
        match self.key {
            KeyMaterial::Rsa3072(wrapped) => out.put(wrapped)?,
            KeyMaterial::EciesP256 { public_key, salt } => {
                out.put(public_key)?;
                out.put(salt)?;
                out.fill(0, ECIES_ZEROS_LEN)?;
            }
        }
        out.put(self.iv)?;
        out.put(&self.plain_len.to_le_bytes())?;
        out.put(self.tag)?;
        Ok(header)
    }

    /// Says which of the two ways the header looks like.
    pub fn scheme(&self) -> Scheme {
        match self.key {
            KeyMaterial::Rsa3072(_) => Scheme::Rsa3072,
            KeyMaterial::EciesP256 { .. } => Scheme::EciesP256,
        }
    }
}

/// Checks the length of what is to be sealed, and gives it as the header has it.
///
/// # Errors
///
/// [`ErrorKind::PlainLength`]: nothing, or so much that no slot takes it.
pub fn check_plain_len(len: usize) -> Result<u32, Error> {
    let found = to_u32(len);
    if (1..=MAX_PLAIN).contains(&found) {
        return Ok(found);
    }
    let kind = ErrorKind::PlainLength {
        found,
        max: MAX_PLAIN,
    };
    Err(Error::new(kind, LEN_AT))
}

/// The first four bytes, little-endian.
pub const MAGIC: u32 = 0x0788_B6CF;
/// The most bytes that are sealed: 16 MiB, which is the most that a slot has.
pub const MAX_PLAIN: u32 = 16 << 20;

const HEADER_LEN: usize = 512;
const KEY_AT: usize = 4;
const SALT_AT: usize = 68;
const ECIES_ZEROS_AT: usize = 100;
const ECIES_ZEROS_LEN: usize = 288;
const IV_AT: usize = 388;
const LEN_AT: usize = 404;
const TAG_AT: usize = 408;
const RESERVED_AT: usize = 424;
const RESERVED_LEN: usize = 88;

#[cfg(test)]
mod tests;
