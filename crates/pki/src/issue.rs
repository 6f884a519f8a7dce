//! Making a certificate with `rcgen`, and reading back what came out.
//!
//! Only `rcgen`'s templates are used, with a bare public key: its way from a request copies
//! whatever the request asks for, CA and names included.

use std::cell::RefCell;

use countersign_x509::{Certificate, KeyKind, PublicKey};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, Issuer, PublicKeyData, SerialNumber,
    SignatureAlgorithm, SigningKey,
};

use crate::{Authority, Cause, Error, Serial, SignError, Signer, Validity, profile::refused};

/// A [`Signer`] as `rcgen` wants it. Keeps the reason of a failure, which `rcgen` cannot carry.
pub(crate) struct Key<'a> {
    signer: &'a dyn Signer,
    public: PublicKey<'a>,
    failure: RefCell<Option<SignError>>,
}

/// A public key that is to be certified.
struct Subject<'a> {
    key: PublicKey<'a>,
    algorithm: &'static SignatureAlgorithm,
}

impl<'a> Key<'a> {
    /// Fails where the signer's key is not a P-256 key.
    pub(crate) fn new(signer: &'a dyn Signer) -> Result<Self, Error> {
        let public = PublicKey::from_der(signer.public_key())
            .and_then(PublicKey::certifiable)
            .map_err(Error::Key)?;
        if public.kind != KeyKind::EcP256 {
            let kind = public.kind;
            return Err(Error::Key(countersign_x509::Error::UnsupportedKey { kind }));
        }
        Ok(Self {
            signer,
            public,
            failure: RefCell::new(None),
        })
    }

    /// What went wrong: the signer's own reason, if it was the signer.
    pub(crate) fn error(&self, error: rcgen::Error) -> Error {
        match self.failure.take() {
            Some(failure) => Error::Signer(failure),
            None => Error::Encoding(Cause::new(error)),
        }
    }
}

impl PublicKeyData for Key<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.public.key
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl SigningKey for Key<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.signer.sign(message).map_err(|failure| {
            self.failure.replace(Some(failure));
            rcgen::Error::RemoteKeyError
        })
    }
}

impl<'a> Subject<'a> {
    fn from_der(spki: &'a [u8]) -> Result<Self, Error> {
        let key = PublicKey::from_der(spki)
            .and_then(PublicKey::certifiable)
            .map_err(Error::Key)?;
        // Only the key's own algorithm identifier is taken from these.
        let algorithm = match key.kind {
            KeyKind::EcP256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            KeyKind::EcP384 => &rcgen::PKCS_ECDSA_P384_SHA384,
            _ => &rcgen::PKCS_RSA_SHA256,
        };
        Ok(Self { key, algorithm })
    }
}

impl PublicKeyData for Subject<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.key.key
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.algorithm
    }
}

/// Certifies `spki` by `authority`.
pub(crate) fn by_authority(
    authority: &Authority,
    params: CertificateParams,
    spki: &[u8],
    validity: Validity,
    serial: Serial,
) -> Result<Certificate, Error> {
    let subject = Subject::from_der(spki)?;
    let key = Key::new(authority.signer())?;
    let params = dated(params, validity, serial)?;
    let der = authority.certificate().der().into();
    let issuer =
        Issuer::from_ca_cert_der(&der, key).map_err(|error| Error::Encoding(Cause::new(error)))?;
    let made = params
        .signed_by(&subject, &issuer)
        .map_err(|error| issuer.key().error(error))?;
    check(made.der(), spki, authority.certificate())
}

/// Certifies a signer's key by itself.
pub(crate) fn by_itself(
    signer: &dyn Signer,
    params: CertificateParams,
    validity: Validity,
    serial: Serial,
) -> Result<Certificate, Error> {
    let key = Key::new(signer)?;
    let params = dated(params, validity, serial)?;
    let made = params.self_signed(&key).map_err(|error| key.error(error))?;
    let root = Certificate::from_der(made.der()).map_err(|_| unreadable())?;
    check(made.der(), signer.public_key(), &root)
}

/// A name of one common name (RFC 5280 §A.1: `ub-common-name` is 64).
pub(crate) fn named(common_name: &str) -> Result<DistinguishedName, Error> {
    if !(1..=64).contains(&common_name.chars().count()) {
        return Err(refused(common_name, "a common name has 1 to 64 characters"));
    }
    if common_name.chars().any(char::is_control) {
        return Err(refused(common_name, "a control character in it"));
    }
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    Ok(name)
}

fn dated(
    mut params: CertificateParams,
    validity: Validity,
    serial: Serial,
) -> Result<CertificateParams, Error> {
    if serial == [0; 16] {
        return Err(Error::Serial);
    }
    (params.not_before, params.not_after) = validity.dates()?;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    Ok(params)
}

/// Nothing leaves that the house's own reader sees differently.
fn check(der: &[u8], spki: &[u8], issuer: &Certificate) -> Result<Certificate, Error> {
    let made = Certificate::from_der(der).map_err(|_| unreadable())?;
    let unfaithful = |what| Err(Error::Unfaithful { what });
    if made.public_key() != spki {
        return unfaithful("its public key");
    }
    if made.issuer() != issuer.subject() {
        return unfaithful("its issuer's name");
    }
    if !made.is_issued_by(issuer) {
        return unfaithful("its signature");
    }
    Ok(made)
}

const fn unreadable() -> Error {
    Error::Unfaithful {
        what: "it cannot be read",
    }
}
