//! Whether a key made a certificate's signature (`library/x509_crt.c`, `x509_crt_check_signature`).

use std::borrow::Cow;

use countersign_x509::{Error, verify_legacy};

use super::{
    Certificate, Digest, SignatureKind,
    asn1::{NULL, OID},
    der::{self, tlv},
};

/// What came of checking a signature.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Check {
    /// The key made it.
    Good,
    /// The key did not make it, or is of another kind.
    Bad,
    /// We cannot compute it: MD5, SHA-224, RSA-PSS with unusual parameters, a Brainpool curve.
    Unknown,
}

/// Checks a certificate's signature with a DER `SubjectPublicKeyInfo`.
pub(crate) fn check(certificate: &Certificate<'_>, public_key: &[u8]) -> Check {
    let result = verify_legacy(
        &der::public_key(public_key),
        &signed_with(certificate),
        certificate.tbs,
        certificate.signature,
    );
    match result {
        Ok(()) => Check::Good,
        Err(Error::UnsupportedSignature { kind, .. })
            if suits(&kind, certificate.algorithm.kind) =>
        {
            Check::Unknown
        }
        Err(_) => Check::Bad,
    }
}

/// As the standards want it: the library also reads ECDSA with NULL parameters, RSA without, and lengths in more octets than
/// they need.
fn signed_with<'a>(certificate: &Certificate<'a>) -> Cow<'a, [u8]> {
    let identifier = certificate.signed_with;
    let oid = tlv(OID, &[identifier.oid]);
    match certificate.algorithm.kind {
        SignatureKind::Ecdsa => Cow::Owned(oid),
        SignatureKind::RsaPkcs1 => Cow::Owned([oid, tlv(NULL, &[])].concat()),
        SignatureKind::RsaPss => Cow::Borrowed(identifier.content),
    }
}

fn suits(kind: &countersign_x509::KeyKind, algorithm: SignatureKind) -> bool {
    use countersign_x509::KeyKind;
    match kind {
        KeyKind::Rsa { .. } => algorithm != SignatureKind::Ecdsa,
        KeyKind::EcP256 | KeyKind::EcP384 | KeyKind::EcP521 | KeyKind::Other { .. } => {
            algorithm == SignatureKind::Ecdsa
        }
        _ => false,
    }
}

impl Digest {
    /// `x509_profile_check_md_alg` with the default profile.
    pub(crate) const fn suits_profile(self, rules: &super::Rules) -> bool {
        match self {
            Self::Md5 | Self::Sha1 => false,
            Self::Sha224 => !rules.narrow_profile,
            Self::Sha256 | Self::Sha384 | Self::Sha512 => true,
        }
    }
}
