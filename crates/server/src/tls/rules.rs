//! What `webpki` leaves to whoever calls it: it looks at no key usage, at no key but those that certify, and at no limit of
//! an anchor on its own path.

use std::sync::Arc;

use countersign_x509::{Certificate, KeyKind, KeyUsage};
use rustls::{CertificateError, OtherError};

use super::refused::{UntakenKey, by_webpki};

/// Checks a path that `webpki` found: the device's certificate, those of the CAs above it without the anchor's, and how many
/// CAs the anchor allows below itself.
///
/// # Errors
/// [`CertificateError`] with the first rule that is broken (RFC 5280 §4.2.1.3, §4.2.1.9; RFC 5246 §7.4.6).
pub(super) fn check(
    leaf: &Certificate,
    above: &[Certificate],
    anchor_allows: Option<u32>,
) -> Result<(), rustls::Error> {
    let kind = leaf.key_kind();
    if !can_be_proved(kind) {
        let untaken = UntakenKey { kind: kind.clone() };
        return Err(CertificateError::Other(OtherError(Arc::new(untaken))).into());
    }
    if !may(leaf, KeyUsage::digital_signature) {
        return Err(CertificateError::InvalidPurpose.into());
    }
    if !above.iter().all(|ca| may(ca, KeyUsage::key_cert_sign)) {
        return Err(by_webpki(webpki::Error::EndEntityUsedAsCa));
    }
    let counted = above.iter().filter(|ca| !ca.is_self_issued()).count();
    let allowed = anchor_allows.and_then(|most| usize::try_from(most).ok());
    if allowed.is_some_and(|most| counted > most) {
        return Err(by_webpki(webpki::Error::PathLenConstraintViolated));
    }
    Ok(())
}

/// Whether a certificate's key may be used so. One that says nothing of it may be used for anything.
fn may(certificate: &Certificate, so: impl Fn(KeyUsage) -> bool) -> bool {
    certificate.key_usage().is_none_or(so)
}

/// Whether a client can prove to us that it holds such a key: those of which aws-lc-rs verifies signatures.
const fn can_be_proved(kind: &KeyKind) -> bool {
    match kind {
        KeyKind::EcP256 | KeyKind::EcP384 | KeyKind::EcP521 | KeyKind::Ed25519 => true,
        KeyKind::Rsa { bits } => 2048 <= *bits && *bits <= 8192,
        _ => false,
    }
}
