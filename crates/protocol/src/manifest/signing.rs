//! Making the two COSE structures around a manifest: the one that is signed, and the one that travels.

use crate::cbor::Writer;
use crate::{AuthorId, Error, MANIFEST_MEDIA_TYPE};

/// Writes the bytes that an author's key signs over a manifest's bytes, and tells their length.
///
/// They are COSE's `Sig_structure` (RFC 9052 §4.4) with context `Signature1`, the protected header that names `author`,
/// and no external data. [`MAX_MANIFEST`](crate::MAX_MANIFEST) bytes of room suffice wherever [`assemble`] does with
/// them.
///
/// # Errors
/// `NoRoom`.
pub fn to_be_signed(author: AuthorId, payload: &[u8], out: &mut [u8]) -> Result<usize, Error> {
    let mut header = [0; MAX_HEADER];
    let header = protected_header(author, &mut header)?;
    let mut writer = Writer::new(out);
    writer.array(4)?;
    writer.text("Signature1")?;
    writer.bytes(header)?;
    writer.bytes(&[])?;
    writer.bytes(payload)?;
    Ok(writer.len())
}

/// Writes the signed manifest, a tagged `COSE_Sign1` (RFC 9052 §4.2), and tells its length.
///
/// `signature` is r then s, 32 bytes each, big-endian, over [`to_be_signed`]. Nothing is checked here: parse and verify
/// what comes out before it is published.
///
/// # Errors
/// `NoRoom`.
pub fn assemble(
    author: AuthorId,
    payload: &[u8],
    signature: &[u8; 64],
    out: &mut [u8],
) -> Result<usize, Error> {
    let mut header = [0; MAX_HEADER];
    let header = protected_header(author, &mut header)?;
    let mut writer = Writer::new(out);
    writer.tag(SIGN1_TAG)?;
    writer.array(4)?;
    writer.bytes(header)?;
    writer.map(0)?;
    writer.bytes(payload)?;
    writer.bytes(signature)?;
    Ok(writer.len())
}

/// The protected header: 1 (algorithm) ES256, 3 (content type) ours, 4 (key id) the author's (RFC 9052 §3.1).
fn protected_header(author: AuthorId, out: &mut [u8; MAX_HEADER]) -> Result<&[u8], Error> {
    let mut writer = Writer::new(out);
    writer.map(3)?;
    writer.int(ALGORITHM)?;
    writer.int(ES256)?;
    writer.int(CONTENT_TYPE)?;
    writer.text(MANIFEST_MEDIA_TYPE)?;
    writer.int(KEY_ID)?;
    writer.bytes(&author.0)?;
    let len = writer.len();
    Ok(out.get(..len).unwrap_or_default())
}

/// The tag of a `COSE_Sign1` (RFC 9052 §2).
pub(super) const SIGN1_TAG: u64 = 18;
/// Header parameter "alg" (RFC 9052 §3.1).
pub(crate) const ALGORITHM: i64 = 1;
/// Header parameter "content type" (RFC 9052 §3.1).
pub(crate) const CONTENT_TYPE: i64 = 3;
/// Header parameter "kid" (RFC 9052 §3.1).
pub(crate) const KEY_ID: i64 = 4;
/// Algorithm ES256 (RFC 9053 §2.1).
pub(crate) const ES256: i64 = -7;

/// The protected header's length: map, algorithm, content type, key id; there is one length only.
pub(super) const MAX_HEADER: usize = 1 + 2 + 1 + 2 + MANIFEST_MEDIA_TYPE.len() + 1 + 1 + 8;
