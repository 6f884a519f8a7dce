//! One certificate as it was sent.

use countersign_operations::text::{hex, rfc3339};
use countersign_protocol::UnixTime;
use countersign_trust::chain::{Place, Sent, names};
use countersign_x509::{Certificate, pem, sha256};
use serde::Serialize;

use super::DAY;
use crate::inspect::words;

/// A certificate as it was sent.
#[derive(Debug, Serialize)]
pub(crate) struct CertificateReport {
    /// Where it stood, counted from 0.
    pub(crate) position: usize,
    /// What it is there for: `own`, `needed`, or why it is not needed.
    pub(crate) place: &'static str,
    /// How many bytes it has.
    pub(crate) size: usize,
    /// The SHA-256 of all of it.
    pub(crate) sha256: String,
    /// What it says; nothing where it cannot be read.
    #[serde(flatten)]
    pub(crate) fields: Option<Fields>,
    /// Why it cannot be read.
    pub(crate) unreadable: Option<String>,
    /// What is odd about it.
    pub(crate) notes: Vec<String>,
    /// All of it, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pem: Option<String>,
}

/// What a certificate says.
#[derive(Debug, Serialize)]
pub(crate) struct Fields {
    /// The common name first.
    pub(crate) subject: String,
    /// The common name first.
    pub(crate) issuer: String,
    /// The common names alone, or all where there is none.
    #[serde(skip)]
    pub(crate) short: (String, String),
    pub(crate) serial: String,
    pub(crate) names: Vec<NamesReport>,
    /// By which name it is for the host.
    pub(crate) matches: Option<MatchReport>,
    pub(crate) not_before: String,
    pub(crate) not_after: String,
    /// Whole days; less than 0 where it has ended.
    pub(crate) days_left: i64,
    pub(crate) key: String,
    pub(crate) signature: String,
    /// The SHA-256 of its `SubjectPublicKeyInfo`.
    pub(crate) key_sha256: String,
    pub(crate) ca: bool,
}

/// Names that end alike.
#[derive(Debug, Serialize)]
pub(crate) struct NamesReport {
    pub(crate) ending: String,
    pub(crate) names: Vec<String>,
}

/// The name by which a certificate is for a host.
#[derive(Debug, Serialize)]
pub(crate) struct MatchReport {
    pub(crate) host: String,
    pub(crate) name: String,
    /// `exact`, `wildcard`, `address` or `common name`.
    pub(crate) rule: &'static str,
}

impl CertificateReport {
    pub(super) fn new(
        position: usize,
        sent: &Sent,
        host: Option<&str>,
        now: u64,
        showcerts: bool,
    ) -> Self {
        let read = sent.certificate.as_ref();
        let host = host.filter(|_| position == 0);
        Self {
            position,
            place: place(sent.place),
            size: sent.der.len(),
            sha256: hex(&sha256(&sent.der)),
            fields: read.ok().map(|one| Fields::new(one, host, now)),
            unreadable: read.err().map(ToString::to_string),
            notes: read.map(notes).unwrap_or_default(),
            pem: showcerts.then(|| pem::encode(pem::CERTIFICATE, &sent.der)),
        }
    }
}

impl Fields {
    fn new(certificate: &Certificate, host: Option<&str>, now: u64) -> Self {
        let matches = host.and_then(|host| {
            let found = names::matching(certificate, host)?;
            Some(MatchReport {
                host: host.to_owned(),
                name: found.name,
                rule: match found.rule {
                    names::Rule::Exact => "exact",
                    names::Rule::Wildcard => "wildcard",
                    names::Rule::Address => "address",
                    names::Rule::CommonName => "common name",
                },
            })
        });
        let grouped = names::grouped(certificate).into_iter();
        Self {
            subject: words::subject(certificate),
            issuer: words::issuer(certificate),
            short: (
                words::short_subject(certificate),
                words::short_issuer(certificate),
            ),
            serial: certificate.serial_hex(),
            names: grouped
                .map(|group| NamesReport {
                    ending: group.ending,
                    names: group.names,
                })
                .collect(),
            matches,
            not_before: rfc3339(UnixTime(certificate.not_before())),
            not_after: rfc3339(UnixTime(certificate.not_after())),
            days_left: days(now, certificate.not_after()),
            key: certificate.key_description(),
            signature: words::signature(certificate),
            key_sha256: hex(&sha256(certificate.public_key())),
            ca: certificate.is_ca(),
        }
    }
}

/// What a careful reader would point at.
fn notes(certificate: &Certificate) -> Vec<String> {
    let mut notes = Vec::new();
    if certificate.has_negative_serial() {
        notes.push("its serial number is negative, which RFC 5280 forbids".to_owned());
    }
    if certificate.not_after() < certificate.not_before() {
        notes.push("it ends before it begins".to_owned());
    }
    for name in certificate.dns_names() {
        if names::is_odd_wildcard(name) {
            notes.push(format!(
                "`{name}` stands for nothing: `*` must be the whole first label"
            ));
        } else if names::is_too_wide(name) {
            notes.push(format!(
                "`{name}` stands for every name of a whole top-level domain, and devices take it"
            ));
        }
    }
    notes
}

pub(super) const fn place(place: Place) -> &'static str {
    match place {
        Place::Own => "own",
        Place::Needed => "needed",
        Place::OtherWay => "another way up",
        Place::Surplus => "surplus cross-certificate",
        Place::Root => "root",
        Place::Repeated { .. } => "repeated",
        Place::AnotherLeaf => "another leaf",
        Place::Unrelated => "unrelated",
        Place::Unreadable => "unreadable",
    }
}

/// Whole days from one second to another; a day that has begun counts as none.
pub(super) fn days(from: u64, to: u64) -> i64 {
    let whole = |seconds: u64| i64::try_from(seconds / DAY).unwrap_or(i64::MAX);
    match to.checked_sub(from) {
        Some(left) => whole(left),
        None => -whole(from.saturating_sub(to)).saturating_add(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_left_are_less_than_none_from_the_first_second_after_the_end() {
        for (from, to, left) in [
            (0, 2 * DAY, 2),
            (0, DAY - 1, 0),
            (5, 5, 0),
            (6, 5, -1),
            (DAY + 5, 5, -2),
        ] {
            assert_eq!(days(from, to), left, "{from} {to}");
        }
    }
}
