//! Signature blocks and sectors, written.

use super::{
    BLOCK, Block, CRC_AT, DIGEST_AT, Key, MAGIC, MAX_BLOCKS, SECTOR, Scheme, key::put_pair,
};
use crate::bytes::{Cursor, slice, to_u32};
use crate::{Error, ErrorKind};

/// Writes a block.
///
/// `image_digest` is that of the image with its padding: SHA-256, for P-384 SHA-384. `signature` is big-endian: RSA's 384 bytes,
/// or r and then s, each as long as the curve's numbers.
///
/// # Errors
///
/// - [`ErrorKind::FieldLength`]: a digest or a signature of another length; the offset is that of the field in the block.
pub fn compose_block(
    key: &Key,
    image_digest: &[u8],
    signature: &[u8],
) -> Result<[u8; BLOCK], Error> {
    let scheme = key.scheme();
    let (key_place, _) = scheme.places();
    let key_at = DIGEST_AT.saturating_add(scheme.digest_len());
    let signature_at = key_at.saturating_add(key_place);
    of_length(image_digest, scheme.digest_len(), DIGEST_AT)?;
    of_length(signature, scheme.signature_len(), signature_at)?;

    let mut block = [0; BLOCK];
    let (version, hash) = scheme.numbers();
    let mut cursor = Cursor::new(&mut block);
    cursor.put(&[MAGIC, version, hash, 0])?;
    cursor.put(image_digest)?;
    cursor.put(key.as_bytes())?;
    if scheme == Scheme::Rsa3072 {
        for digit in signature.iter().rev() {
            cursor.put(&[*digit])?;
        }
    } else {
        put_pair(&mut cursor, signature)?;
    }
    let crc = crc32fast::hash(slice(&block, 0, CRC_AT)?);
    if let Some(place) = block.get_mut(CRC_AT..).and_then(<[u8]>::first_chunk_mut) {
        *place = crc.to_le_bytes();
    }
    Ok(block)
}

/// A sector of signature blocks that is being written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "ets_secure_boot_signature_t")]
pub struct Sector([u8; SECTOR]);

/// What lies where a block may lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// Nothing: 0xFF, or what else does not begin as a block does.
    Free,
    /// A block.
    Taken(Block<'a>),
    /// A block that is damaged, or of no known kind. A chip passes it over.
    Damaged(Error),
}

impl Default for Sector {
    fn default() -> Self {
        Self([0xFF; SECTOR])
    }
}

impl Sector {
    /// Takes a sector as it is in an image.
    pub fn new(sector: &[u8; SECTOR]) -> Self {
        Self(*sector)
    }

    /// Gives the sector as it lies in flash.
    pub fn as_bytes(&self) -> &[u8; SECTOR] {
        &self.0
    }

    /// Says what lies in each of the three places. The offset of an error is that in the sector.
    pub fn places(&self) -> [Place<'_>; MAX_BLOCKS] {
        super::blocks(&self.0).map(|block| match block {
            Ok(block) => Place::Taken(block),
            Err(error) if matches!(error.kind, ErrorKind::BlockMagic { .. }) => Place::Free,
            Err(error) => Place::Damaged(error),
        })
    }

    /// Puts a block behind those that are there; gives its number from 0.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::SectorFull`]: there are three blocks already, or what is there is damaged: [`Self::replace`] is to be said
    ///   of which one.
    pub fn append(&mut self, block: &[u8; BLOCK]) -> Result<usize, Error> {
        let places = self.places();
        let taken = |place: &&Place<'_>| matches!(place, Place::Taken(_));
        let free = places.iter().take_while(taken).count();
        // A block behind a gap would be one that nobody asked for.
        if free == MAX_BLOCKS || places.iter().skip(free).any(|place| *place != Place::Free) {
            return Err(Error::new(ErrorKind::SectorFull, 0));
        }
        self.put(free, block)?;
        Ok(free)
    }

    /// Puts a block in the place of another, counted from 0, and keeps the others.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::NoBlock`]: there is none of that number.
    pub fn replace(&mut self, number: usize, block: &[u8; BLOCK]) -> Result<(), Error> {
        if matches!(self.places().get(number), None | Some(Place::Free)) {
            let number = to_u32(number);
            return Err(Error::new(ErrorKind::NoBlock { number }, 0));
        }
        self.put(number, block)
    }

    fn put(&mut self, number: usize, block: &[u8; BLOCK]) -> Result<(), Error> {
        let at = number.saturating_mul(BLOCK);
        let place = self.0.get_mut(at..).and_then(<[u8]>::first_chunk_mut);
        let number = to_u32(number);
        *place.ok_or(Error::new(ErrorKind::NoBlock { number }, at))? = *block;
        Ok(())
    }
}

fn of_length(field: &[u8], needed: usize, at: usize) -> Result<(), Error> {
    if field.len() != needed {
        let (len, needed) = (to_u32(field.len()), to_u32(needed));
        return Err(Error::new(ErrorKind::FieldLength { len, needed }, at));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
