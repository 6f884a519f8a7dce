//! What the store keeps of certificates: made here and nowhere else.
//!
//! A certificate that we issue is in the store before it is answered. So nobody ever shows us one of ours that we do not know,
//! and there is none that cannot be revoked.

use countersign_fleet::{CertificateProfile, CertificateRecord, CertificateSearch, DeviceId};
use countersign_protocol::{Digest, UnixTime};
use countersign_x509::{Certificate, sha256};

use crate::{Context, Error};

/// What the store keeps of a certificate that `issuer` issued, as what `profile` says; `device` is the one that it names, if
/// it is a device's. A root's issuer is the root.
pub fn of(
    certificate: &Certificate,
    profile: CertificateProfile,
    device: Option<&DeviceId>,
    issuer: &Certificate,
) -> CertificateRecord {
    CertificateRecord {
        fingerprint: Digest(certificate.fingerprint()),
        serial: certificate.serial_hex(),
        profile,
        device: device.cloned(),
        subject: certificate.subject_text().to_owned(),
        issuer: Some(key_of(issuer)),
        not_before: UnixTime(certificate.not_before()),
        not_after: UnixTime(certificate.not_after()),
        revoked: None,
        der: certificate.der().to_vec(),
    }
}

/// What the store has of the certificate with this fingerprint.
pub(crate) async fn find(
    context: &Context,
    fingerprint: &Digest,
) -> Result<Option<CertificateRecord>, Error> {
    let search = CertificateSearch {
        fingerprint: Some(fingerprint.to_string()),
        ..CertificateSearch::default()
    };
    let found = context.store.find_certificates(&search, 1).await?;
    Ok(found.into_iter().next())
}

/// SHA-256 of a certificate's public key (`SubjectPublicKeyInfo`): what an authority or a pinned device is known by.
pub fn key_of(certificate: &Certificate) -> Digest {
    Digest(sha256(certificate.public_key()))
}

#[cfg(test)]
mod tests;
