//! An author set as it travels, and as it is followed.

use crate::authors::known::{Look, Tally};
use crate::authors::signing::{
    BODY_HEADER, MAX_SET_MESSAGE, SIGN_TAG, SIGNER_HEADER, body_header, set_to_be_signed,
    signer_header,
};
use crate::authors::{AuthorSet, Authors, MAX_AUTHOR_SET, MAX_AUTHORS};
use crate::cbor::{Reader, offset};
use crate::{Author, AuthorId, Error, ErrorKind, Es256Verifier};

/// A set as it travels: a tagged `COSE_Sign` (RFC 9052 §4.1), parsed and not yet believed.
///
/// Tag 98 on an array of four: the protected header `{3: AUTHORS_MEDIA_TYPE}` as bytes, an empty map, the [`AuthorSet`] as
/// bytes, and 1 to [`MAX_SIGNATURES`](Self::MAX_SIGNATURES) signatures, each an array of three: the protected header
/// `{1: -7, 4: author id}` as bytes, an empty map, the signature of 64 bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SignedAuthorSet<'a> {
    payload: &'a [u8],
    /// [`SIGNATURE`] bytes each.
    signatures: &'a [u8],
}

impl<'a> SignedAuthorSet<'a> {
    /// Signatures at most: those of all keys of a set, and of all keys of the one before it.
    pub const MAX_SIGNATURES: usize = 2 * MAX_AUTHORS;
    /// The longest signed set, in bytes.
    pub const MAX_LEN: usize =
        2 + 1 + 2 + BODY_HEADER + 1 + 3 + MAX_AUTHOR_SET + 1 + Self::MAX_SIGNATURES * SIGNATURE;

    /// Parses the envelope; the set within stays bytes until it is asked for.
    ///
    /// # Errors
    /// `NotSign` at the part that is not as above, `BadField` at [`MAX_LEN`](Self::MAX_LEN) where the input is longer, and the
    /// kinds of CBOR: `NotCbor`, `NotDeterministic`, `Surplus`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        if bytes.len() > Self::MAX_LEN {
            return Err(Error {
                kind: ErrorKind::BadField,
                offset: offset(Self::MAX_LEN),
            });
        }
        let not_sign = |at: usize| Error {
            kind: ErrorKind::NotSign,
            offset: offset(at),
        };
        if bytes.get(..TAG.len()) != Some(&TAG) {
            return Err(not_sign(0));
        }
        let mut reader = Reader::new(bytes, TAG.len())?;
        let array = |reader: &mut Reader<'a>| {
            let at = reader.position();
            (at, reader.array().ok())
        };
        if let (at, None | Some(..=3 | 5..)) = array(&mut reader) {
            return Err(not_sign(at));
        }
        let mut ours = [0; BODY_HEADER];
        let header_at = reader.position();
        let header = reader.bytes(0..=BODY_HEADER).unwrap_or_default();
        if header != body_header(&mut ours)? {
            return Err(not_sign(header_at));
        }
        let unprotected_at = reader.position();
        if reader.map() != Ok(0) {
            return Err(not_sign(unprotected_at));
        }
        let payload_at = reader.position();
        let payload = reader.bytes(0..=MAX_AUTHOR_SET);
        let payload = payload.map_err(|_| not_sign(payload_at))?;
        let (signatures_at, count) = array(&mut reader);
        let count = count.and_then(|count| usize::try_from(count).ok());
        let count = count.filter(|count| (1..=Self::MAX_SIGNATURES).contains(count));
        count.ok_or(not_sign(signatures_at))?;
        let first = reader.position();
        let signatures = bytes.get(first..).unwrap_or_default();
        let mut at = first;
        for chunk in signatures.chunks(SIGNATURE) {
            read(chunk).ok_or(not_sign(at))?;
            at = at.saturating_add(SIGNATURE);
        }
        Ok(Self {
            payload,
            signatures,
        })
    }

    /// The set's bytes, as they were signed.
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// Who is said to have signed, and with what, in the order of the envelope.
    pub fn signatures(&self) -> impl Iterator<Item = (AuthorId, &'a [u8; 64])> + use<'a> {
        self.signatures.chunks(SIGNATURE).filter_map(read)
    }

    /// Decodes the set without asking who signed it: for showing a file, never for believing it.
    ///
    /// # Errors
    /// Those of [`AuthorSet::decode`], offsets counted from the set's own first byte.
    pub fn unverified(&self) -> Result<AuthorSet<'a>, Error> {
        AuthorSet::decode(self.payload)
    }

    /// Whether that author has signed it.
    pub fn is_signed_by(
        &self,
        author: &Author<'_>,
        verifier: &(impl Es256Verifier + ?Sized),
    ) -> bool {
        self.look(author, verifier) == Look::Good
    }

    /// Verifies that as many of its own keys as it asks for have signed it: that they exist, and agree.
    ///
    /// It suffices for a product's first set, which no other vouches for.
    ///
    /// # Errors
    /// [`Unfit::Malformed`], [`Unfit::TooFewOwn`].
    pub fn complete(
        &self,
        sha256: impl Fn(&[u8]) -> [u8; 32],
        verifier: &(impl Es256Verifier + ?Sized),
    ) -> Result<CompleteSet<'a>, Unfit> {
        let set = AuthorSet::decode(self.payload).map_err(Unfit::Malformed)?;
        let own = Authors::of(&set, sha256);
        let Tally { count, .. } = own.tally(|author| self.look(author, verifier));
        if count < set.threshold {
            let needed = set.threshold;
            return Err(Unfit::TooFewOwn { count, needed });
        }
        Ok(CompleteSet {
            set,
            payload: self.payload,
        })
    }

    /// Verifies that it is the successor of the set that `current` stands for.
    ///
    /// A current set that has ended is no obstacle, so that a device which slept beyond the end still finds its way; but the
    /// successor must have been made before that end, by its makers' own word.
    ///
    /// # Errors
    /// The first thing found wrong, as [`Unfit`] lists them.
    pub fn follow(
        &self,
        current: &Authors<'_>,
        product: &str,
        sha256: impl Fn(&[u8]) -> [u8; 32],
        verifier: &(impl Es256Verifier + ?Sized),
    ) -> Result<CompleteSet<'a>, Unfit> {
        let set = AuthorSet::decode(self.payload).map_err(Unfit::Malformed)?;
        if set.product != product {
            return Err(Unfit::WrongProduct);
        }
        if Some(set.sequence) != current.sequence().checked_add(1) {
            return Err(Unfit::NotNext {
                sequence: set.sequence,
                current: current.sequence(),
            });
        }
        if current.not_after().is_some_and(|end| set.created > end) {
            return Err(Unfit::TooLate);
        }
        let Tally { count, .. } = current.tally(|author| self.look(author, verifier));
        if count < current.threshold() {
            return Err(Unfit::TooFewFormer {
                count,
                needed: current.threshold(),
            });
        }
        self.complete(sha256, verifier)
    }

    fn look(&self, author: &Author<'_>, verifier: &(impl Es256Verifier + ?Sized)) -> Look {
        let mut buffer = [0; MAX_SET_MESSAGE];
        let Ok(len) = set_to_be_signed(author.id, self.payload, &mut buffer) else {
            return Look::Absent;
        };
        let message = buffer.get(..len).unwrap_or_default();
        Look::at(author, self.signatures(), message, verifier)
    }
}

/// A set that enough of its own keys have signed, and, where it was followed, enough of the set before it; only the check
/// makes one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CompleteSet<'a> {
    set: AuthorSet<'a>,
    payload: &'a [u8],
}

impl<'a> CompleteSet<'a> {
    /// What it says.
    pub const fn set(&self) -> &AuthorSet<'a> {
        &self.set
    }

    /// The same as bytes, to be kept.
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }
}

/// Why a set is not followed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// It is no author set.
    #[error("it is no author set: {0}")]
    Malformed(Error),
    /// It is another product's.
    #[error("it is the author set of another product")]
    WrongProduct,
    /// It is not the very next one.
    #[error("it is set {sequence}, and only set {current}'s immediate successor can follow that")]
    NotNext {
        /// Its sequence.
        sequence: u32,
        /// That of the set which it should follow.
        current: u32,
    },
    /// It says that it was made after its predecessor's end.
    #[error("it was made after the end of the set before it")]
    TooLate,
    /// Too few of the set before it have signed it.
    #[error("{count} of the {needed} authors needed of the set before it have signed it")]
    TooFewFormer {
        /// Keys that have.
        count: u8,
        /// Keys that it takes.
        needed: u8,
    },
    /// Too few of its own keys have signed it.
    #[error("{count} of the {needed} authors needed of its own have signed it")]
    TooFewOwn {
        /// Keys that have.
        count: u8,
        /// Keys that it takes.
        needed: u8,
    },
}

/// Reads one signature: its form leaves nothing open but the id and the signature.
fn read(chunk: &[u8]) -> Option<(AuthorId, &[u8; 64])> {
    let mut ours = [0; SIGNER_HEADER];
    let (head, rest) = chunk.split_first_chunk::<2>()?;
    let (header, rest) = rest.split_first_chunk::<SIGNER_HEADER>()?;
    let signature = rest.strip_prefix(&[0xa0, 0x58, 0x40])?.try_into().ok()?;
    let id = AuthorId(*header.last_chunk()?);
    let same = *head == [0x83, 0x4d] && header[..] == *signer_header(id, &mut ours).ok()?;
    same.then_some((id, signature))
}

/// One signature's length in the envelope: array, header, unprotected map, signature.
const SIGNATURE: usize = 1 + 1 + SIGNER_HEADER + 1 + 2 + 64;

/// The first bytes of every signed set: tag 98 in its two-byte form.
const TAG: [u8; 2] = [0xd8, 0x62];
const _: () = assert!(SIGN_TAG == 0x62 && SIGNER_HEADER == 0x0d);
