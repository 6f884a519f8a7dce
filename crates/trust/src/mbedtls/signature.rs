//! Whether a key made a certificate's signature (`library/x509_crt.c`, `x509_crt_check_signature`).

use std::{borrow::Cow, cell::RefCell, collections::HashMap};

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

/// Signatures that were checked, so that none is checked twice: releases differ in much, but not in whether a key made
/// one, which takes nine tenths of a verdict.
#[derive(Debug, Default)]
pub(crate) struct Signatures(RefCell<HashMap<Vec<u8>, Check>>);

impl Signatures {
    /// Checks a certificate's signature with a DER `SubjectPublicKeyInfo`.
    pub(crate) fn check(&self, certificate: &Certificate<'_>, public_key: &[u8]) -> Check {
        let algorithm = signed_with(certificate);
        let parts = [
            public_key,
            &*algorithm,
            certificate.signature,
            certificate.tbs,
        ];
        let mut asked = Vec::with_capacity(parts.iter().map(|part| part.len()).sum());
        for part in parts {
            // With its length, so that no two questions are the same bytes.
            asked.extend(part.len().to_be_bytes());
            asked.extend(part);
        }
        *self
            .0
            .borrow_mut()
            .entry(asked)
            .or_insert_with(|| check(certificate, public_key))
    }
}

fn check(certificate: &Certificate<'_>, public_key: &[u8]) -> Check {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{mbedtls::Rules, mint::Ca, release::IdfRelease};

    #[test]
    fn what_is_remembered_of_one_signature_is_said_of_no_other() {
        let (ca, namesake) = (Ca::root("root"), Ca::root("root"));
        let good = ca.leaf(&["a.test"]);
        let mut bad = good.clone();
        if let Some(last) = bad.last_mut() {
            *last ^= 1;
        }
        let mut other = good.clone();
        let name = other.windows(6).position(|here| here == b"a.test");
        other[name.unwrap()] = b'b';
        let rules = Rules::of(IdfRelease::new(5, 5, 0));
        let signatures = Signatures::default();
        let check = |der: &[u8], by: &Ca| {
            let certificate = Certificate::read(0, der, &rules).unwrap();
            signatures.check(&certificate, by.certificate.public_key())
        };
        for _ in 0..2 {
            assert_eq!(check(&good, &namesake), Check::Bad);
            assert_eq!(check(&good, &ca), Check::Good);
            assert_eq!(check(&bad, &ca), Check::Bad);
            assert_eq!(check(&other, &ca), Check::Bad);
        }
        assert_eq!(signatures.0.borrow().len(), 4);
    }
}
