//! Authorities of others, and certificates of every shape.

use countersign_fleet::{NameMapping, ProductName, RegisteredAuthority, VouchesFor};
use countersign_operations::admit::Shown;
use countersign_protocol::{Digest, UnixTime};
use countersign_x509::{Certificate, sha256};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, SanType, SubjectPublicKeyInfo, date_time_ymd,
};

use crate::world::NOW;

/// An authority that certifies what it is told to.
pub(crate) struct Ca {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) certificate: Certificate,
}

impl Ca {
    pub(crate) fn root(name: &str) -> Self {
        Self::with(name, |_| {})
    }

    pub(crate) fn with(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = authority(name);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = read(&params.self_signed(&key).unwrap());
        Self {
            issuer: Issuer::new(params, key),
            certificate,
        }
    }

    /// Another authority, which this one certifies.
    pub(crate) fn sub(&self, name: &str) -> Self {
        let (params, key) = (authority(name), KeyPair::generate().unwrap());
        let certificate = read(&params.signed_by(&key, &self.issuer).unwrap());
        Self {
            issuer: Issuer::new(params, key),
            certificate,
        }
    }

    /// The same name and key as `other` has, certified by this one.
    pub(crate) fn certify(&self, other: &Certificate) -> Certificate {
        let key = SubjectPublicKeyInfo::from_der(other.public_key()).unwrap();
        let params = authority(other.common_name().unwrap());
        read(&params.signed_by(&key, &self.issuer).unwrap())
    }

    /// A device's certificate for its key.
    pub(crate) fn device(&self, name: &str, key: &KeyPair) -> Certificate {
        self.device_with(name, key, |_| {})
    }

    pub(crate) fn device_with(
        &self,
        name: &str,
        key: &KeyPair,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Certificate {
        let mut params = CertificateParams::default();
        params.distinguished_name = named(name);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2040, 1, 1);
        change(&mut params);
        read(&params.signed_by(key, &self.issuer).unwrap())
    }

    /// What is registered of it, for new devices.
    pub(crate) fn registered(&self, name: &str) -> RegisteredAuthority {
        RegisteredAuthority {
            name: name.parse().unwrap(),
            der: self.certificate.der().to_vec(),
            key: Digest(sha256(self.certificate.public_key())),
            mapping: NameMapping::CommonName,
            product: Some(product()),
            vouches_for: VouchesFor::New,
            new_until: None,
            known_after_end: false,
            registered_at: UnixTime(NOW),
        }
    }
}

/// What a handshake proves of who shows a certificate under a registered authority.
pub(crate) fn shown(certificate: &Certificate, authority: &str) -> Shown {
    Shown::new(certificate.clone(), Some(authority.parse().unwrap()))
}

pub(crate) fn key() -> KeyPair {
    KeyPair::generate().unwrap()
}

pub(crate) fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

pub(crate) fn uris(uris: &[&str]) -> Vec<SanType> {
    let uri = |uri: &&str| SanType::URI((*uri).try_into().unwrap());
    uris.iter().map(uri).collect()
}

pub(crate) fn dns(names: &[&str]) -> Vec<SanType> {
    let dns = |name: &&str| SanType::DnsName((*name).try_into().unwrap());
    names.iter().map(dns).collect()
}

/// The product of registered authorities' devices.
pub(crate) fn product() -> ProductName {
    "theirs".parse().unwrap()
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2035, 1, 1);
    params
}

fn read(certificate: &rcgen::Certificate) -> Certificate {
    Certificate::from_der(certificate.der()).unwrap()
}
