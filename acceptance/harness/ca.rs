//! Authorities that have nothing to do with ours, and certificates of every shape.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};

/// An authority.
pub(crate) struct Ca {
    params: CertificateParams,
    issuer: Issuer<'static, KeyPair>,
    /// As it vouches for itself, PEM.
    pub(crate) pem: String,
    /// The same, DER.
    pub(crate) der: Vec<u8>,
}

/// A server's certificate and key.
pub(crate) struct Pair {
    pub(crate) der: Vec<u8>,
    pub(crate) pem: String,
    pub(crate) key: KeyPair,
}

impl Ca {
    pub(crate) fn root(name: &str) -> Self {
        Self::root_with(name, |_| {})
    }

    pub(crate) fn root_with(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let (mut params, key) = (authority(name), KeyPair::generate().unwrap());
        change(&mut params);
        let certificate = params.self_signed(&key).unwrap();
        Self {
            pem: certificate.pem(),
            der: certificate.der().to_vec(),
            issuer: Issuer::new(params.clone(), key),
            params,
        }
    }

    /// The same name and key as `other` certifies it, DER.
    pub(crate) fn under(&self, other: &Self) -> Vec<u8> {
        let certified = self.params.signed_by(self.issuer.key(), &other.issuer);
        certified.unwrap().der().to_vec()
    }

    pub(crate) fn leaf(&self, names: &[&str]) -> Pair {
        self.leaf_with(names, |_| {})
    }

    /// A server's certificate for a key, DER.
    pub(crate) fn certify(&self, names: &[&str], key: &KeyPair) -> Vec<u8> {
        let params = server("a server", names);
        params.signed_by(key, &self.issuer).unwrap().der().to_vec()
    }

    pub(crate) fn leaf_with(
        &self,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Pair {
        let mut params = server("a server", names);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Pair {
            der: certificate.der().to_vec(),
            pem: certificate.pem(),
            key,
        }
    }
}

/// What a server of this common name and these alternative names asks for.
pub(crate) fn server(common: &str, names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name = named(common);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

/// What an authority of this name asks for.
pub(crate) fn authority(name: &str) -> CertificateParams {
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

/// Bytes as a PEM certificate, whatever they are.
pub(crate) fn pem(der: &[u8]) -> String {
    countersign_x509::pem::encode(countersign_x509::pem::CERTIFICATE, der)
}

/// Bytes as PEM certificates, one behind the other.
pub(crate) fn pems<'a>(chain: impl IntoIterator<Item = &'a Vec<u8>>) -> String {
    chain.into_iter().map(|der| pem(der)).collect()
}
