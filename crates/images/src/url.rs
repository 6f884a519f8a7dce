//! Our own signed download URL: short, for one image, one device, and a while.
//!
//! `{base}/d/{digest}?e={end}&k={key id}&s={signature}`, where the digest and the signature are base64url without
//! padding (43 characters each) and the end is in decimal Unix seconds. The signature is HMAC-SHA-256 over the fields
//!
//! | field     | bytes                                             |
//! |-----------|---------------------------------------------------|
//! | domain    | `countersign download url v1`                     |
//! | class     | `image`: GET and HEAD of it share one             |
//! | digest    | 32                                                |
//! | end       | 8, big-endian                                     |
//! | key id    | as in the URL                                     |
//! | device    | the device's id, which is nowhere in the URL      |
//!
//! each after its length in four bytes, big-endian. The host is not signed: stock clients carry a stale `Host` after a
//! redirect. A URL has one spelling; what is spelled otherwise is refused.

use std::fmt;

use aws_lc_rs::hmac;
use base64ct::{Base64UrlUnpadded, Encoding as _};
use countersign_protocol::{Digest, UnixTime};
use zeroize::Zeroizing;

/// A key that signs download URLs.
pub struct UrlKey {
    id: String,
    secret: Zeroizing<[u8; 32]>,
}

/// Leave to download one image until a time; only [`verify`] makes one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Grant {
    image: Digest,
    ends: UnixTime,
}

/// Why a URL gives no leave.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// The signature is not that of the key, for this image and this device.
    #[error("the URL's signature is not valid for this image and device")]
    BadSignature,
    /// It was good until a time that has passed.
    #[error("the URL ended at {} (Unix time)", .at.0)]
    Ended {
        /// The last second in which it was good.
        at: UnixTime,
    },
    /// The query is not one that we write.
    #[error("the URL's query is malformed")]
    Malformed,
    /// It was signed by a key that is not, or no longer, in use.
    #[error("the URL's key is not known")]
    UnknownKey,
}

/// A key id that would not stand in a URL as it is, or takes too much of its room.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a URL key's id is 1 to {MAX_KEY_ID} of A-Z a-z 0-9 _ -")]
pub struct BadKeyId;

impl UrlKey {
    /// A key with its name in URLs: 1 to 16 of `A-Z a-z 0-9 _ -`.
    ///
    /// # Errors
    /// [`BadKeyId`] where the name is another.
    pub fn new(id: &str, secret: Zeroizing<[u8; 32]>) -> Result<Self, BadKeyId> {
        if is_key_id(id) {
            let id = id.to_owned();
            Ok(Self { id, secret })
        } else {
            Err(BadKeyId)
        }
    }

    /// The key's name in URLs.
    pub fn id(&self) -> &str {
        &self.id
    }

    fn hmac(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.secret.as_slice())
    }
}

impl fmt::Debug for UrlKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UrlKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Grant {
    /// The image.
    pub const fn image(&self) -> Digest {
        self.image
    }

    /// The last second in which it may be asked for. A download that began by then may go on.
    pub const fn ends(&self) -> UnixTime {
        self.ends
    }
}

/// Signs the URL under which `device` finds `image` until `ends`.
///
/// `base` is where our download plane is reached, `https://host:port`, with or without a slash at its end.
pub fn sign(key: &UrlKey, base: &str, image: &Digest, device: &str, ends: UnixTime) -> String {
    let tag = hmac::sign(&key.hmac(), &message(&key.id, image, device, ends));
    format!(
        "{}/d/{}?e={}&k={}&s={}",
        base.trim_end_matches('/'),
        Base64UrlUnpadded::encode_string(&image.0),
        ends.0,
        key.id,
        Base64UrlUnpadded::encode_string(tag.as_ref()),
    )
}

/// Reads the digest in a URL's path, the segment after `/d/`.
pub fn parse_digest(segment: &str) -> Option<Digest> {
    decode(segment).map(Digest)
}

/// Verifies that one of `keys` signed leave for `device` to download `image`, and that it has not ended.
///
/// `image` is that of the path ([`parse_digest`]), `query` what follows the question mark, `device` the one that proved
/// itself on this connection.
///
/// # Errors
/// [`UrlError`]. That a URL has ended is told only of one that we signed.
pub fn verify(
    keys: &[UrlKey],
    image: &Digest,
    query: &str,
    device: &str,
    now: UnixTime,
) -> Result<Grant, UrlError> {
    let (ends, id, signature) = parse(query).ok_or(UrlError::Malformed)?;
    let key = keys.iter().find(|key| key.id == id);
    let key = key.ok_or(UrlError::UnknownKey)?;
    let message = message(id, image, device, ends);
    // Compares in constant time.
    hmac::verify(&key.hmac(), &message, &signature).map_err(|_| UrlError::BadSignature)?;
    if now > ends {
        return Err(UrlError::Ended { at: ends });
    }
    Ok(Grant {
        image: *image,
        ends,
    })
}

/// How long a URL's path and query may be for a stock client with its default buffer of 512 bytes.
///
/// ESP-IDF puts request line and `User-Agent` into that buffer at once: `GET ` (4), path and query,
/// ` HTTP/1.1` and CRLF (11), `User-Agent: ` (12), its value, CRLF (2), CRLF and NUL (3). That leaves 480 less the value;
/// with the default one, `ESP32 HTTP Client/1.0` of 21 characters, 459. A longer URL makes the client wait in silence.
///
/// Source: ESP-IDF v4.4 to v6.0, `components/esp_http_client/esp_http_client.c` and `lib/http_header.c`.
pub fn room(user_agent: Option<&str>) -> usize {
    ROOM.saturating_sub(user_agent.unwrap_or(STOCK_USER_AGENT).len())
}

/// The length of a URL's path and query as a client sends them, in bytes; to be held against [`room`].
pub fn path_and_query_len(url: &str) -> usize {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let sent = after_scheme
        .split_once('#')
        .map_or(after_scheme, |(sent, _)| sent);
    let authority = sent.find(['/', '?']).unwrap_or(sent.len());
    let length = sent.len().saturating_sub(authority);
    // A URL without a path asks for `/`.
    let has_path = sent.as_bytes().get(authority) == Some(&b'/');
    length.saturating_add(usize::from(!has_path))
}

/// How long a URL must live, in seconds, so that the slowest admitted device finishes: the download at
/// `slowest_rate_bytes_per_s`, and `patience_s` for waits and retries.
pub fn life(size: u64, slowest_rate_bytes_per_s: u32, patience_s: u32) -> u64 {
    size.div_ceil(u64::from(slowest_rate_bytes_per_s.max(1)))
        .saturating_add(patience_s.into())
}

fn message(key_id: &str, image: &Digest, device: &str, ends: UnixTime) -> Vec<u8> {
    let ends = ends.0.to_be_bytes();
    let fields: [&[u8]; 6] = [
        DOMAIN,
        CLASS,
        &image.0,
        &ends,
        key_id.as_bytes(),
        device.as_bytes(),
    ];
    let mut message = Vec::with_capacity(192);
    for field in fields {
        // No field is anywhere near 4 GiB: the head of a request, which the longest came in, is far shorter.
        let length = u32::try_from(field.len()).unwrap_or(u32::MAX);
        message.extend_from_slice(&length.to_be_bytes());
        message.extend_from_slice(field);
    }
    message
}

/// The three parameters, in their one order and spelling.
fn parse(query: &str) -> Option<(UnixTime, &str, [u8; 32])> {
    let mut parameters = query.split('&');
    let mut next = |name| parameters.next()?.strip_prefix(name);
    let (end, id, signature) = (next("e=")?, next("k=")?, next("s=")?);
    if parameters.next().is_some() || !is_key_id(id) {
        return None;
    }
    Some((UnixTime(parse_decimal(end)?), id, decode(signature)?))
}

/// A decimal number without sign or leading zeros.
fn parse_decimal(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|digit| digit.is_ascii_digit())
        && (text.len() == 1 || !text.starts_with('0'));
    plain.then(|| text.parse().ok())?
}

/// 32 bytes in base64url without padding, in their one spelling.
fn decode(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let decoded = Base64UrlUnpadded::decode(text, &mut bytes).ok()?.len();
    (decoded == 32).then_some(bytes)
}

fn is_key_id(id: &str) -> bool {
    (1..=MAX_KEY_ID).contains(&id.len())
        && id
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || c == b'_' || c == b'-')
}

const DOMAIN: &[u8] = b"countersign download url v1";
const CLASS: &[u8] = b"image";
const MAX_KEY_ID: usize = 16;
const ROOM: usize = 480;
const STOCK_USER_AGENT: &str = "ESP32 HTTP Client/1.0";

#[cfg(test)]
mod tests;
