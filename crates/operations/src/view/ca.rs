//! Authorities, their certificates and CRLs.

use countersign_fleet::CertificateRecord;
use serde::{Deserialize, Serialize};

use crate::text::rfc3339;

/// One of our authorities.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct AuthorityView {
    /// Its name: `device-root`, `device-issuing`, `device-issuing.1` ...
    pub name: String,
    /// `device` or `server`.
    pub hierarchy: String,
    /// `root`, `issuing` or `superseded`.
    pub level: String,
    /// Its subject.
    pub subject: String,
    /// Its certificate's serial number, hexadecimal.
    pub serial: String,
    /// SHA-256 of its certificate.
    pub fingerprint: String,
    /// The first second of its validity (RFC 3339, as all times).
    pub not_before: String,
    /// The last second of its validity.
    pub not_after: String,
    /// Whole days until then; below 0 where it has ended.
    pub days_left: i64,
    /// Where its key lies.
    pub key: KeyView,
    /// How many certificates it issued, as far as they are recorded.
    pub issued: u64,
    /// Of them, those that were revoked.
    pub revoked: u64,
    /// Its newest CRL.
    pub crl: Option<CrlView>,
    /// Its certificate, PEM.
    pub certificate: String,
}

/// Where a private key lies.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct KeyView {
    /// `file`, `encrypted-file`, `token`, `elsewhere`, or `unreadable`.
    pub place: String,
    /// The file, the PKCS#11 URI without a PIN, or what is wrong.
    pub at: Option<String>,
}

/// A CRL.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct CrlView {
    /// Whose it is.
    pub authority: String,
    /// Its number.
    pub number: u64,
    /// When it was made.
    pub this_update: String,
    /// When the next one is there at the latest.
    pub next_update: String,
    /// How many certificates it names.
    pub revoked: usize,
    /// Whether it was made just now.
    pub made: bool,
    /// Why the next one could not be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// What was wrong with the file that others read, and is right again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repaired: Option<String>,
    /// The CRL, PEM.
    pub pem: String,
}

/// What a root's next CRL shall say.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct CrlDraftView {
    /// The root's name.
    pub authority: String,
    /// Its number.
    pub number: u64,
    /// When it is made, in seconds since 1970.
    pub this_update: u64,
    /// When the next one is there at the latest, in seconds since 1970.
    pub next_update: u64,
    /// What it names.
    pub revoked: Vec<RevokedView>,
}

/// A certificate in a CRL.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct RevokedView {
    /// Its serial number, hexadecimal.
    pub serial: String,
    /// When it was revoked, in seconds since 1970.
    pub at: u64,
    /// Why (RFC 5280 §5.3.1).
    pub reason: u8,
}

/// A certificate that is in the store.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct RecordView {
    /// Its serial number, hexadecimal.
    pub serial: String,
    /// SHA-256 of its DER.
    pub fingerprint: String,
    /// What it was issued as.
    pub profile: String,
    /// The device that it names.
    pub device: Option<String>,
    /// Its subject.
    pub subject: String,
    /// Who issued it, by name; none where that is none of ours, or was not noted.
    pub issuer: Option<String>,
    /// The first second of its validity.
    pub not_before: String,
    /// The last second of its validity.
    pub not_after: String,
    /// When it was revoked.
    pub revoked_at: Option<String>,
    /// Why it was revoked.
    pub revoked_for: Option<String>,
    /// The certificate, PEM.
    pub pem: String,
}

/// A certificate that was just issued.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct IssuedView {
    /// Who issued it, by name.
    pub issuer: String,
    /// What it was issued as.
    pub profile: String,
    /// Its serial number, hexadecimal.
    pub serial: String,
    /// SHA-256 of its DER.
    pub fingerprint: String,
    /// Its subject.
    pub subject: String,
    /// The last second of its validity.
    pub not_after: String,
    /// The certificate and those above it, without the root: PEM.
    pub chain: String,
}

/// A request for an issuing authority's certificate.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct RequestedView {
    /// What the authority shall be called.
    pub name: String,
    /// The request, PKCS#10 in PEM.
    pub request: String,
}

/// An issuing authority that was replaced.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ReplacedView {
    /// Under which name the old one is kept.
    pub superseded: String,
    /// The new one's subject.
    pub subject: String,
    /// Its certificate's serial number.
    pub serial: String,
    /// The last second of its validity.
    pub not_after: String,
}

impl RecordView {
    /// A certificate, whose issuer is called so.
    pub fn of(record: &CertificateRecord, issuer: Option<&str>) -> Self {
        Self {
            serial: record.serial.clone(),
            fingerprint: record.fingerprint.to_string(),
            profile: record.profile.as_str().to_owned(),
            device: record.device.as_ref().map(ToString::to_string),
            subject: record.subject.clone(),
            issuer: issuer.map(str::to_owned),
            not_before: rfc3339(record.not_before),
            not_after: rfc3339(record.not_after),
            revoked_at: record.revoked.map(|revoked| rfc3339(revoked.at)),
            revoked_for: record
                .revoked
                .map(|revoked| revoked.reason.as_str().to_owned()),
            pem: countersign_x509::pem::encode(countersign_x509::pem::CERTIFICATE, &record.der),
        }
    }
}
