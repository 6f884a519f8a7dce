//! Author sets: who signs a product's manifests, how many of them are needed, and who comes after them.

pub(crate) mod known;
mod signed;
mod signing;

pub use known::Authors;
pub use signed::{CompleteSet, SignedAuthorSet, Unfit};
pub use signing::{SetSignature, assemble_set, set_to_be_signed};

use crate::cbor::{Reader, Writer, offset, require};
use crate::message::MAX_NAME;
use crate::{Error, ErrorKind, UnixTime};

/// Whose signatures a product's manifests need from a day on: the payload of a [`SignedAuthorSet`].
///
/// A deterministic CBOR map: 0 set version (1), 1 product, 2 sequence, 3 threshold, 4 keys, 5 created, 6 not after (absent
/// when it has no end). A reader refuses any other key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AuthorSet<'a> {
    /// The product that it is for, 1 to 32 bytes.
    pub product: &'a str,
    /// 1 for a product's first set; each successor has one more.
    pub sequence: u32,
    /// How many different keys must have signed, 1 to the number of keys.
    pub threshold: u8,
    /// The keys, no two alike.
    pub keys: AuthorKeys<'a>,
    /// When it was made, by its makers' clock. A successor made after its predecessor's end is none.
    pub created: UnixTime,
    /// The last second in which a manifest that it signed may be accepted.
    pub not_after: Option<UnixTime>,
}

/// 1 to [`MAX_AUTHORS`] public keys on P-256, uncompressed points (SEC 1 §2.3.3), no two alike.
#[derive(Clone, Copy, Debug)]
pub struct AuthorKeys<'a> {
    points: [&'a [u8; POINT]; MAX_AUTHORS],
    len: usize,
}

impl<'a> AuthorKeys<'a> {
    /// Takes keys; `None` where there are none or too many, one stands there twice, or one is no uncompressed point.
    pub fn new(keys: impl IntoIterator<Item = &'a [u8; POINT]>) -> Option<Self> {
        let mut taken = Self {
            points: [&[0; POINT]; MAX_AUTHORS],
            len: 0,
        };
        for key in keys {
            taken.push(key)?;
        }
        (taken.len > 0).then_some(taken)
    }

    /// The keys.
    pub fn as_slice(&self) -> &[&'a [u8; POINT]] {
        self.points.get(..self.len).unwrap_or_default()
    }

    fn push(&mut self, key: &'a [u8; POINT]) -> Option<()> {
        if key.first() != Some(&UNCOMPRESSED) || self.as_slice().contains(&key) {
            return None;
        }
        *self.points.get_mut(self.len)? = key;
        self.len = self.len.saturating_add(1);
        Some(())
    }
}

impl PartialEq for AuthorKeys<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for AuthorKeys<'_> {}

impl<'a> AuthorSet<'a> {
    /// Writes the set, which authors may then sign, and tells its length; [`MAX_AUTHOR_SET`] bytes of room always suffice.
    ///
    /// # Errors
    /// `NoRoom`, and `BadField` where the product is too short or too long, the sequence is 0, or the threshold is 0 or more
    /// than there are keys; the offset is that of the output.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, Error> {
        let mut writer = Writer::new(out);
        if !self.is_sound() {
            return Err(writer.error(ErrorKind::BadField));
        }
        writer.map(if self.not_after.is_some() { 7 } else { 6 })?;
        writer.uint_entry(0, VERSION.into())?;
        writer.text_entry(1, self.product, 1..=MAX_NAME)?;
        writer.uint_entry(2, self.sequence.into())?;
        writer.uint_entry(3, self.threshold.into())?;
        writer.key(4)?;
        let keys = self.keys.as_slice();
        writer.array(u64::try_from(keys.len()).unwrap_or_default())?;
        for key in keys {
            writer.bytes(*key)?;
        }
        writer.uint_entry(5, self.created.0)?;
        if let Some(not_after) = self.not_after {
            writer.uint_entry(6, not_after.0)?;
        }
        Ok(writer.len())
    }

    /// Reads a set. It says nothing of who signed it: see [`SignedAuthorSet::follow`].
    ///
    /// # Errors
    /// `NotCbor`, `NotDeterministic`, `Surplus`, `UnknownVersion`; `BadField` at a value of the wrong type, length or range,
    /// and at a key that stands there twice; `UnknownField` at its key; `MissingField` at the start of the map.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(bytes, 0)?;
        let rest = reader.versioned_map(VERSION..=VERSION)?;
        let (mut product, mut sequence, mut threshold) = (None, None, None);
        let (mut keys, mut created, mut not_after) = (None, None, None);
        let mut threshold_at = 0;
        for _ in 0..rest {
            let key_at = reader.position();
            match reader.key()? {
                Some(1) => product = Some(reader.text(1..=MAX_NAME)?),
                Some(2) => {
                    let bad = reader.error(ErrorKind::BadField);
                    sequence = Some(Some(reader.u32()?).filter(|one| *one > 0).ok_or(bad)?);
                }
                Some(3) => {
                    threshold_at = reader.position();
                    threshold = Some(reader.u8()?);
                }
                Some(4) => keys = Some(read_keys(&mut reader)?),
                Some(5) => created = Some(UnixTime(reader.u64()?)),
                Some(6) => not_after = Some(UnixTime(reader.u64()?)),
                _ => {
                    return Err(Error {
                        kind: ErrorKind::UnknownField,
                        offset: offset(key_at),
                    });
                }
            }
        }
        let set = Self {
            product: require(product, 0)?,
            sequence: require(sequence, 0)?,
            threshold: require(threshold, 0)?,
            keys: require(keys, 0)?,
            created: require(created, 0)?,
            not_after,
        };
        if set.is_sound() {
            Ok(set)
        } else {
            Err(Error {
                kind: ErrorKind::BadField,
                offset: offset(threshold_at),
            })
        }
    }

    fn is_sound(&self) -> bool {
        let reached = usize::from(self.threshold) <= self.keys.len;
        self.sequence > 0 && self.threshold > 0 && reached
    }
}

fn read_keys<'a>(reader: &mut Reader<'a>) -> Result<AuthorKeys<'a>, Error> {
    let start = reader.position();
    let mut keys = AuthorKeys {
        points: [&[0; POINT]; MAX_AUTHORS],
        len: 0,
    };
    for _ in 0..reader.array()? {
        let at = reader.error(ErrorKind::BadField);
        keys.push(reader.fixed()?).ok_or(at)?;
    }
    if keys.len == 0 {
        return Err(Error {
            kind: ErrorKind::BadField,
            offset: offset(start),
        });
    }
    Ok(keys)
}

/// The `SubjectPublicKeyInfo` (DER, RFC 5480 §2) of a key on P-256.
pub fn spki_of(point: &[u8; POINT]) -> [u8; SPKI] {
    let mut spki = [0; SPKI];
    for (place, byte) in spki.iter_mut().zip(SPKI_HEAD.iter().chain(point)) {
        *place = *byte;
    }
    spki
}

/// The point within such a `SubjectPublicKeyInfo`; `None` where it is something else.
pub fn point_of(spki: &[u8]) -> Option<&[u8; POINT]> {
    let point: &[u8; POINT] = spki.strip_prefix(&SPKI_HEAD)?.try_into().ok()?;
    (point.first() == Some(&UNCOMPRESSED)).then_some(point)
}

/// A public key's length in bytes, as a set has it.
pub const POINT: usize = 65;
/// A public key's length in bytes, as a `SubjectPublicKeyInfo` in DER.
pub const SPKI: usize = 91;
/// The keys of a set at most.
pub const MAX_AUTHORS: usize = 8;

/// The longest [`AuthorSet`], in bytes: the map's head, then each key with its value.
pub const MAX_AUTHOR_SET: usize = 1 // map
    + 2 // version
    + 1 + 2 + MAX_NAME // product
    + 1 + 5 // sequence
    + 2 // threshold
    + 1 + 1 + MAX_AUTHORS * (2 + POINT) // keys
    + 1 + 9 // created
    + 1 + 9; // not after

/// Everything before the point: id-ecPublicKey, prime256v1, and the head of the bit string.
const SPKI_HEAD: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const UNCOMPRESSED: u8 = 4;

/// The set's own version, counted apart from that of the messages.
const VERSION: u8 = 1;
