//! Making the two COSE structures around an author set: the one that is signed, and the one that travels.

use crate::cbor::Writer;
use crate::manifest::signing::{ALGORITHM, CONTENT_TYPE, ES256, KEY_ID};
use crate::{AUTHORS_MEDIA_TYPE, AuthorId, Error};

/// One author's signature on a set.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SetSignature {
    /// His key.
    pub author: AuthorId,
    /// r then s, 32 bytes each, big-endian, over [`set_to_be_signed`].
    pub signature: [u8; 64],
}

/// Writes the bytes that an author's key signs over a set's bytes, and tells their length.
///
/// They are COSE's `Sig_structure` (RFC 9052 §4.4) with context `Signature`, the body's protected header, the signer's, which
/// names `author`, and no external data. [`SignedAuthorSet::MAX_LEN`](crate::SignedAuthorSet::MAX_LEN) bytes of room suffice
/// for every set.
///
/// # Errors
/// `NoRoom`.
pub fn set_to_be_signed(author: AuthorId, set: &[u8], out: &mut [u8]) -> Result<usize, Error> {
    let (mut body, mut signer) = ([0; BODY_HEADER], [0; SIGNER_HEADER]);
    let mut writer = Writer::new(out);
    writer.array(5)?;
    writer.text("Signature")?;
    writer.bytes(body_header(&mut body)?)?;
    writer.bytes(signer_header(author, &mut signer)?)?;
    writer.bytes(&[])?;
    writer.bytes(set)?;
    Ok(writer.len())
}

/// Writes the signed set, a tagged `COSE_Sign` (RFC 9052 §4.1), and tells its length.
///
/// Nothing is checked here: parse and verify what comes out before it is published.
///
/// # Errors
/// `NoRoom`.
pub fn assemble_set(
    set: &[u8],
    signatures: &[SetSignature],
    out: &mut [u8],
) -> Result<usize, Error> {
    let mut header = [0; BODY_HEADER];
    let mut writer = Writer::new(out);
    writer.tag(SIGN_TAG)?;
    writer.array(4)?;
    writer.bytes(body_header(&mut header)?)?;
    writer.map(0)?;
    writer.bytes(set)?;
    writer.array(u64::try_from(signatures.len()).unwrap_or(u64::MAX))?;
    for one in signatures {
        let mut header = [0; SIGNER_HEADER];
        writer.array(3)?;
        writer.bytes(signer_header(one.author, &mut header)?)?;
        writer.map(0)?;
        writer.bytes(&one.signature)?;
    }
    Ok(writer.len())
}

/// The body's protected header: 3 (content type) ours.
pub(super) fn body_header(out: &mut [u8; BODY_HEADER]) -> Result<&[u8], Error> {
    let mut writer = Writer::new(out);
    writer.map(1)?;
    writer.int(CONTENT_TYPE)?;
    writer.text(AUTHORS_MEDIA_TYPE)?;
    Ok(out)
}

/// A signer's protected header: 1 (algorithm) ES256, 4 (key id) the author's.
pub(super) fn signer_header(
    author: AuthorId,
    out: &mut [u8; SIGNER_HEADER],
) -> Result<&[u8], Error> {
    let mut writer = Writer::new(out);
    writer.map(2)?;
    writer.int(ALGORITHM)?;
    writer.int(ES256)?;
    writer.int(KEY_ID)?;
    writer.bytes(&author.0)?;
    Ok(out)
}

/// The tag of a `COSE_Sign` (RFC 9052 §2).
pub(super) const SIGN_TAG: u64 = 98;
/// The body's protected header's only length.
pub(super) const BODY_HEADER: usize = 1 + 1 + 2 + AUTHORS_MEDIA_TYPE.len();
/// A signer's protected header's only length.
pub(super) const SIGNER_HEADER: usize = 1 + 2 + 1 + 1 + 8;

/// The longest `Sig_structure` of a set, in bytes.
pub(super) const MAX_SET_MESSAGE: usize =
    1 + 10 + 2 + BODY_HEADER + 1 + SIGNER_HEADER + 1 + 3 + super::MAX_AUTHOR_SET;
