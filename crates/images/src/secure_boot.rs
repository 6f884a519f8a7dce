//! Secure Boot v2: images signed, and signatures verified. The legacy v1 signature is verified alone.
//!
//! What is signed is the image with its padding up to the sector of signatures. Where that sector lies follows from the image's
//! headers, not from the file's length: a file that is signed already is known as one, and never signed as if its
//! signatures were part of it.

mod error;
mod key;
mod sign;
mod verify;

use aws_lc_rs::digest::{self, Context};
use esp_formats::{
    ErrorKind,
    app_image::{AppImage, ChipId, Signature},
    secure_boot::{MAGIC, SECTOR, Scheme},
};

pub use error::{Error, KeyError};
pub use key::{efuse_digest, key_of};
pub use sign::{Added, How, Signed, Signer, sign};
pub use verify::{BlockReport, Fault, V1Report, key_digest, verify_block, verify_v1};

use crate::digest::Hashing;

/// An app image, or a boot loader, and what is signed of it.
#[derive(Clone, Debug)]
pub struct Image<'a> {
    parsed: AppImage<'a>,
    /// The image with as much padding as is there, a sector's end at most.
    body: &'a [u8],
    /// How many bytes of 0xFF are missing behind that.
    missing: usize,
    sha256: [u8; 32],
    sha384: [u8; 48],
    /// Bytes of padding behind all of that.
    left_out: usize,
}

impl<'a> Image<'a> {
    /// Reads a whole image, signed or not.
    ///
    /// # Errors
    /// [`Error::Format`], and [`Error::SecondSector`] for one that was signed as if its signatures were part of it.
    pub fn read(file: &'a [u8]) -> Result<Self, Error> {
        let mut hashing = Hashing::of(file);
        let parsed =
            AppImage::parse(file, |bytes| hashing.beginning(bytes).0).map_err(|error| {
                let at = usize::try_from(error.offset).unwrap_or(usize::MAX);
                let rest = file.get(at..).unwrap_or_default();
                if error.kind == ErrorKind::TrailingData
                    && at.is_multiple_of(SECTOR)
                    && rest.len() >= SECTOR
                    && rest.first() == Some(&MAGIC)
                {
                    return Error::SecondSector {
                        offset: error.offset,
                    };
                }
                Error::Format {
                    kind: error.kind,
                    offset: error.offset,
                }
            })?;
        let image_len = usize::try_from(parsed.image_len()).unwrap_or(usize::MAX);
        let sector_at = image_len.next_multiple_of(SECTOR);
        let body = match parsed.signature() {
            Signature::V1(_) => file.get(..image_len),
            _ => file.get(..sector_at.min(file.len())),
        };
        let body = body.unwrap_or_default();
        let missing = sector_at.saturating_sub(body.len());
        let behind = match parsed.signature() {
            Signature::V2(_) => sector_at.saturating_add(SECTOR),
            _ => sector_at,
        };
        let mut image = Self {
            parsed,
            body,
            missing,
            sha256: hashing.first(body.len(), padding(missing)).0,
            sha384: [0; 48],
            left_out: file.len().saturating_sub(behind),
        };
        // Only chips with P-384 are signed for by it, and half of them are large images.
        if image.takes(Scheme::EcdsaP384) {
            let mut sum = Context::new(&digest::SHA384);
            image.pieces(|piece| sum.update(piece));
            copy(&mut image.sha384, sum.finish().as_ref());
        }
        Ok(image)
    }

    /// Whether a signature by this scheme may lie behind this image: by its chip, or in one of its blocks.
    fn takes(&self, scheme: Scheme) -> bool {
        let by_chip = esp_formats::secure_boot::support(self.chip())
            .is_none_or(|support| support.schemes.contains(&scheme));
        let in_block = |block: &esp_formats::secure_boot::Block<'_>| block.scheme == scheme;
        let mut blocks = self
            .sector()
            .into_iter()
            .flat_map(esp_formats::secure_boot::blocks)
            .flatten();
        by_chip || blocks.any(|block| in_block(&block))
    }

    fn pieces(&self, mut take: impl FnMut(&[u8])) {
        take(self.body);
        take(padding(self.missing));
    }

    /// What the image says of itself.
    pub fn parsed(&self) -> &AppImage<'a> {
        &self.parsed
    }

    /// The chip that it is for.
    pub fn chip(&self) -> ChipId {
        self.parsed.header().chip
    }

    /// The digest that is signed: SHA-256, for P-384 SHA-384.
    pub fn digest(&self, scheme: Scheme) -> &[u8] {
        match scheme {
            Scheme::EcdsaP384 => &self.sha384,
            _ => &self.sha256,
        }
    }

    /// What is signed: the image, and its padding.
    pub fn padded(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.body.len() + self.missing + SECTOR);
        self.pieces(|piece| bytes.extend_from_slice(piece));
        bytes
    }

    /// How many bytes of padding behind all of the image are no part of a signed one.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// The sector of signatures, where there is one.
    pub fn sector(&self) -> Option<&'a [u8; SECTOR]> {
        match self.parsed.signature() {
            Signature::V2(sector) => Some(sector),
            Signature::None | Signature::V1(_) => None,
        }
    }
}

fn copy(to: &mut [u8], from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

/// So many bytes of 0xFF, a sector of them at most.
fn padding(len: usize) -> &'static [u8] {
    PADDING.get(..len).unwrap_or_default()
}

const PADDING: [u8; SECTOR] = [0xFF; SECTOR];

#[cfg(test)]
mod tests;
