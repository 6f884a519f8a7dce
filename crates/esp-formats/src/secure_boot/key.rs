//! Public keys as they lie in a block.

use super::{Scheme, reversed};
use crate::bytes::{Cursor, to_u32};
use crate::{Error, ErrorKind};

/// A public key as it lies in a block. Its SHA-256 is what a chip keeps in eFuse.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "ets_secure_boot_sig_block_t")]
pub struct Key {
    scheme: Scheme,
    bytes: [u8; super::RSA_KEY],
}

impl Key {
    /// Makes the key of an RSA modulus, big-endian, and its public exponent.
    ///
    /// Beside both of them a block has 2⁶¹⁴⁴ modulo the modulus (`rinv`) and -1 / modulus modulo 2³² (`mdash`), by which the
    /// chip multiplies in Montgomery's way.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Modulus`]: a modulus that is even, or has fewer than 3072 bits.
    pub fn rsa3072(modulus: &[u8; 384], exponent: u32) -> Result<Self, Error> {
        let [first, .., last] = *modulus;
        if first < 0x80 || last.is_multiple_of(2) {
            return Err(Error::new(ErrorKind::Modulus, 0));
        }
        let words = words(modulus);
        let mut bytes = [0; super::RSA_KEY];
        let mut cursor = Cursor::new(&mut bytes);
        cursor.put(&reversed(modulus))?;
        cursor.put(&exponent.to_le_bytes())?;
        for word in rinv(&words) {
            cursor.put(&word.to_le_bytes())?;
        }
        let [least, ..] = words;
        cursor.put(&mdash(least).to_le_bytes())?;
        Ok(Self {
            scheme: Scheme::Rsa3072,
            bytes,
        })
    }

    /// Makes the key of an uncompressed point (SEC 1 §2.3.3), whose length tells its curve. Whether it lies on that curve is
    /// for whoever verifies with it.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Point`]: no uncompressed point of P-192, P-256 or P-384.
    pub fn ecdsa(point: &[u8]) -> Result<Self, Error> {
        let len = to_u32(point.len());
        let refused = || Error::new(ErrorKind::Point { len }, 0);
        let (tag, coordinates) = point.split_first().ok_or_else(refused)?;
        let (scheme, curve) = match (tag, coordinates.len()) {
            (4, 48) => (Scheme::EcdsaP192, 1),
            (4, 64) => (Scheme::EcdsaP256, 2),
            (4, 96) => (Scheme::EcdsaP384, 3),
            _ => return Err(refused()),
        };
        let mut bytes = [0; super::RSA_KEY];
        let mut cursor = Cursor::new(&mut bytes);
        cursor.put(&[curve])?;
        put_pair(&mut cursor, coordinates)?;
        Ok(Self { scheme, bytes })
    }

    /// Says of which kind it is.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Gives the bytes whose SHA-256 a chip keeps in eFuse, as they lie in a block.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.scheme.places().0).unwrap_or_default()
    }
}

/// Writes two big-endian numbers of one length as little-endian ones.
pub(super) fn put_pair(cursor: &mut Cursor<'_>, pair: &[u8]) -> Result<(), Error> {
    let half = pair.len().checked_div(2).unwrap_or_default();
    for number in [pair.get(..half), pair.get(half..)] {
        for digit in number.unwrap_or_default().iter().rev() {
            cursor.put(&[*digit])?;
        }
    }
    Ok(())
}

/// A number of 3072 bits, its least word first.
type Words = [u32; 96];

fn words(number: &[u8; 384]) -> Words {
    let mut words = [0; 96];
    let (digits, _) = number.as_chunks::<4>();
    for (word, digits) in words.iter_mut().zip(digits.iter().rev()) {
        *word = u32::from_be_bytes(*digits);
    }
    words
}

/// 2⁶¹⁴⁴ modulo a modulus of 3072 bits.
fn rinv(modulus: &Words) -> Words {
    // 2³⁰⁷² less the modulus, below the modulus since that has its highest bit set.
    let mut value = [0; 96];
    take_away(&mut value, modulus);
    for _ in 0..3072 {
        let mut carry = 0;
        for word in &mut value {
            let above = *word >> 31;
            *word = (*word << 1) | carry;
            carry = above;
        }
        // Compared from the greatest word down.
        if carry == 1 || value.iter().rev().ge(modulus.iter().rev()) {
            take_away(&mut value, modulus);
        }
    }
    value
}

/// Subtracts modulo 2³⁰⁷².
fn take_away(from: &mut Words, what: &Words) {
    let mut borrow = false;
    for (from, what) in from.iter_mut().zip(what) {
        let (value, first) = from.overflowing_sub(*what);
        let (value, second) = value.overflowing_sub(borrow.into());
        *from = value;
        borrow = first || second;
    }
}

/// -1 / `odd` modulo 2³², by Newton's iteration: each round doubles the bits that are right, of which 3 are at first.
fn mdash(odd: u32) -> u32 {
    let mut inverse = odd;
    for _ in 0..4 {
        inverse = inverse.wrapping_mul(2_u32.wrapping_sub(odd.wrapping_mul(inverse)));
    }
    inverse.wrapping_neg()
}
