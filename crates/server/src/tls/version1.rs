//! Devices' certificates of version 1: `openssl x509 -req` makes them where no extensions are named, and so do the
//! instructions that many fleets were made by. `webpki` takes version 3 alone.
//!
//! Such a certificate says a name, a key and dates, and no more: whose it is, and not what for. It is taken of a device of a
//! registered authority, if that authority itself issued it. Ours are never of version 1, nor is any CA's.

use countersign_x509::Certificate;
use rustls::{
    CertificateError, DigitallySignedStruct, PeerMisbehaved,
    client::danger::HandshakeSignatureValid,
    crypto::{WebPkiSupportedAlgorithms, verify_tls13_signature_with_raw_key},
};
use rustls_pki_types::{SubjectPublicKeyInfoDer, UnixTime};
use webpki::RawPublicKeyEntity;

use super::{anchors::Anchored, refused::by_webpki, rules};

/// Whether a certificate is one of these.
pub(super) fn is_one(certificate: &Certificate) -> bool {
    certificate.version() == 1
}

/// The anchor that issued such a certificate.
///
/// # Errors
/// As of any other certificate; that of its version, where no registered authority issued it itself.
pub(super) fn validate(
    anchored: &Anchored,
    leaf: &Certificate,
    now: UnixTime,
) -> Result<u32, rustls::Error> {
    let anchor = anchored
        .registered_issuer_of(leaf)
        .ok_or_else(|| by_webpki(webpki::Error::UnsupportedCertVersion))?;
    if leaf.not_after() < leaf.not_before() {
        return Err(by_webpki(webpki::Error::InvalidCertValidity));
    }
    if now.as_secs() < leaf.not_before() {
        return Err(CertificateError::NotValidYet.into());
    }
    if leaf.not_after() < now.as_secs() {
        return Err(CertificateError::Expired.into());
    }
    rules::check(leaf, &[], anchored.allows(anchor))?;
    Ok(anchor)
}

/// Checks that the client holds the key, in TLS 1.2 (RFC 5246 §7.4.8).
///
/// # Errors
/// Where the signature is not by the key, or of a scheme that is not taken.
pub(super) fn verify_tls12_signature(
    message: &[u8],
    leaf: &Certificate,
    signature: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, rustls::Error> {
    let key = SubjectPublicKeyInfoDer::from(leaf.public_key());
    let key = RawPublicKeyEntity::try_from(&key).map_err(by_webpki)?;
    // Under one scheme there may be several: in TLS 1.2 `ecdsa_secp256r1_sha256` is for any curve.
    let (_, possible) = algorithms
        .mapping
        .iter()
        .find(|(scheme, _)| *scheme == signature.scheme)
        .ok_or(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)?;
    let is_by_key = possible.iter().any(|algorithm| {
        let verified = key.verify_signature(*algorithm, message, signature.signature());
        verified.is_ok()
    });
    if is_by_key {
        Ok(HandshakeSignatureValid::assertion())
    } else {
        Err(CertificateError::BadSignature.into())
    }
}

/// Checks that the client holds the key, in TLS 1.3 (RFC 8446 §4.4.3).
///
/// # Errors
/// Where the signature is not by the key, or of a scheme that is not taken.
pub(super) fn verify_tls13_signature(
    message: &[u8],
    leaf: &Certificate,
    signature: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, rustls::Error> {
    let key = SubjectPublicKeyInfoDer::from(leaf.public_key());
    verify_tls13_signature_with_raw_key(message, &key, signature, algorithms)
}
