//! The text that certificates travel in (RFC 7468).

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{Certificate, Error};

/// Reads every certificate of a text, in its order.
///
/// Text between the blocks, CRLF and a missing last newline are fine. A block that begins and
/// does not end, or does not decode, is an error: a chain must not be cut in silence.
///
/// # Errors
/// [`Error::MissingPem`] where there is none, [`Error::MalformedPem`] as above, and those of
/// [`Certificate::from_der`].
pub fn certificates(text: &[u8]) -> Result<Vec<Certificate>, Error> {
    let blocks = blocks(text, CERTIFICATE)?;
    blocks.into_iter().map(Certificate::from_vec).collect()
}

/// Writes certificates one behind the other, as servers and ESP-IDF read them.
pub fn to_pem(certificates: &[Certificate]) -> String {
    certificates
        .iter()
        .map(|certificate| encode(CERTIFICATE, certificate.der()))
        .collect()
}

/// Reads the contents of every block with this label, in their order.
///
/// # Errors
/// [`Error::MissingPem`] and [`Error::MalformedPem`].
pub fn blocks(text: &[u8], label: &'static str) -> Result<Vec<Vec<u8>>, Error> {
    let begin = format!("-----BEGIN {label}-----");
    let end = format!("-----END {label}-----");
    // What stands between the blocks may be of any encoding; mostly it is UTF-8, which is told in no time.
    let text = str::from_utf8(text).map_or_else(|_| String::from_utf8_lossy(text), Cow::Borrowed);
    let mut rest = &*text;
    let mut found = Vec::new();
    while let Some((_, begun)) = rest.split_once(&begin) {
        let block = found.len().saturating_add(1);
        let malformed = || Error::MalformedPem { block };
        // Base64 has no dash.
        let (inside, ended) = begun.split_at(begun.find('-').ok_or_else(malformed)?);
        rest = ended.strip_prefix(&end).ok_or_else(malformed)?;
        found.push(decode(inside).ok_or_else(malformed)?);
    }
    if found.is_empty() {
        return Err(Error::MissingPem { label });
    }
    Ok(found)
}

/// Writes one block, with a newline at its end.
pub fn encode(label: &str, contents: &[u8]) -> String {
    let text = STANDARD.encode(contents);
    let mut pem = String::with_capacity(text.len() + text.len() / LINE + 2 * label.len() + 40);
    pem.extend(["-----BEGIN ", label, "-----\n"]);
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, behind) = rest.split_at_checked(LINE).unwrap_or((rest, ""));
        pem.extend([line, "\n"]);
        rest = behind;
    }
    pem.extend(["-----END ", label, "-----\n"]);
    pem
}

/// Reads base64, with white space wherever it stands (RFC 7468 §3, `laxtextualmsg`).
fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bare = String::with_capacity(text.len());
    bare.extend(text.split_ascii_whitespace());
    STANDARD.decode(bare).ok()
}

/// How many letters a line has (RFC 7468 §2).
const LINE: usize = 64;

/// The label of a certificate (RFC 7468 §5.1).
pub const CERTIFICATE: &str = "CERTIFICATE";
