//! Trust bundles from files: both of ESP-IDF's formats, PEM, and a certificate in DER, told apart by their structure.

use std::path::Path;

use anyhow::{Context, Result, bail};
use countersign_trust::{bundle::pack, survey::Own};
use countersign_x509::{Certificate, Error, PublicKey, name, pem, sha256};
use esp_formats::bundle::{Bundle, DEFAULT_MAX_ENTRIES, Format};

use super::source::contains;
use crate::files;

/// What a file vouches for.
#[derive(Clone, Debug)]
pub(crate) struct BundleFile {
    /// What the file is.
    pub(crate) kind: Kind,
    /// How many bytes of it are the bundle.
    pub(crate) size: usize,
    /// In the file's order.
    pub(crate) entries: Vec<Entry>,
    /// What is odd about it.
    pub(crate) notes: Vec<String>,
    /// The same for a survey.
    pub(crate) own: Own,
}

/// What a file is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// A bundle as a device has it.
    Bundle {
        /// Which of the two.
        format: Format,
        /// Whether it is sorted, as a device's search needs it.
        sorted: bool,
    },
    /// Certificates.
    Certificates,
}

/// One trust anchor.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Entry {
    /// A DER `Name`.
    pub(crate) subject: Vec<u8>,
    /// A DER `SubjectPublicKeyInfo`.
    pub(crate) key: Vec<u8>,
    /// Where the file has the whole certificate.
    pub(crate) certificate: Option<Certificate>,
}

impl Entry {
    /// The subject for people.
    pub(crate) fn subject_text(&self) -> String {
        name::text(&self.subject).unwrap_or_else(|error| format!("unreadable: {error}"))
    }

    /// The kind of key for people.
    pub(crate) fn key_text(&self) -> String {
        PublicKey::from_der(&self.key).map_or_else(
            |error| format!("unreadable: {error}"),
            |key| key.kind.to_string(),
        )
    }

    /// The key's SHA-256.
    pub(crate) fn key_sha256(&self) -> [u8; 32] {
        sha256(&self.key)
    }

    /// What the root of this subject and key is called, where it is known.
    pub(crate) fn known_name(&self) -> Option<&'static str> {
        countersign_roots::by_subject(&self.subject)
            .find(|root| root.certificate().public_key() == self.key)
            .map(countersign_roots::Root::name)
    }
}

impl BundleFile {
    /// Reads a file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let bytes = files::read(path)?;
        Self::of(&bytes).with_context(|| format!("{} is no trust bundle", path.display()))
    }

    /// Whether a device that looks for this entry's name finds its key: of several with one name it tries one.
    pub(crate) fn reaches(&self, entry: &Entry) -> bool {
        let packed;
        let bytes = match &self.own {
            Own::Bundle(bytes) => bytes.as_slice(),
            Own::Certificates(certificates) => {
                packed = pack(certificates, Format::Offsets).map(|packed| packed.bytes);
                packed.as_ref().map_or(&[][..], Vec::as_slice)
            }
        };
        let bundle = Bundle::parse_prefix(bytes).ok();
        let found = bundle.and_then(|bundle| bundle.find(&entry.subject));
        found.is_some_and(|found| found.key == entry.key)
    }

    fn of(bytes: &[u8]) -> Result<Self> {
        if bytes.is_empty() {
            bail!("it is empty");
        }
        if contains(bytes, b"-----BEGIN ") {
            let has_key = contains(bytes, b"PRIVATE KEY-----");
            let certificates = match pem::certificates(bytes) {
                Err(Error::MissingPem { .. }) if has_key => {
                    bail!("there is a private key in it, and no certificate")
                }
                read => read?,
            };
            let mut read = Self::of_certificates(bytes.len(), certificates);
            if has_key {
                let note = "there is a private key in it, which has no place in a bundle";
                read.notes.push(note.to_owned());
            }
            return Ok(read);
        }
        match Bundle::parse_prefix(bytes) {
            Ok(bundle) => Ok(Self::of_bundle(&bundle, bytes.len())),
            Err(error) => match Certificate::from_der(bytes) {
                Ok(certificate) => Ok(Self::of_certificates(bytes.len(), vec![certificate])),
                Err(_) if is_text(bytes) => {
                    bail!("it is text, and there is no `-----BEGIN CERTIFICATE-----` in it")
                }
                Err(_) => Err(error.into()),
            },
        }
    }

    fn of_bundle(bundle: &Bundle<'_>, len: usize) -> Self {
        let sorted = bundle.is_sorted();
        let size = bundle.as_bytes().len();
        let mut notes = Vec::new();
        if !sorted {
            notes.push(
                "not sorted: a device searches by halving, and will not find all of them"
                    .to_owned(),
            );
        }
        if len > size {
            let behind = len.saturating_sub(size);
            notes.push(format!("{behind} bytes follow the last entry"));
        }
        if bundle.len() > DEFAULT_MAX_ENTRIES {
            notes.push(format!(
                "{} entries: a device takes {DEFAULT_MAX_ENTRIES} unless its build says otherwise",
                bundle.len()
            ));
        }
        let entries: Vec<Entry> = bundle
            .iter()
            .map(|entry| Entry {
                subject: entry.name.to_vec(),
                key: entry.key.to_vec(),
                certificate: None,
            })
            .collect();
        for pair in entries.windows(2) {
            if let [a, b] = pair
                && a.subject == b.subject
            {
                notes.push(format!(
                    "`{}` is there twice: a device tries one of them only",
                    a.subject_text()
                ));
            }
        }
        Self {
            kind: Kind::Bundle {
                format: bundle.format(),
                sorted,
            },
            size,
            entries,
            notes,
            own: Own::Bundle(bundle.as_bytes().to_vec()),
        }
    }

    fn of_certificates(size: usize, certificates: Vec<Certificate>) -> Self {
        let entry = |certificate: &Certificate| Entry {
            subject: certificate.subject().to_vec(),
            key: certificate.public_key().to_vec(),
            certificate: Some(certificate.clone()),
        };
        let not_cas = certificates.iter().filter(|one| !one.is_self_issued());
        let notes = not_cas.map(|one| {
            let subject = one.subject_text();
            format!("`{subject}` is no root: whoever pins it must follow when it is replaced")
        });
        Self {
            kind: Kind::Certificates,
            size,
            entries: certificates.iter().map(entry).collect(),
            notes: notes.collect(),
            own: Own::Certificates(certificates),
        }
    }
}

/// Whether people wrote it: a bundle begins with bytes of zero.
fn is_text(bytes: &[u8]) -> bool {
    let control = |byte: &u8| byte.is_ascii_control() && !byte.is_ascii_whitespace();
    !bytes.iter().any(control) && std::str::from_utf8(bytes).is_ok()
}
