//! Chains to judge.

use std::hint::black_box;

use anyhow::{Context as _, Result, ensure};
use countersign_roots::Release;
use countersign_trust::{
    Clock, Device, IdfRelease,
    bundle::{format_for, pack},
    chain::{Chain as Sent, Roots},
    device::DEFAULT_MAX_ENTRIES,
    judge, lines,
    survey::{Carried, DEFAULT_LISTS, Own, Survey, survey},
};
use countersign_x509::Certificate;
use esp_formats::bundle::Format;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, RsaKeySize,
};

use crate::cpu;

/// A chain, and roots of which one vouches for it.
#[derive(Debug)]
pub(super) struct Chain {
    name: String,
    /// The server's own first; behind the last that is sent, the root.
    path: Vec<Certificate>,
    /// The root, and those of a release.
    roots: Vec<Certificate>,
}

/// What something costs on one thread.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    /// CPU time, in microseconds.
    pub(super) us: f64,
    /// How many times as much as checking each of the chain's signatures once, and nothing else.
    pub(super) over_signatures: f64,
}

/// With one intermediate, two and three.
pub(super) fn all() -> Result<Vec<Chain>> {
    let p256 = || Ok(KeyPair::generate()?);
    let rsa = || {
        let algorithm = &rcgen::PKCS_RSA_SHA256;
        Ok(KeyPair::generate_rsa_for(algorithm, RsaKeySize::_2048)?)
    };
    let mut all = Vec::new();
    for sent in 2..=4 {
        all.push(Chain::new("P-256", sent, p256)?);
    }
    for sent in 2..=4 {
        all.push(Chain::new("RSA 2048", sent, rsa)?);
    }
    Ok(all)
}

impl Chain {
    fn new(kind: &str, sent: usize, key: impl Fn() -> Result<KeyPair>) -> Result<Self> {
        let (params, root) = (ca("Bench Root"), key()?);
        let certificate = params.self_signed(&root)?;
        let mut path = vec![Certificate::from_der(certificate.der())?];
        let mut issuer = Issuer::new(params, root);
        for number in 1..sent {
            let (params, key) = (ca(&format!("Bench Intermediate {number}")), key()?);
            let certificate = params.signed_by(&key, &issuer)?;
            path.insert(0, Certificate::from_der(certificate.der())?);
            issuer = Issuer::new(params, key);
        }
        let mut params = CertificateParams::new([HOST.to_owned()])?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&key()?, &issuer)?;
        path.insert(0, Certificate::from_der(certificate.der())?);
        let release = Release::find("v5.5").context("no release v5.5")?;
        let others = release.roots(release.settings());
        let own = path.last().cloned().into_iter();
        Ok(Self {
            name: format!("{kind}, {sent} certificates sent"),
            roots: own
                .chain(others.map(|root| root.certificate().clone()))
                .collect(),
            path,
        })
    }

    pub(super) fn roots(&self) -> usize {
        self.roots.len()
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// A verdict, from the bytes: the mean of as many from devices of each of these releases, in turn.
    pub(super) fn verdict(&self, times: u32, releases: &[IdfRelease]) -> Result<Cost> {
        let sent = self.sent();
        let packs = [Format::Legacy, Format::Offsets].map(|format| pack(&self.roots, format));
        let [legacy, offsets] = packs;
        let (legacy, offsets) = (legacy?, offsets?);
        let us = each(times, || {
            for &release in releases {
                let device = Device {
                    release,
                    bundle: match format_for(release) {
                        Format::Legacy => &legacy.bytes,
                        Format::Offsets => &offsets.bytes,
                    },
                    clock: Clock::Ignored,
                    cross_signed: false,
                    max_entries: DEFAULT_MAX_ENTRIES,
                };
                let verdict = judge(black_box(&sent), HOST, &device);
                ensure!(verdict.outcome.is_ok(), "{}: refused", self.name);
            }
            Ok(())
        })?;
        let releases = u32::try_from(releases.len())?;
        self.cost(times, us / f64::from(releases))
    }

    /// What all releases make of it, with a bundle that vouches for it; or with ESP-IDF's two lists, which do not, and
    /// then what would mend that.
    pub(super) fn survey(&self, times: u32, accepted: bool) -> Result<Cost> {
        let own = Own::Certificates(self.roots.clone());
        let carried: &[Carried<'_>] = if accepted {
            &[Carried::Own(&own)]
        } else {
            &DEFAULT_LISTS
        };
        let roots = Roots {
            trusted: &self.roots,
            known: &[],
        };
        let chain = Sent::new(&self.sent(), roots);
        let releases: Vec<&'static Release> = Release::all().iter().collect();
        let asked = Survey {
            chain: &chain,
            host: HOST,
            clock: Clock::Ignored,
            releases: &releases,
            carried,
            max_entries: DEFAULT_MAX_ENTRIES,
        };
        let us = each(times, || {
            let rows = survey(black_box(&asked));
            let same = rows.iter().all(|row| row.outcome.is_accepted() == accepted);
            ensure!(same, "{}: a survey says otherwise", self.name);
            Ok(())
        })?;
        self.cost(times, us)
    }

    fn sent(&self) -> Vec<&[u8]> {
        let sent = self.path.len().saturating_sub(1);
        self.path.iter().take(sent).map(Certificate::der).collect()
    }

    /// Sets it beside the signatures, measured anew: the machine's speed changes.
    fn cost(&self, times: u32, us: f64) -> Result<Cost> {
        let signatures = each(times, || {
            for pair in self.path.windows(2) {
                let [below, issuer] = pair else { continue };
                black_box(below).verify_signature_with(issuer.public_key())?;
            }
            Ok(())
        })?;
        Ok(Cost {
            us,
            over_signatures: us / signatures,
        })
    }
}

/// One release of each line.
pub(super) fn a_release_of_each_line() -> Vec<IdfRelease> {
    lines().iter().map(lines::Line::release).collect()
}

fn each(times: u32, what: impl Fn() -> Result<()>) -> Result<f64> {
    let start = cpu::moment();
    for _ in 0..times {
        what()?;
    }
    Ok(start.own_us() / f64::from(times))
}

fn ca(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

const HOST: &str = "bench.example";
