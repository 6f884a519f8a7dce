//! Authorities and certificates, of every shape.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};

/// An authority.
pub(super) struct Ca {
    params: CertificateParams,
    issuer: Issuer<'static, KeyPair>,
    /// As it vouches for itself, PEM.
    pub(super) pem: String,
    /// The same, DER.
    pub(super) der: Vec<u8>,
}

/// A server's certificate and key.
pub(super) struct Leaf {
    pub(super) der: Vec<u8>,
    pub(super) pem: String,
    pub(super) key: KeyPair,
}

impl Ca {
    pub(super) fn root(name: &str) -> Self {
        let (params, key) = (ca(name), KeyPair::generate().unwrap());
        let certificate = params.self_signed(&key).unwrap();
        Self {
            pem: certificate.pem(),
            der: certificate.der().to_vec(),
            issuer: Issuer::new(params.clone(), key),
            params,
        }
    }

    /// The same name and key as `other` certifies it, DER.
    pub(super) fn under(&self, other: &Self) -> Vec<u8> {
        let certified = self.params.signed_by(self.issuer.key(), &other.issuer);
        certified.unwrap().der().to_vec()
    }

    pub(super) fn leaf(&self, names: &[&str]) -> Leaf {
        self.leaf_with(names, |_| {})
    }

    /// A server's certificate for a key, DER.
    pub(super) fn certify(&self, names: &[&str], key: &KeyPair) -> Vec<u8> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.signed_by(key, &self.issuer).unwrap().der().to_vec()
    }

    pub(super) fn leaf_with(
        &self,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Leaf {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name = named("a server");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Leaf {
            der: certificate.der().to_vec(),
            pem: certificate.pem(),
            key,
        }
    }
}

fn ca(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

pub(super) fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

/// Bytes as a PEM certificate, whatever they are.
pub(super) fn pem(der: &[u8]) -> String {
    countersign_x509::pem::encode(countersign_x509::pem::CERTIFICATE, der)
}

/// Bytes as PEM certificates, one behind the other.
pub(super) fn pems<'a>(chain: impl IntoIterator<Item = &'a Vec<u8>>) -> String {
    chain.into_iter().map(|der| pem(der)).collect()
}
