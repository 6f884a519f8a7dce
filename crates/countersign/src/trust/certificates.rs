//! Certificates from files and folders.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use countersign_x509::{Certificate, pem};

use crate::files;

/// A certificate, and the file that it is from.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) certificate: Certificate,
    /// As the user named it; a file of a folder with its name.
    pub(crate) file: String,
}

/// Reads a file, or all certificate files of a folder by their names' order; what is none is named in `passed_over`, with the reason.
///
/// A private key in a file is left where it is.
pub(crate) fn read(path: &Path, passed_over: &mut Vec<String>) -> Result<Vec<Found>> {
    if !path.is_dir() {
        return of_file(path);
    }
    let mut entries: Vec<PathBuf> = fs::read_dir(path)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
        .with_context(|| format!("{} cannot be read", path.display()))?;
    entries.sort();
    let mut found = Vec::new();
    for entry in entries {
        let ending = entry.extension().unwrap_or_default().to_ascii_lowercase();
        let known = ENDINGS.iter().any(|known| ending == *known);
        if known && entry.is_file() {
            found.extend(of_file(&entry)?);
            continue;
        }
        let why = if entry.is_dir() {
            "it is a folder, and folders are read one deep"
        } else if known {
            "it is no file, or leads to none"
        } else {
            "it is no .pem, .der, .crt or .cer"
        };
        passed_over.push(format!("{} was passed over: {why}", entry.display()));
    }
    if found.is_empty() {
        bail!(
            "{} has no certificates; their files end with .pem, .der, .crt or .cer",
            path.display()
        );
    }
    Ok(found)
}

fn of_file(path: &Path) -> Result<Vec<Found>> {
    let certificates = parse(&files::read(path)?).with_context(|| path.display().to_string())?;
    let file = path.display().to_string();
    let found = certificates.into_iter().map(|certificate| Found {
        certificate,
        file: file.clone(),
    });
    Ok(found.collect())
}

/// Reads PEM or DER.
pub(crate) fn parse(bytes: &[u8]) -> Result<Vec<Certificate>> {
    if bytes.is_empty() {
        bail!("the file is empty");
    }
    if bytes.len() > LONGEST {
        bail!(
            "{} bytes are more than any list of certificates has ({LONGEST})",
            bytes.len()
        );
    }
    if bytes.first() == Some(&SEQUENCE) {
        return Ok(vec![Certificate::from_der(bytes)?]);
    }
    match pem::certificates(bytes) {
        Err(countersign_x509::Error::MissingPem { .. }) if contains(bytes, b"PRIVATE KEY-----") => {
            bail!("there is a private key in it and no certificate; keys have no place in a bundle")
        }
        read => Ok(read?),
    }
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|here| here == text)
}

/// Of files that are read in a folder. Espressif's generator takes the first two, in small letters only.
const ENDINGS: [&str; 4] = ["pem", "der", "crt", "cer"];

/// The most bytes of a file of certificates: Mozilla's whole list has 230 KiB. It stops a wrong file.
const LONGEST: usize = 16 * 1024 * 1024;

/// How DER begins.
const SEQUENCE: u8 = 0x30;
