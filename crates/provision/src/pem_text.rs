//! PEM as mbedTLS takes it: lines of 64, line feeds, and no copy of a key left behind.

use base64ct::{Base64, Encoding};
use pem::{EncodeConfig, LineEnding, Pem};
use zeroize::Zeroizing;

use crate::Error;

/// Writes certificates one after the other, in the order given.
pub(crate) fn encode_certificates<'a>(certificates: impl IntoIterator<Item = &'a [u8]>) -> String {
    let lines = EncodeConfig::new().set_line_ending(LineEnding::LF);
    certificates
        .into_iter()
        .map(|der| pem::encode_config(&Pem::new(CERTIFICATE, der), lines))
        .collect()
}

/// Reads the certificates of an entry: PEM, with or without its NUL, or one in DER.
pub(crate) fn decode_certificates(data: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    if data.first() == Some(&DER_SEQUENCE) {
        return Ok(vec![data.to_vec()]);
    }
    let text = data.strip_suffix(&[0]).unwrap_or(data);
    let blocks = pem::parse_many(text).map_err(|_| Error::CertificateEncoding)?;
    // The `pem` crate ends at a block that does not end: a chain must not be cut in silence.
    let begun = text
        .windows(BEGIN.len())
        .filter(|here| here.first() == BEGIN.first() && *here == BEGIN);
    if begun.count() != blocks.len() || blocks.iter().any(|block| block.tag() != CERTIFICATE) {
        return Err(Error::CertificateEncoding);
    }
    Ok(blocks.into_iter().map(Pem::into_contents).collect())
}

/// Takes the one private key from a PEM text, other blocks (`EC PARAMETERS`) aside, and writes it anew.
///
/// The `pem` crate is not used: it leaves copies of the key in freed memory.
pub(crate) fn normalize_key(text: &str) -> Result<Zeroizing<String>, Error> {
    let (label, body) = key_block(text)?;
    let mut base64 = Zeroizing::new(String::with_capacity(body.len()));
    base64.extend(body.chars().filter(|c| !c.is_ascii_whitespace()));
    let der = Base64::decode_vec(&base64)
        .map(Zeroizing::new)
        .map_err(|_| Error::KeyEncoding)?;
    if !is_taken(label, &der) {
        return Err(Error::KeyEncoding);
    }
    // 64 characters and a line feed per line, twice a label with its dashes: no reallocation may copy the key.
    let mut out = Zeroizing::new(String::with_capacity(base64.len() / 64 + base64.len() + 96));
    for part in ["-----BEGIN ", label, "-----\n"] {
        out.push_str(part);
    }
    for (index, c) in base64.chars().enumerate() {
        if index > 0 && index.is_multiple_of(64) {
            out.push('\n');
        }
        out.push(c);
    }
    for part in ["\n-----END ", label, "-----\n"] {
        out.push_str(part);
    }
    Ok(out)
}

fn key_block(text: &str) -> Result<(&'static str, &str), Error> {
    let mut found = None;
    for label in [PKCS8, SEC1] {
        let begin = format!("-----BEGIN {label}-----");
        if let Some((_, rest)) = text.split_once(&begin) {
            let body = rest.split_once(&format!("-----END {label}-----"));
            let (body, after) = body.ok_or(Error::KeyEncoding)?;
            if found.is_some() || after.contains("PRIVATE KEY-----") {
                return Err(Error::KeyEncoding);
            }
            found = Some((label, body));
        }
    }
    found.ok_or(Error::KeyEncoding)
}

/// Says whether mbedTLS takes a key of this form.
///
/// No release takes version 1 of PKCS#8 (RFC 5958), which some libraries write, nor an EC key (RFC 5915) that does not
/// name its curve.
fn is_taken(label: &str, der: &[u8]) -> bool {
    let rest = match der {
        [DER_SEQUENCE, len, rest @ ..] if usize::from(*len) == rest.len() && *len < 0x80 => rest,
        [DER_SEQUENCE, 0x81, len, rest @ ..] if usize::from(*len) == rest.len() => rest,
        [DER_SEQUENCE, 0x82, high, low, rest @ ..]
            if usize::from(u16::from_be_bytes([*high, *low])) == rest.len() =>
        {
            rest
        }
        _ => return false,
    };
    match rest {
        [0x02, 0x01, 0, ..] => label == PKCS8,
        [0x02, 0x01, 1, 0x04, len, rest @ ..] => {
            label == SEC1 && rest.get(usize::from(*len)) == Some(&DER_CURVE)
        }
        _ => false,
    }
}

const BEGIN: &[u8] = b"-----BEGIN ";
const CERTIFICATE: &str = "CERTIFICATE";
const PKCS8: &str = "PRIVATE KEY";
const SEC1: &str = "EC PRIVATE KEY";
const DER_SEQUENCE: u8 = 0x30;
/// Context tag 0, constructed.
const DER_CURVE: u8 = 0xA0;
