//! Why a handshake failed, for TLS, which sends an alert, and for people.

use std::sync::Arc;

use countersign_operations::{Refusal, gate::Bar};
use countersign_x509::KeyKind;
use rustls::{CertificateError, OtherError};

/// A chain has more certificates than a client may show, or more bytes.
#[derive(Debug, thiserror::Error)]
#[error("the chain has more certificates, or more bytes, than a client may show")]
pub(super) struct ChainTooLong;

/// A device's key is of a kind by which nothing is proved to us.
#[derive(Debug, thiserror::Error)]
#[error("its key is of a kind that is not taken, or too weak: {kind}")]
pub(super) struct UntakenKey {
    pub(super) kind: KeyKind,
}

/// What is said of a device that is barred.
pub(crate) const fn barred(bar: Bar) -> Refusal {
    match bar {
        Bar::Revoked => Refusal::Revoked,
        Bar::Suspended => Refusal::Suspended,
    }
}

/// What `webpki` found, in TLS's words.
pub(super) fn by_webpki(error: webpki::Error) -> rustls::Error {
    use webpki::Error as Found;
    let found = match error {
        Found::BadDer | Found::BadDerTime | Found::TrailingData(_) => CertificateError::BadEncoding,
        Found::CertNotValidYet { time, not_before } => {
            CertificateError::NotValidYetContext { time, not_before }
        }
        Found::CertExpired { time, not_after } => {
            CertificateError::ExpiredContext { time, not_after }
        }
        Found::UnknownIssuer => CertificateError::UnknownIssuer,
        Found::InvalidSignatureForPublicKey => CertificateError::BadSignature,
        Found::RequiredEkuNotFoundContext(_) => CertificateError::InvalidPurpose,
        error => CertificateError::Other(OtherError(Arc::new(error))),
    };
    found.into()
}

/// What was wrong with a certificate, as a stable code and in words.
pub(super) fn describe(error: &rustls::Error) -> (&'static str, String) {
    let known = match error {
        rustls::Error::NoCertificatesPresented => {
            ("no-certificate", "no client certificate was shown")
        }
        rustls::Error::InvalidCertificate(certificate) => match certificate {
            CertificateError::UnknownIssuer => {
                ("unknown-issuer", "certified by a CA that is not ours")
            }
            CertificateError::BadSignature => (
                "unknown-issuer",
                "certified in our CA's name, with a key that is not our CA's",
            ),
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                ("certificate-ended", "the certificate has ended")
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                ("certificate-not-begun", "the certificate has not begun")
            }
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                ("wrong-purpose", "the certificate is not for clients")
            }
            CertificateError::Revoked => return in_words(&barred(Bar::Revoked)),
            CertificateError::ApplicationVerificationFailure => {
                return in_words(&barred(Bar::Suspended));
            }
            CertificateError::BadEncoding => (
                BAD,
                "what was shown is no certificate, or breaks the rules of its format (RFC 5280, DER)",
            ),
            CertificateError::Other(OtherError(cause)) if cause.is::<ChainTooLong>() => {
                return ("chain-too-long", cause.to_string());
            }
            CertificateError::Other(OtherError(cause)) if cause.is::<UntakenKey>() => {
                return (BAD, cause.to_string());
            }
            CertificateError::Other(OtherError(cause)) => {
                return (
                    BAD,
                    cause
                        .downcast_ref()
                        .map_or_else(|| error.to_string(), found),
                );
            }
            _ => return (BAD, error.to_string()),
        },
        _ => return ("handshake-failed", error.to_string()),
    };
    (known.0, known.1.to_owned())
}

/// What `webpki` found, in words.
fn found(error: &webpki::Error) -> String {
    use webpki::Error as Found;
    let words = match error {
        Found::CaUsedAsEndEntity => "it is the certificate of a CA, not of a device",
        Found::EndEntityUsedAsCa => "it was certified by one who is no CA, or may certify nobody",
        Found::InvalidCertValidity => "it, or a CA's certificate above it, ends before it begins",
        Found::NameConstraintViolation => "a CA above it may not certify its names",
        Found::PathLenConstraintViolated => {
            "more CAs stand above it than one of them allows below itself"
        }
        Found::SignatureAlgorithmMismatch => {
            "it, or a CA's certificate above it, names two algorithms for one signature"
        }
        Found::UnsupportedCertVersion => "it, or a CA's certificate above it, is not of version 3",
        Found::UnsupportedCriticalExtension => {
            "it, or a CA's certificate above it, has a critical extension that is not known here"
        }
        Found::UnsupportedSignatureAlgorithmContext(_)
        | Found::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            "it, or a CA's certificate above it, is signed in a way, or by a kind of key, that is not taken"
        }
        other => return format!("its chain breaks a rule of RFC 5280: {other}"),
    };
    words.to_owned()
}

/// What was wrong with a handshake whose certificate is good.
pub(super) fn describe_handshake(error: &rustls::Error) -> (&'static str, String) {
    // It is the client's own signature that is not by its key.
    if *error == rustls::Error::InvalidCertificate(CertificateError::BadSignature) {
        let reason = "the client does not hold the certificate's key, or the handshake was changed on its way";
        return ("handshake-failed", reason.to_owned());
    }
    describe(error)
}

fn in_words(refusal: &Refusal) -> (&'static str, String) {
    (refusal.code(), refusal.to_string())
}

/// The code of what is wrong with a certificate in itself.
const BAD: &str = "bad-certificate";
