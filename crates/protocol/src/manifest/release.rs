//! A manifest with the signatures of further authors.

use minicbor::Decoder;

use crate::authors::known::{Look, Tally};
use crate::cbor::{Reader, Writer, offset};
use crate::{
    Author, AuthorId, Authors, Error, ErrorKind, Es256Verifier, MAX_MANIFEST, Manifest, Reason,
    SignedManifest, UnixTime, VerifiedManifest, manifest::to_be_signed,
};

/// What further authors have signed of a manifest, 0 to [`CoSignatures::MAX`]: the value under key 3 of an
/// [`Offer`](crate::Offer), and what follows the manifest in a release's file.
///
/// A CBOR array of arrays of two: the author's id, and his signature of 64 bytes over what
/// [`to_be_signed`] gives for that id.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct CoSignatures<'a> {
    /// The array as it stands, of none the empty slice.
    bytes: &'a [u8],
}

impl<'a> CoSignatures<'a> {
    /// As many as a set has keys, the manifest's own signature not counted.
    pub const MAX: usize = crate::authors::MAX_AUTHORS - 1;
    /// The longest array, in bytes.
    pub const MAX_LEN: usize = 1 + Self::MAX * CO_SIGNATURE;
    /// No further author.
    pub const NONE: Self = Self { bytes: &[] };

    /// Reads the array; no bytes at all are no co-signature.
    ///
    /// # Errors
    /// `BadField` at the entry that is not as above, and where there are too many; the kinds of CBOR: `NotCbor`,
    /// `NotDeterministic`, `Surplus`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        if bytes.is_empty() {
            return Ok(Self::NONE);
        }
        Self::read(&mut Reader::new(bytes, 0)?)
    }

    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, Error> {
        let start = reader.position();
        let count = reader.array()?;
        if !(1..=Self::MAX).contains(&usize::try_from(count).unwrap_or(usize::MAX)) {
            return Err(Error {
                kind: ErrorKind::BadField,
                offset: offset(start),
            });
        }
        for _ in 0..count {
            let at = reader.error(ErrorKind::BadField);
            if reader.array()? != 2 {
                return Err(at);
            }
            reader.fixed::<8>()?;
            reader.fixed::<64>()?;
        }
        Ok(Self {
            bytes: reader.since(start),
        })
    }

    /// Writes the array of these and tells its length.
    ///
    /// # Errors
    /// `BadField` where there are none or too many, `NoRoom`.
    pub fn encode(others: &[(AuthorId, [u8; 64])], out: &mut [u8]) -> Result<usize, Error> {
        let mut writer = Writer::new(out);
        if !(1..=Self::MAX).contains(&others.len()) {
            return Err(writer.error(ErrorKind::BadField));
        }
        writer.array(u64::try_from(others.len()).unwrap_or_default())?;
        for (id, signature) in others {
            writer.array(2)?;
            writer.bytes(&id.0)?;
            writer.bytes(signature)?;
        }
        Ok(writer.len())
    }

    /// The array as bytes, empty where there is no co-signature.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Each author's id with his signature.
    pub fn iter(&self) -> impl Iterator<Item = (AuthorId, &'a [u8; 64])> + use<'a> {
        let entries = self.bytes.get(1..).unwrap_or_default();
        entries.chunks(CO_SIGNATURE).filter_map(|chunk| {
            let (_, entry) = chunk.split_first_chunk::<2>()?;
            let (id, rest) = entry.split_first_chunk::<8>()?;
            Some((AuthorId(*id), rest.last_chunk()?))
        })
    }
}

/// A signed manifest, and what further authors have signed of it: what is published, and what is judged.
///
/// As a file it is the `COSE_Sign1`, and behind it the array of [`CoSignatures`] where there are any: a CBOR sequence
/// (RFC 8742), of which a manifest of one author is the shortest.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SignedRelease<'a> {
    manifest: SignedManifest<'a>,
    manifest_bytes: &'a [u8],
    others: CoSignatures<'a>,
}

impl<'a> SignedRelease<'a> {
    /// A manifest by itself.
    pub(super) const fn alone(manifest: SignedManifest<'a>) -> Self {
        Self {
            manifest,
            manifest_bytes: &[],
            others: CoSignatures::NONE,
        }
    }

    /// Parses the two parts of an offer.
    ///
    /// # Errors
    /// Those of [`SignedManifest::parse`].
    pub fn of(manifest: &'a [u8], others: CoSignatures<'a>) -> Result<Self, Error> {
        Ok(Self {
            manifest: SignedManifest::parse(manifest)?,
            manifest_bytes: manifest,
            others,
        })
    }

    /// Parses a release's file.
    ///
    /// # Errors
    /// Those of [`SignedManifest::parse`] and [`CoSignatures::parse`], offsets counted from the file's first byte.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let mut decoder = Decoder::new(bytes);
        let first = match decoder.skip() {
            Ok(()) if decoder.position() <= bytes.len() => decoder.position(),
            // It says itself what is wrong with it.
            _ => bytes.len(),
        };
        let (manifest, rest) = bytes.split_at_checked(first).unwrap_or((bytes, &[]));
        let release = Self::of(manifest, CoSignatures::NONE)?;
        let others = CoSignatures::parse(rest).map_err(|error| Error {
            offset: error.offset.saturating_add(offset(first)),
            ..error
        })?;
        Ok(Self { others, ..release })
    }

    /// The manifest with its first signature.
    pub const fn manifest(&self) -> &SignedManifest<'a> {
        &self.manifest
    }

    /// The same as bytes.
    pub const fn manifest_bytes(&self) -> &'a [u8] {
        self.manifest_bytes
    }

    /// What further authors have signed.
    pub const fn others(&self) -> CoSignatures<'a> {
        self.others
    }

    /// Who is said to have signed, the first of them in the manifest itself.
    pub fn signatures(&self) -> impl Iterator<Item = (AuthorId, &'a [u8; 64])> + use<'a> {
        core::iter::once((self.manifest.author(), self.manifest.signature()))
            .chain(self.others.iter())
    }

    /// Whether that author has signed it.
    pub fn is_signed_by(
        &self,
        author: &Author<'_>,
        verifier: &(impl Es256Verifier + ?Sized),
    ) -> bool {
        self.look(author, verifier) == Look::Good
    }

    /// Verifies that as many of `authors` have signed as it takes, then decodes the manifest. `now` is the earliest that now
    /// can be.
    ///
    /// # Errors
    /// [`Reason::AuthorsEnded`] where their set has; [`Reason::UnknownAuthor`] where nobody of them is named;
    /// [`Reason::BadSignature`] where it takes more than have signed, and a signature is not that of him whom it names;
    /// [`Reason::TooFewAuthors`] where it takes more without that; [`Reason::MalformedManifest`] where they signed what is no
    /// manifest that this crate reads.
    pub fn verify(
        &self,
        authors: &Authors<'_>,
        now: UnixTime,
        verifier: &(impl Es256Verifier + ?Sized),
    ) -> Result<VerifiedManifest<'a>, Reason> {
        if authors.not_after().is_some_and(|end| now > end) {
            return Err(Reason::AuthorsEnded);
        }
        let Tally { count, first, bad } = authors.tally(|author| self.look(author, verifier));
        match (first, bad) {
            (Some(author), _) if count >= authors.threshold() => {
                let manifest = Manifest::decode(self.manifest.payload());
                let manifest = manifest.map_err(|_| Reason::MalformedManifest)?;
                Ok(VerifiedManifest::new(manifest, author))
            }
            (_, true) => Err(Reason::BadSignature),
            (Some(_), false) => Err(Reason::TooFewAuthors),
            (None, false) => Err(Reason::UnknownAuthor),
        }
    }

    fn look(&self, author: &Author<'_>, verifier: &(impl Es256Verifier + ?Sized)) -> Look {
        let mut buffer = [0; MAX_MANIFEST];
        let Ok(len) = to_be_signed(author.id, self.manifest.payload(), &mut buffer) else {
            return Look::Absent;
        };
        let message = buffer.get(..len).unwrap_or_default();
        Look::at(author, self.signatures(), message, verifier)
    }
}

/// One entry's length: array, id, signature.
const CO_SIGNATURE: usize = 1 + 1 + 8 + 2 + 64;

/// The longest release file, in bytes.
pub const MAX_SIGNED_RELEASE: usize = MAX_MANIFEST + CoSignatures::MAX_LEN;
