//! Making a certificate with `rcgen`, and reading back what came out.
//!
//! Only `rcgen`'s templates are used, with a bare public key: its way from a request copies
//! whatever the request asks for, CA and names included.

use std::cell::RefCell;

use countersign_x509::{Certificate, KeyKind, PublicKey};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, DnValue, IsCa, Issuer,
    PublicKeyData, SerialNumber, SignatureAlgorithm, SigningKey,
};

use crate::{
    Authority, Cause, Error, ProfileRules, Serial, SignError, Signer, Validity, profile::refused,
};

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

    /// What the key is.
    pub(crate) fn kind(&self) -> KeyKind {
        self.public.kind.clone()
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
    template: CertificateParams,
    rules: &ProfileRules,
    spki: &[u8],
    validity: Validity,
    serial: Serial,
) -> Result<Certificate, Error> {
    rules.check_key(spki)?;
    let subject = Subject::from_der(spki)?;
    let mut params = completed(template, rules, &subject.key.kind, validity, serial)?;
    params.use_authority_key_identifier_extension = true;
    let key = Key::new(authority.signer())?;
    let der = authority.certificate().der().into();
    let issuer =
        Issuer::from_ca_cert_der(&der, key).map_err(|error| Error::Encoding(Cause::new(error)))?;
    let made = params
        .signed_by(&subject, &issuer)
        .map_err(|error| issuer.key().error(error))?;
    check(made.der(), spki, &params, Some(authority.certificate()))
}

/// Certifies a signer's key by itself.
pub(crate) fn by_itself(
    signer: &dyn Signer,
    template: CertificateParams,
    rules: &ProfileRules,
    validity: Validity,
    serial: Serial,
) -> Result<Certificate, Error> {
    rules.check_key(signer.public_key())?;
    let key = Key::new(signer)?;
    let params = completed(template, rules, &key.public.kind, validity, serial)?;
    let made = params.self_signed(&key).map_err(|error| key.error(error))?;
    check(made.der(), signer.public_key(), &params, None)
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

/// A template with what the rules, the day and the key bring.
fn completed(
    mut params: CertificateParams,
    rules: &ProfileRules,
    kind: &KeyKind,
    validity: Validity,
    serial: Serial,
) -> Result<CertificateParams, Error> {
    if serial == [0; 16] {
        return Err(Error::Serial);
    }
    rules.check_usages(matches!(params.is_ca, IsCa::Ca(_)))?;
    params.key_usages = rules.usages(kind);
    (params.not_before, params.not_after) = validity.dates()?;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    Ok(params)
}

/// Nothing leaves that the house's own reader sees differently. Without an `issuer` it must be its own.
fn check(
    der: &[u8],
    spki: &[u8],
    asked: &CertificateParams,
    issuer: Option<&Certificate>,
) -> Result<Certificate, Error> {
    let made = Certificate::from_der(der).map_err(|_| unreadable())?;
    let issuer = issuer.unwrap_or(&made);
    if made.public_key() != spki {
        return unfaithful("its public key");
    }
    let common_name = match asked.distinguished_name.get(&DnType::CommonName) {
        Some(DnValue::Utf8String(name)) => Some(name.as_str()),
        _ => None,
    };
    if made.common_name() != common_name {
        return unfaithful("its subject's name");
    }
    let dates =
        [asked.not_before, asked.not_after].map(|date| u64::try_from(date.unix_timestamp()));
    if [made.not_before(), made.not_after()].map(Ok) != dates {
        return unfaithful("its dates");
    }
    let path_len = match &asked.is_ca {
        IsCa::Ca(BasicConstraints::Constrained(len)) => Some(u32::from(*len)),
        _ => None,
    };
    if made.is_ca() != path_len.is_some() || made.path_len() != path_len {
        return unfaithful("whether it is a CA");
    }
    if made.issuer() != issuer.subject() {
        return unfaithful("its issuer's name");
    }
    if !made.is_issued_by(issuer) {
        return unfaithful("its signature");
    }
    Ok(made)
}

pub(crate) const fn unfaithful<T>(what: &'static str) -> Result<T, Error> {
    Err(Error::Unfaithful { what })
}

pub(crate) const fn unreadable() -> Error {
    Error::Unfaithful {
        what: "it cannot be read",
    }
}
