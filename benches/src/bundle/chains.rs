//! Chains to judge.

use std::{hint::black_box, time::Instant};

use anyhow::{Result, ensure};
use countersign_roots::Release;
use countersign_trust::{Clock, Device, IdfRelease, bundle, device::DEFAULT_MAX_ENTRIES, judge};
use countersign_x509::Certificate;
use esp_formats::bundle::Format;
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, RsaKeySize,
};

/// A chain, and a bundle that vouches for it among 121 others.
#[derive(Debug)]
pub(super) struct Chain {
    name: &'static str,
    sent: Vec<Vec<u8>>,
    bundle: Vec<u8>,
}

/// The usual ones: a server's certificate and one intermediate.
pub(super) fn all() -> Result<Vec<Chain>> {
    let p256 = || Ok(KeyPair::generate()?);
    let rsa = || {
        let algorithm = &rcgen::PKCS_RSA_SHA256;
        Ok(KeyPair::generate_rsa_for(algorithm, RsaKeySize::_2048)?)
    };
    Ok(vec![
        Chain::new("P-256, two certificates sent", p256)?,
        Chain::new("RSA 2048, two certificates sent", rsa)?,
    ])
}

impl Chain {
    fn new(name: &'static str, key: impl Fn() -> Result<KeyPair>) -> Result<Self> {
        let (root, middle, leaf) = (key()?, key()?, key()?);
        let root_params = ca("Bench Root");
        let root_certificate = root_params.self_signed(&root)?;
        let root = Issuer::from_params(&root_params, &root);
        let middle_params = ca("Bench Intermediate");
        let middle_certificate = middle_params.signed_by(&middle, &root)?;
        let middle = Issuer::from_params(&middle_params, &middle);
        let mut params = CertificateParams::new([HOST.to_owned()])?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let leaf = params.signed_by(&leaf, &middle)?;
        let mut all = vec![Certificate::from_der(root_certificate.der())?];
        if let Some(release) = Release::find("master") {
            let roots = release.roots(release.settings());
            all.extend(roots.map(|root| root.certificate().clone()));
        }
        Ok(Self {
            name,
            sent: vec![leaf.der().to_vec(), middle_certificate.der().to_vec()],
            bundle: bundle::pack(&all, Format::Offsets)?.bytes,
        })
    }

    /// Verdicts a second, each from the bytes.
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
    pub(super) fn rate(&self, verdicts: u32) -> Result<(&'static str, f64)> {
        let sent: Vec<&[u8]> = self.sent.iter().map(Vec::as_slice).collect();
        let device = Device {
            release: IdfRelease::new(5, 5, 1),
            bundle: &self.bundle,
            clock: Clock::Ignored,
            cross_signed: false,
            max_entries: DEFAULT_MAX_ENTRIES,
        };
        let start = Instant::now();
        for _ in 0..verdicts {
            let verdict = judge(black_box(&sent), HOST, &device);
            ensure!(verdict.outcome.is_ok(), "{}: refused", self.name);
        }
        let time = start.elapsed().as_secs_f64();
        Ok((self.name, f64::from(verdicts) / time))
    }
}

fn ca(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

const HOST: &str = "bench.example";
