//! Where a chain comes from, and reading it from a file.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use countersign_probe::Target;
use countersign_trust::chain::{FromFile, LONGEST, from_file};
use countersign_x509::name::escaped;

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
        // A pipe as well, as a shell makes one of `<(openssl ...)`.
        if path.exists() && !path.is_dir() {
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
    let most = u64::try_from(LONGEST).unwrap_or(u64::MAX).saturating_add(1);
    reading
        .and_then(|reader| reader.take(most).read_to_end(&mut bytes))
        .with_context(|| format!("{name} cannot be read"))?;
    from_file(&bytes).with_context(|| format!("{name} has no chain"))
}

/// Whether a text is in bytes.
pub(crate) fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|here| here == text)
}

/// Names that end so are meant as files.
const FILES: [&str; 6] = ["cer", "cert", "crt", "der", "pem", "txt"];

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
}
