//! The text that certificates travel in (RFC 7468).

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
    blocks(text, CERTIFICATE)?
        .iter()
        .map(|der| Certificate::from_der(der))
        .collect()
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
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = find(rest, begin.as_bytes()) {
        let block = found.len().saturating_add(1);
        let malformed = || Error::MalformedPem { block };
        let inside = rest.get(start..).ok_or_else(malformed)?;
        let len = find(inside, end.as_bytes())
            .and_then(|at| at.checked_add(end.len()))
            .ok_or_else(malformed)?;
        let (whole, behind) = inside.split_at_checked(len).ok_or_else(malformed)?;
        found.push(pem::parse(whole).map_err(|_| malformed())?.into_contents());
        rest = behind;
    }
    if found.is_empty() {
        return Err(Error::MissingPem { label });
    }
    Ok(found)
}

/// Writes one block, with a newline at its end.
pub fn encode(label: &str, contents: &[u8]) -> String {
    let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    pem::encode_config(&pem::Pem::new(label, contents), config)
}

/// Finds the first place of `marker`. Lists of roots are long, so most bytes are looked at once, and alone.
fn find(text: &[u8], marker: &[u8]) -> Option<usize> {
    let (first, mut from) = (*marker.first()?, 0_usize);
    loop {
        let rest = text.get(from..)?;
        let at = rest.iter().position(|&byte| byte == first)?;
        if rest.get(at..)?.starts_with(marker) {
            return from.checked_add(at);
        }
        from = from.checked_add(at)?.checked_add(1)?;
    }
}

/// The label of a certificate (RFC 7468 §5.1).
pub const CERTIFICATE: &str = "CERTIFICATE";
