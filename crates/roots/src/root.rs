//! Roots, and how to find one.

use std::sync::LazyLock;

use countersign_x509::{Certificate, pem};

use crate::ReleaseSet;
use crate::table::{self, Row};

/// A root certificate.
///
/// Two are equal where their bytes are.
#[derive(Debug)]
pub struct Root {
    certificate: Certificate,
    sha256: [u8; 32],
    mozilla: bool,
    row: Option<&'static Row>,
}

/// All roots whose certificates are here, in the table's order, each once.
pub fn all() -> &'static [Root] {
    &ROOTS
}

/// Those that Mozilla trusts for servers, as of [`MOZILLA_DATE`](crate::MOZILLA_DATE).
pub fn mozilla() -> impl Iterator<Item = &'static Root> {
    all().iter().filter(|root| root.mozilla)
}

/// Finds the root with this SHA-256 of its DER.
pub fn by_sha256(sha256: &[u8; 32]) -> Option<&'static Root> {
    all().iter().find(|root| root.sha256 == *sha256)
}

/// Finds the roots with this subject (a raw DER `Name`), byte for byte. Several bear the same one: a CA
/// that renews its root's key or its signature keeps the name.
pub fn by_subject(subject: &[u8]) -> impl Iterator<Item = &'static Root> {
    all()
        .iter()
        .filter(move |root| root.certificate.subject() == subject)
}

/// Finds the roots that people call so, in letters of either case: by the label in Mozilla's list or,
/// where none has that label, by the subject's common name. Neither is unique.
pub fn by_name(name: &str) -> Vec<&'static Root> {
    let name = name.trim().to_lowercase();
    let called = |what: fn(&Root) -> Option<&str>| -> Vec<&'static Root> {
        let same = |root: &&Root| what(root).is_some_and(|text| text.to_lowercase() == name);
        all().iter().filter(same).collect()
    };
    let labelled = called(|root| root.row.map(|row| row.name.as_str()));
    if !labelled.is_empty() {
        return labelled;
    }
    called(|root| root.certificate.common_name())
}

impl Root {
    /// The certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The whole certificate in DER.
    pub fn der(&self) -> &[u8] {
        self.certificate.der()
    }

    /// The SHA-256 of the DER.
    pub fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }

    /// What people call it: its label in Mozilla's list; of a root that the table does not know yet,
    /// its common name, or else its whole name.
    pub fn name(&self) -> &str {
        match self.row {
            Some(row) => &row.name,
            None => self
                .certificate
                .common_name()
                .unwrap_or_else(|| self.certificate.subject_text()),
        }
    }

    /// Whether Mozilla trusts it for servers, as of [`MOZILLA_DATE`](crate::MOZILLA_DATE).
    pub fn is_trusted_by_mozilla(&self) -> bool {
        self.mozilla
    }

    /// The last second, since 1970, at which it may have issued a server's certificate that Mozilla
    /// trusts. Stays after Mozilla dropped the root.
    ///
    /// Without one, none is known, which is not to say that there is none: they were read up to
    /// [`DISTRUST_DATE`](crate::DISTRUST_DATE). A device knows nothing of it.
    #[doc(alias = "CKA_NSS_SERVER_DISTRUST_AFTER")]
    pub fn distrust_after(&self) -> Option<u64> {
        self.row.and_then(|row| row.distrust_after)
    }

    /// The releases of ESP-IDF whose full list has it, unless a build verifies across signatures
    /// ([`BundleSettings::cross_signed`](crate::BundleSettings::cross_signed)).
    pub fn in_full(&self) -> ReleaseSet {
        self.set(|row| row.full | row.local)
    }

    /// The releases whose common list has it, by the same rule.
    pub fn in_common(&self) -> ReleaseSet {
        self.set(|row| row.common | row.local)
    }

    /// The releases whose deprecated list has it.
    pub fn in_deprecated(&self) -> ReleaseSet {
        self.set(|row| row.deprecated)
    }

    fn set(&self, list: fn(&Row) -> ReleaseSet) -> ReleaseSet {
        self.row.map(list).unwrap_or_default()
    }
}

impl PartialEq for Root {
    fn eq(&self, other: &Self) -> bool {
        self.sha256 == other.sha256
    }
}

impl Eq for Root {}

/// Reads what Mozilla has. What does not read is missing, which [`audit()`](crate::audit()) says.
pub(crate) fn mozilla_certificates() -> Vec<Certificate> {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .filter_map(|der| Certificate::from_der(der).ok())
        .collect()
}

/// Reads what we keep, by the same rule.
pub(crate) fn kept_certificates() -> Vec<Certificate> {
    pem::blocks(KEPT.as_bytes(), pem::CERTIFICATE)
        .unwrap_or_default()
        .iter()
        .filter_map(|der| Certificate::from_der(der).ok())
        .collect()
}

fn assemble() -> Vec<Root> {
    let rows = table::rows();
    let read = |certificates: Vec<Certificate>, mozilla| {
        certificates.into_iter().map(move |certificate| {
            let sha256 = certificate.fingerprint();
            Root {
                certificate,
                sha256,
                mozilla,
                row: rows.iter().find(|row| row.sha256 == sha256),
            }
        })
    };
    let mut roots: Vec<Root> = Vec::new();
    for root in read(mozilla_certificates(), true).chain(read(kept_certificates(), false)) {
        if !roots.contains(&root) {
            roots.push(root);
        }
    }
    let place = |root: &Root| {
        let at = rows.iter().position(|row| row.sha256 == root.sha256);
        at.unwrap_or(rows.len())
    };
    roots.sort_by_cached_key(place);
    roots
}

static ROOTS: LazyLock<Vec<Root>> = LazyLock::new(assemble);

/// The roots that some release of ESP-IDF ships and Mozilla no longer has, each behind a comment that
/// says where its bytes are from.
pub(crate) const KEPT: &str = include_str!("../data/kept.pem");

#[cfg(test)]
mod tests;
