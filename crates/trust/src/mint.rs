//! Authorities and the certificates that they make, for tests.

use countersign_x509::Certificate;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};

/// A CA that does what it is told, right or wrong.
pub(crate) struct Ca {
    params: CertificateParams,
    issuer: Issuer<'static, KeyPair>,
    /// Its own: by itself, or by the CA that it is below.
    pub(crate) certificate: Certificate,
}

impl Ca {
    pub(crate) fn root(name: &str) -> Self {
        Self::of(params(name), KeyPair::generate().unwrap())
    }

    /// A root CA by its parts.
    pub(crate) fn of(params: CertificateParams, key: KeyPair) -> Self {
        let certificate = params.self_signed(&key).unwrap();
        Self {
            certificate: read(certificate.der()),
            issuer: Issuer::new(params.clone(), key),
            params,
        }
    }

    /// A CA that this one certifies.
    pub(crate) fn below(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let (mut params, key) = (params(name), KeyPair::generate().unwrap());
        change(&mut params);
        Self {
            certificate: read(&self.sign(&params, &key)),
            issuer: Issuer::new(params.clone(), key),
            params,
        }
    }

    /// The same name and key, as `other` certifies it.
    pub(crate) fn under(&self, other: &Self) -> Vec<u8> {
        other.sign(&self.params, self.issuer.key())
    }

    /// A server's certificate for these names.
    pub(crate) fn leaf(&self, names: &[&str]) -> Vec<u8> {
        self.leaf_with(names, |_| {})
    }

    pub(crate) fn leaf_with(
        &self,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Vec<u8> {
        let all: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(all).unwrap();
        params.distinguished_name = named(names.first().unwrap_or(&"a server"));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        change(&mut params);
        self.sign(&params, &KeyPair::generate().unwrap())
    }

    pub(crate) fn sign(&self, params: &CertificateParams, key: &KeyPair) -> Vec<u8> {
        params.signed_by(key, &self.issuer).unwrap().der().to_vec()
    }

    pub(crate) fn der(&self) -> &[u8] {
        self.certificate.der()
    }
}

/// What a CA of this name asks for.
pub(crate) fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

/// A common name alone.
pub(crate) fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

pub(crate) fn read(der: &[u8]) -> Certificate {
    Certificate::from_der(der).unwrap()
}
