//! Where a chain comes from, and reading it from a file.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use countersign_probe::Target;
use countersign_x509::{Error, name::escaped, pem};

use crate::trust::releases;

/// What a person asked to look at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Source {
    /// A server.
    Host(Target),
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
}

/// A chain as a file had it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct FromFile {
    /// DER, the first first.
    pub(crate) chain: Vec<Vec<u8>>,
    /// What else is to be said of the file.
    pub(crate) notes: Vec<String>,
}

impl Source {
    /// Reads an argument. A file that is there goes before a host of the same name.
    ///
    /// A URL is never repeated in an error, since its query may be a secret.
    pub(crate) fn parse(argument: &str) -> Result<Self> {
        if argument == "-" {
            return Ok(Self::Stdin);
        }
        if argument.contains("://") {
            let target = argument.parse().context("the URL cannot be asked")?;
            return Ok(Self::Host(target));
        }
        let path = Path::new(argument);
        if path.is_file() {
            return Ok(Self::File(path.to_owned()));
        }
        let shown = escaped(argument.split('?').next().unwrap_or_default());
        if path.is_dir() {
            bail!("{shown} is a folder; name a file in it");
        }
        let ending = path.extension().unwrap_or_default().to_ascii_lowercase();
        if argument.contains('/') || FILES.iter().any(|known| ending == *known) {
            bail!(
                "there is no file {shown}; to ask a server, name its host alone, or a whole https:// URL"
            );
        }
        if argument.starts_with('v') && releases::named(argument).is_ok() {
            bail!("{shown} is a release of ESP-IDF; say several as --idf v5.3,{shown}");
        }
        let target = argument.parse().with_context(|| shown)?;
        Ok(Self::Host(target))
    }

    /// What it is called, without secrets.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Host(target) => target.to_string(),
            Self::File(path) => escaped(&path.to_string_lossy()),
            Self::Stdin => "standard input".to_owned(),
        }
    }
}

/// Reads a chain from a file, or from standard input.
pub(crate) fn read(path: Option<&Path>) -> Result<FromFile> {
    let (reading, name): (io::Result<Box<dyn Read>>, _) = match path {
        None => (Ok(Box::new(io::stdin())), "standard input".to_owned()),
        Some(path) => {
            let opened = File::open(path).map(|file| Box::new(file) as Box<dyn Read>);
            (opened, escaped(&path.to_string_lossy()))
        }
    };
    let mut bytes = Vec::new();
    // One byte more than is wanted shows that there is more.
    reading
        .and_then(|reader| reader.take(LONGEST + 1).read_to_end(&mut bytes))
        .with_context(|| format!("{name} cannot be read"))?;
    chain_of(&bytes).with_context(|| format!("{name} has no chain"))
}

/// Finds the certificates in PEM, whatever text is around them, or takes the bytes as one certificate in DER.
///
/// Keys are passed over. What is no readable certificate inside a block is kept, since a device would be sent it, too.
pub(crate) fn chain_of(bytes: &[u8]) -> Result<FromFile> {
    if bytes.is_empty() {
        bail!("it is empty");
    }
    if u64::try_from(bytes.len()).is_ok_and(|len| len > LONGEST) {
        bail!("it has more than {LONGEST} bytes; a device takes a chain of 16 KiB at most");
    }
    let mut notes = Vec::new();
    let has = |text: &str| contains(bytes, text.as_bytes());
    if has("PRIVATE KEY-----") {
        notes.push("there is a private key in it, which is left where it is".to_owned());
    }
    let chain = match pem::blocks(bytes, pem::CERTIFICATE) {
        Ok(chain) => chain,
        Err(Error::MissingPem { .. }) if bytes.first() == Some(&SEQUENCE) => vec![bytes.to_vec()],
        Err(Error::MissingPem { .. }) if has("no peer certificate available") => {
            bail!("openssl s_client was sent no certificate")
        }
        Err(Error::MissingPem { .. }) if !notes.is_empty() => {
            bail!("there is a private key in it, and no certificate")
        }
        Err(Error::MissingPem { .. }) if has("CERTIFICATE REQUEST-----") => {
            bail!("there is a certificate request in it, and no certificate")
        }
        Err(Error::MissingPem { .. }) => {
            bail!("it is neither PEM (no `-----BEGIN CERTIFICATE-----`) nor DER")
        }
        Err(error) => return Err(error.into()),
    };
    if chain.len() == 1 && has("\nCertificate chain\n") && has("\nServer certificate\n") {
        notes.push(
            "openssl s_client was run without -showcerts: what else the server sent is not in it"
                .to_owned(),
        );
    }
    Ok(FromFile { chain, notes })
}

/// Whether a text is in bytes.
pub(crate) fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|here| here == text)
}

/// The longest file that is read: the whole list of Mozilla's roots has 230 KiB. It stops a wrong file, and an endless one.
const LONGEST: u64 = 4 * 1024 * 1024;

/// Names that end so are meant as files.
const FILES: [&str; 6] = ["cer", "cert", "crt", "der", "pem", "txt"];

/// How DER begins.
const SEQUENCE: u8 = 0x30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_is_a_host_or_a_file_and_never_repeats_a_query() {
        let host = |text: &str| Source::parse(text).unwrap().label();
        assert_eq!(host("example.com"), "example.com");
        assert_eq!(host("example.com:8443"), "example.com:8443");
        assert_eq!(
            host("https://b.s3.amazonaws.com/k?X-Amz-Signature=5ec3e7"),
            "b.s3.amazonaws.com"
        );
        assert_eq!(Source::parse("-").unwrap(), Source::Stdin);
        for (text, part) in [
            ("nowhere.pem", "no file nowhere.pem"),
            ("a/b?X=5ec3e7", "no file a/b"),
            ("http://h/?X=5ec3e7", "plain http"),
            ("https://h:x/?X=5ec3e7", "port"),
            ("/", "folder"),
            ("v5.5", "--idf v5.3,v5.5"),
            ("a b", "names no host"),
            ("x\u{1b}[2J", "\\u{1b}"),
        ] {
            let error = format!("{:#}", Source::parse(text).unwrap_err());
            assert!(error.contains(part), "{text}: {error}");
            assert!(!error.contains("5ec3e7"), "{error}");
        }
    }

    #[test]
    fn certificates_are_found_in_any_text_around_them() {
        let block = pem::encode(pem::CERTIFICATE, b"0\x03any");
        let key = pem::encode("PRIVATE KEY", b"secret");
        for (text, count, noted) in [
            (block.clone(), 1, 0),
            (block.trim_end().to_owned(), 1, 0),
            (format!("\u{feff}{block}"), 1, 0),
            (block.replace('\n', "\r\n"), 1, 0),
            (format!("# ours\n{block}\nand\n{block}"), 2, 0),
            (format!("{key}{block}"), 1, 1),
            (
                format!("---\nCertificate chain\n 0 s:\n---\nServer certificate\n{block}---\n"),
                1,
                1,
            ),
        ] {
            let read = chain_of(text.as_bytes()).unwrap();
            assert_eq!(read.chain, vec![b"0\x03any"; count], "{text}");
            assert_eq!(read.notes.len(), noted, "{text}");
        }
        assert_eq!(chain_of(b"0\x03any").unwrap().chain, [b"0\x03any"]);
        for (bytes, part) in [
            (Vec::new(), "empty"),
            (vec![b'0'; 5_000_000], "more than"),
            (b"hello".to_vec(), "neither PEM"),
            (key.into_bytes(), "private key"),
            (block.as_bytes()[..60].to_vec(), "PEM block 1 is cut short"),
            (
                b"CONNECTED\n---\nno peer certificate available\n---\n".to_vec(),
                "no certificate",
            ),
        ] {
            let error = format!("{:#}", chain_of(&bytes).unwrap_err());
            assert!(error.contains(part), "{error}");
        }
    }
}
