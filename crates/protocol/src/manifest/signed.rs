//! A manifest as it travels, and as it is believed.

use crate::cbor::{Reader, offset};
use crate::manifest::signing::{ALGORITHM, CONTENT_TYPE, ES256, KEY_ID, MAX_HEADER, SIGN1_TAG};
use crate::{
    Author, AuthorId, Authors, Error, ErrorKind, Es256Verifier, MANIFEST_MEDIA_TYPE, MAX_MANIFEST,
    Manifest, Reason, SignedRelease, UnixTime,
};

/// A manifest as it travels: a tagged `COSE_Sign1` (RFC 9052 §4.2), parsed and not yet believed.
///
/// Tag 18 on an array of four: the protected header as bytes, an empty map, the [`Manifest`] as bytes, the signature
/// of 64 bytes. The protected header is `{1: -7, 3: MANIFEST_MEDIA_TYPE, 4: author id}`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SignedManifest<'a> {
    author: AuthorId,
    payload: &'a [u8],
    signature: &'a [u8; 64],
}

impl<'a> SignedManifest<'a> {
    /// Parses the envelope; the manifest within stays bytes until it is verified.
    ///
    /// # Errors
    /// `NotSign1` at the part that is not as above, `BadField` at [`MAX_MANIFEST`] where the input is longer, and the
    /// kinds of CBOR: `NotCbor`, `NotDeterministic`, `Surplus`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_MANIFEST {
            return Err(Error {
                kind: ErrorKind::BadField,
                offset: offset(MAX_MANIFEST),
            });
        }
        if bytes.first() != Some(&TAGGED_SIGN1) {
            return Err(Error {
                kind: ErrorKind::NotSign1,
                offset: 0,
            });
        }
        let mut reader = Reader::new(bytes, 1)?;
        let expect = |read: Result<u64, Error>, wanted| match read {
            Ok(count) if count == wanted => Ok(()),
            Ok(_) => Err(Error {
                kind: ErrorKind::NotSign1,
                offset: 1,
            }),
            Err(error) => Err(not_sign1(error)),
        };
        expect(reader.array(), 4)?;
        let header_at = reader.position();
        let header = reader.fixed::<MAX_HEADER>().map_err(not_sign1)?;
        let author = parse_header(header).ok_or(Error {
            kind: ErrorKind::NotSign1,
            offset: offset(header_at),
        })?;
        let unprotected_at = reader.position();
        if reader.map().map_err(not_sign1)? != 0 {
            return Err(Error {
                kind: ErrorKind::NotSign1,
                offset: offset(unprotected_at),
            });
        }
        let payload = reader.bytes(0..=MAX_MANIFEST).map_err(not_sign1)?;
        let signature = reader.fixed().map_err(not_sign1)?;
        Ok(Self {
            author,
            payload,
            signature,
        })
    }

    /// Who is said to have signed it.
    pub const fn author(&self) -> AuthorId {
        self.author
    }

    /// The manifest's bytes, as they were signed.
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }

    pub(super) const fn signature(&self) -> &'a [u8; 64] {
        self.signature
    }

    /// Decodes the manifest without asking who signed it.
    ///
    /// For showing a file to its author, and for finding the release that it may belong to. Never for deciding what a
    /// device runs or a server publishes: that takes the [`VerifiedManifest`] of [`SignedManifest::verify`].
    ///
    /// # Errors
    /// Those of [`Manifest::decode`], offsets counted from the manifest's own first byte.
    pub fn unverified(&self) -> Result<Manifest<'a>, Error> {
        Manifest::decode(self.payload)
    }

    /// Verifies the signature with the key of that one of `known` whom the header names, then decodes the manifest.
    ///
    /// # Errors
    /// [`Reason::UnknownAuthor`] where `known` has no such author, [`Reason::BadSignature`] where the signature is not
    /// his, [`Reason::MalformedManifest`] where he signed what is no manifest that this crate reads.
    pub fn verify(
        &self,
        known: &[Author<'_>],
        verifier: &(impl Es256Verifier + ?Sized),
    ) -> Result<VerifiedManifest<'a>, Reason> {
        SignedRelease::alone(*self).verify(&Authors::factory(known), UnixTime(0), verifier)
    }
}

/// A manifest that enough known authors' signatures were found good on; only the check makes one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct VerifiedManifest<'a> {
    manifest: Manifest<'a>,
    author: AuthorId,
}

impl<'a> VerifiedManifest<'a> {
    pub(super) const fn new(manifest: Manifest<'a>, author: AuthorId) -> Self {
        Self { manifest, author }
    }

    /// What the author said.
    pub const fn manifest(&self) -> &Manifest<'a> {
        &self.manifest
    }

    /// Who said it: of several, the first of those who are known.
    pub const fn author(&self) -> AuthorId {
        self.author
    }
}

/// The author named by a protected header that is exactly ours.
fn parse_header(header: &[u8]) -> Option<AuthorId> {
    let mut reader = Reader::new(header, 0).ok()?;
    let ours = reader.map().ok()? == 3
        && reader.i64().ok()? == ALGORITHM
        && reader.i64().ok()? == ES256
        && reader.i64().ok()? == CONTENT_TYPE
        && reader.text(0..=MAX_HEADER).ok()? == MANIFEST_MEDIA_TYPE
        && reader.i64().ok()? == KEY_ID;
    if ours {
        reader.fixed().ok().map(|id| AuthorId(*id))
    } else {
        None
    }
}

fn not_sign1(error: Error) -> Error {
    Error {
        kind: ErrorKind::NotSign1,
        ..error
    }
}

/// The first byte of every signed manifest: tag 18 in its one-byte form.
const TAGGED_SIGN1: u8 = 0xd2;
const _: () = assert!(SIGN1_TAG == 0x12, "the byte above is that tag's head");
