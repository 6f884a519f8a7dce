//! What is wrong with the data: nothing, unless one part of it was renewed without the others.

use std::collections::BTreeSet;

use countersign_x509::Certificate;

use crate::root::{self, KEPT};
use crate::table::{self, Row};

/// What to mend, and how.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Audit {
    /// Rows without a certificate: Mozilla dropped the root, or an ESP-IDF release brought it. Its
    /// certificate must come into `kept.pem`.
    pub lost: Vec<Row>,
    /// Certificates that Mozilla has and the table does not name. They need a row.
    pub unlisted: Vec<Certificate>,
    /// Certificates that `kept.pem` has for nothing: Mozilla has them, or no row names them, or they
    /// stand there twice.
    pub superfluous: Vec<Certificate>,
    /// Rows whose fingerprint an earlier row has.
    pub repeated: Vec<Row>,
    /// Lines of `roots.csv`, counted from 1, that are no row.
    pub unreadable_lines: Vec<usize>,
    /// How many certificates did not read, of Mozilla's and of the kept ones.
    pub unreadable_certificates: usize,
}

impl Audit {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        *self == Self::default()
    }
}

/// Compares Mozilla's certificates, the kept ones and the table.
pub fn audit() -> Audit {
    let rows = table::rows();
    let (mozilla, kept) = (root::mozilla_certificates(), root::kept_certificates());
    let expected = webpki_root_certs::TLS_SERVER_ROOT_CERTS.len() + KEPT.matches(BEGIN).count();
    let listed: BTreeSet<_> = rows.iter().map(|row| row.sha256).collect();
    let mut here: BTreeSet<_> = mozilla.iter().map(Certificate::fingerprint).collect();
    let mut audit = Audit {
        unreadable_lines: table::unreadable_lines().to_vec(),
        unreadable_certificates: expected.saturating_sub(mozilla.len() + kept.len()),
        ..Audit::default()
    };
    let unlisted = |certificate: &&Certificate| !listed.contains(&certificate.fingerprint());
    audit.unlisted = mozilla.iter().filter(unlisted).cloned().collect();
    for certificate in kept {
        let sha256 = certificate.fingerprint();
        if !here.insert(sha256) || !listed.contains(&sha256) {
            audit.superfluous.push(certificate);
        }
    }
    let mut seen = BTreeSet::new();
    for row in rows {
        if !here.contains(&row.sha256) {
            audit.lost.push(row.clone());
        }
        if !seen.insert(row.sha256) {
            audit.repeated.push(row.clone());
        }
    }
    audit
}

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
