//! What can be wrong with an authority that is to be registered, or with what it is to do.

use countersign_fleet::{RegisteredAuthority, VouchesFor};
use countersign_protocol::UnixTime;
use countersign_x509::{Certificate, KeyKind, KeyUsage, pem};

use crate::{Context, Error, record::key_of, text::rfc3339};

/// Why an authority is not registered.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unfit {
    /// The file is cut, or is no certificate.
    #[error("its certificate cannot be read: {0}")]
    Unreadable(#[source] countersign_x509::Error),
    /// The file has several, and it is not known which one is meant.
    #[error("there are {0} certificates, and one is wanted: the authority's own")]
    Several(usize),
    /// It is a device's or a server's certificate, or one of version 1.
    #[error(
        "`{0}` is no CA: its certificate does not say so (basic constraints, RFC 5280 §4.2.1.9)"
    )]
    NoCa(String),
    /// It is a CA that may not sign certificates.
    #[error("`{0}` may not sign certificates: its key usage is another")]
    MayNotCertify(String),
    /// Its key can be broken, or is of a kind that handshakes are not checked with.
    #[error(
        "a key of kind {0} is not accepted: P-256, P-384, P-521, Ed25519, or RSA of 2048 to 8192 bits"
    )]
    Key(KeyKind),
    /// It is signed by an algorithm that is broken, or unknown.
    #[error(
        "its certificate is signed with {0}, which is not accepted: SHA-2 with ECDSA, RSA or RSA-PSS, or Ed25519"
    )]
    SignatureAlgorithm(String),
    /// It says that it signed itself, and did not.
    #[error("its certificate is not what was signed: it was changed, or is another's")]
    Signature,
    /// It is one of ours, or under one of ours, or has the key of one.
    #[error(
        "`{0}` is an authority of this installation, or stands under one, and those are not registered"
    )]
    Ours(String),
    /// It has not begun.
    #[error("its certificate begins at {0} only: is this machine's clock right?")]
    NotBegun(String),
    /// It has ended.
    #[error(
        "its certificate ended at {0}: it can vouch for nobody but known devices (`known`), and only if it may after its end"
    )]
    Ended(String),
    /// Another certificate for it, with another key.
    #[error("`{0}` has another key than the one that is registered: that is another authority")]
    OtherKey(String),
    /// A limit for new devices, for one that brings in none.
    #[error("a last time for new devices is for an authority that vouches for `new` ones")]
    NoNewDevices,
}

/// Reads the one certificate of a PEM text.
pub(crate) fn certificate(pem: &[u8]) -> Result<Certificate, Unfit> {
    let mut all = pem::certificates(pem).map_err(Unfit::Unreadable)?;
    match (all.pop(), all.len()) {
        (Some(only), 0) => Ok(only),
        (_, others) => Err(Unfit::Several(others.saturating_add(1))),
    }
}

/// Whether a certificate is that of an authority which may vouch for devices at all.
pub(crate) fn check_certificate(certificate: &Certificate, now: UnixTime) -> Result<(), Unfit> {
    let subject = || certificate.subject_text().to_owned();
    if !certificate.is_ca() {
        return Err(Unfit::NoCa(subject()));
    }
    if !certificate.key_usage().is_none_or(KeyUsage::key_cert_sign) {
        return Err(Unfit::MayNotCertify(subject()));
    }
    if !is_strong(certificate.key_kind()) {
        return Err(Unfit::Key(certificate.key_kind().clone()));
    }
    let algorithm = certificate.signature_oid();
    if !SIGNATURES.contains(&&*algorithm) {
        return Err(Unfit::SignatureAlgorithm(algorithm));
    }
    // Of what another signed nothing is known here, and nothing hangs on it: it is the key that is registered.
    if certificate.is_self_issued() && !certificate.is_issued_by(certificate) {
        return Err(Unfit::Signature);
    }
    if certificate.not_before() > now.0 {
        return Err(Unfit::NotBegun(rfc3339(UnixTime(certificate.not_before()))));
    }
    Ok(())
}

/// Whether what an authority is to do makes sense.
pub(crate) fn check_policy(
    authority: &RegisteredAuthority,
    certificate: &Certificate,
    now: UnixTime,
) -> Result<(), Unfit> {
    let brings_in = authority.vouches_for == VouchesFor::New;
    if authority.new_until.is_some() && !brings_in {
        return Err(Unfit::NoNewDevices);
    }
    let only_known = authority.known_after_end && authority.vouches_for == VouchesFor::Known;
    if certificate.not_after() < now.0 && !only_known {
        return Err(Unfit::Ended(rfc3339(UnixTime(certificate.not_after()))));
    }
    Ok(())
}

/// Refuses a certificate that is ours: of a root or an issuing authority of this installation, with the key of one, or issued
/// by one. Its devices are ours already, or are servers.
pub(crate) async fn refuse_ours(context: &Context, certificate: &Certificate) -> Result<(), Error> {
    let named = context.authorities.named().into_iter();
    let mut ours: Vec<Certificate> = named.map(|one| one.certificate).collect();
    let search = countersign_fleet::CertificateSearch {
        profile: Some(countersign_fleet::CertificateProfile::Authority),
        ..countersign_fleet::CertificateSearch::default()
    };
    let recorded = context
        .store
        .find_certificates(&search, AUTHORITIES)
        .await?;
    let recorded = recorded
        .iter()
        .map(|record| Certificate::from_der(&record.der));
    ours.extend(recorded.filter_map(Result::ok));
    let is_ours =
        |own: &Certificate| key_of(own) == key_of(certificate) || certificate.is_issued_by(own);
    if ours.iter().any(is_ours) {
        let subject = certificate.subject_text().to_owned();
        return Err(Error::UnfitAuthority(Unfit::Ours(subject)));
    }
    Ok(())
}

/// Whether handshakes are checked with keys of this kind, and it cannot be broken.
pub(crate) const fn is_strong(kind: &KeyKind) -> bool {
    matches!(
        kind,
        KeyKind::EcP256
            | KeyKind::EcP384
            | KeyKind::EcP521
            | KeyKind::Ed25519
            | KeyKind::Rsa { bits: 2048..=8192 }
    )
}

/// The algorithms of signatures that are taken: `ecdsa-with-SHA256`, `384` and `512` (RFC 5758), `sha256WithRSAEncryption`, `384`
/// and `512`, `id-RSASSA-PSS` (RFC 8017), `id-Ed25519` (RFC 8410).
const SIGNATURES: [&str; 8] = [
    "1.2.840.10045.4.3.2",
    "1.2.840.10045.4.3.3",
    "1.2.840.10045.4.3.4",
    "1.2.840.113549.1.1.11",
    "1.2.840.113549.1.1.12",
    "1.2.840.113549.1.1.13",
    "1.2.840.113549.1.1.10",
    "1.3.101.112",
];

/// How many authorities of ours are looked at: an installation has four, and as many more as it replaced.
const AUTHORITIES: u32 = 1000;
