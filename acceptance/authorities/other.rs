//! A CA that is not ours, and what it certifies.

use std::fs;

use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};

use crate::harness::{House, Leaf, ca::named};

/// An authority that certifies what it is told to.
pub(super) struct Other {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate, PEM.
    pub(super) pem: String,
    /// Those between it and the root, PEM: what a device of its shows beside its own.
    above: String,
}

impl Other {
    pub(super) fn root(name: &str) -> Self {
        Self::until(name, 2040)
    }

    /// One whose certificate ends with the first second of a year.
    pub(super) fn until(name: &str, year: i32) -> Self {
        let mut params = authority(name);
        params.not_after = date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().unwrap();
        Self {
            pem: params.self_signed(&key).unwrap().pem(),
            issuer: Issuer::new(params, key),
            above: String::new(),
        }
    }

    /// An authority below it.
    pub(super) fn sub(&self, name: &str) -> Self {
        let (params, key) = (authority(name), KeyPair::generate().unwrap());
        let pem = params.signed_by(&key, &self.issuer).unwrap().pem();
        Self {
            issuer: Issuer::new(params, key),
            above: [&*pem, &*self.above].concat(),
            pem,
        }
    }

    pub(super) fn device(&self, name: &str) -> Leaf {
        self.device_with(name, &KeyPair::generate().unwrap(), |_| {})
    }

    pub(super) fn device_with(
        &self,
        name: &str,
        key: &KeyPair,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Leaf {
        let mut params = CertificateParams::default();
        params.distinguished_name = named(name);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.not_before = date_time_ymd(2024, 1, 1);
        change(&mut params);
        let leaf = params.signed_by(key, &self.issuer).unwrap();
        Leaf {
            chain: leaf.pem() + &self.above,
            key: key.serialize_pem(),
        }
    }

    /// Writes its certificate into the house's folder; gives the file.
    pub(super) fn write(&self, house: &House, name: &str) -> String {
        let file = house.text(name);
        fs::write(&file, &self.pem).unwrap();
        file
    }

    /// Registers it as `b`, with the product `theirs`.
    pub(super) fn register(&self, house: &House, vouches_for: &str, more: &[&str]) {
        let file = self.write(house, "b.pem");
        let mut args = vec!["ca", "register", "b", "--certificate", &file];
        args.extend(["--product", "theirs", "--vouches-for", vouches_for]);
        args.extend(more);
        house.ok(&args);
    }
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.not_before = date_time_ymd(2020, 1, 1);
    params
}
