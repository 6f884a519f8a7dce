//! A chain in a file: PEM with any text around it, such as the output of `openssl s_client -showcerts`, or one certificate
//! in DER.

use countersign_x509::{Error, pem};

/// A chain as a file had it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct FromFile {
    /// DER, the first first; one at least. They need not be readable: a device would be sent them, too.
    pub chain: Vec<Vec<u8>>,
    /// What else is to be said of the file.
    pub notes: Vec<String>,
}

/// Why a file has no chain.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NoChain {
    /// There is nothing in it.
    #[error("it is empty")]
    Empty,
    /// A private key, and nothing else.
    #[error("there is a private key in it, and no certificate")]
    Key,
    /// No text with certificates, and no DER.
    #[error("it is neither PEM (no `-----BEGIN CERTIFICATE-----`) nor DER")]
    Neither,
    /// `openssl s_client` has said that no certificate came.
    #[error("openssl s_client was sent no certificate")]
    NothingSent,
    /// A certificate's block is cut short, or not base64.
    #[error(transparent)]
    Pem(Error),
    /// A request, which no CA has signed.
    #[error("there is a certificate request in it, and no certificate")]
    Request,
    /// It is longer than [`LONGEST`].
    #[error("it has more than {LONGEST} bytes; a device takes a chain of 16 KiB at most")]
    TooLong,
}

/// Finds the certificates of a file. Keys are passed over.
///
/// # Errors
/// [`NoChain`].
pub fn from_file(bytes: &[u8]) -> Result<FromFile, NoChain> {
    if bytes.is_empty() {
        return Err(NoChain::Empty);
    }
    if bytes.len() > LONGEST {
        return Err(NoChain::TooLong);
    }
    let mut notes = Vec::new();
    let has = |text: &str| contains(bytes, text.as_bytes());
    let has_key = has("PRIVATE KEY-----");
    if has_key {
        notes.push("there is a private key in it, which is left where it is".to_owned());
    }
    let chain = match pem::blocks(bytes, pem::CERTIFICATE) {
        Ok(chain) => chain,
        Err(Error::MissingPem { .. }) if bytes.first() == Some(&SEQUENCE) => vec![bytes.to_vec()],
        Err(Error::MissingPem { .. }) if has("no peer certificate available") => {
            return Err(NoChain::NothingSent);
        }
        Err(Error::MissingPem { .. }) if has_key => return Err(NoChain::Key),
        Err(Error::MissingPem { .. }) if has("CERTIFICATE REQUEST-----") => {
            return Err(NoChain::Request);
        }
        Err(Error::MissingPem { .. }) => return Err(NoChain::Neither),
        Err(error) => return Err(NoChain::Pem(error)),
    };
    // The line may end with CR too.
    if chain.len() == 1 && has("\nCertificate chain") && has("\nServer certificate") {
        notes.push(
            "openssl s_client was run without -showcerts: what else the server sent is not in it"
                .to_owned(),
        );
    }
    Ok(FromFile { chain, notes })
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|here| here == text)
}

/// The longest file that is read, in bytes: the whole list of Mozilla's roots has 230 KiB. It stops a wrong file, and an
/// endless one.
pub const LONGEST: usize = 4 * 1024 * 1024;

/// How DER begins.
const SEQUENCE: u8 = 0x30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_found_in_any_text_around_them() {
        let block = pem::encode(pem::CERTIFICATE, b"0\x03any");
        let key = pem::encode("PRIVATE KEY", b"secret");
        let shown = format!("---\nCertificate chain\n 0 s:\n---\nServer certificate\n{block}---\n");
        for (text, count, noted) in [
            (block.clone(), 1, 0),
            (block.trim_end().to_owned(), 1, 0),
            (format!("\u{feff}{block}"), 1, 0),
            (block.replace('\n', "\r\n"), 1, 0),
            (format!("# ours\n{block}\nand\n{block}"), 2, 0),
            (format!("{key}{block}{key}"), 1, 1),
            (shown.replace('\n', "\r\n"), 1, 1),
            (shown, 1, 1),
        ] {
            let read = from_file(text.as_bytes()).unwrap();
            assert_eq!(read.chain, vec![b"0\x03any"; count], "{text}");
            assert_eq!(read.notes.len(), noted, "{text}");
        }
        assert_eq!(from_file(b"0\x03any").unwrap().chain, [b"0\x03any"]);
        for (bytes, error) in [
            (Vec::new(), NoChain::Empty),
            (vec![b'0'; LONGEST + 1], NoChain::TooLong),
            (b"hello".to_vec(), NoChain::Neither),
            (key.into_bytes(), NoChain::Key),
            (
                pem::encode("CERTIFICATE REQUEST", b"0\0").into_bytes(),
                NoChain::Request,
            ),
            (
                block.as_bytes()[..60].to_vec(),
                NoChain::Pem(Error::MalformedPem { block: 1 }),
            ),
            (
                b"CONNECTED\n---\nno peer certificate available\n---\n".to_vec(),
                NoChain::NothingSent,
            ),
        ] {
            assert_eq!(from_file(&bytes), Err(error));
        }
    }
}
