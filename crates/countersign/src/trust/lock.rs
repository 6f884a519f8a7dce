//! `trust.lock`: what was chosen, why, and from what; enough to prove it again without a network.

mod write;

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, Result, bail};
use countersign_operations::text::hex;
use countersign_trust::{
    Clock,
    choose::{Host, Target},
};
use countersign_x509::{Certificate, pem};
use serde::Deserialize;

use crate::{files, trust::releases};

/// The file.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lock {
    /// The version of this format.
    pub(crate) version: u32,
    /// What the roots were chosen from; nothing where none were.
    pub(crate) chosen_from: String,
    /// What was asked for beyond need.
    pub(crate) policy: LockedPolicy,
    /// The bundles.
    #[serde(default)]
    pub(crate) bundle: Vec<LockedBundle>,
    /// The devices.
    #[serde(default)]
    pub(crate) device: Vec<LockedDevice>,
    /// The roots, in the order in which they were packed.
    #[serde(default)]
    pub(crate) root: Vec<LockedRoot>,
    /// The servers.
    #[serde(default)]
    pub(crate) host: Vec<LockedHost>,
    /// Every certificate that a server was seen to send.
    #[serde(default)]
    pub(crate) seen: Vec<LockedCertificate>,
}

/// `[policy]`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct LockedPolicy {
    pub(crate) cross_sign_parents: bool,
    pub(crate) successors: bool,
    pub(crate) mozilla_only: bool,
    /// How many roots devices take.
    pub(crate) max_certs: usize,
}

/// One bundle file.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct LockedBundle {
    pub(crate) file: String,
    pub(crate) format: String,
    pub(crate) bytes: usize,
    pub(crate) roots: usize,
    pub(crate) sha256: String,
}

/// One kind of device.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct LockedDevice {
    pub(crate) idf: String,
    pub(crate) cross_signed_verify: bool,
    pub(crate) dates: bool,
}

/// One root.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct LockedRoot {
    pub(crate) name: String,
    pub(crate) subject: String,
    pub(crate) sha256: String,
    pub(crate) not_before: String,
    pub(crate) not_after: String,
    #[serde(default)]
    pub(crate) distrust_after: Option<String>,
    /// `mozilla`, `dropped by mozilla`, `list`, or the file.
    pub(crate) from: String,
    /// `given`, `needed`, `parent`, `successor`.
    pub(crate) why: String,
    /// The servers that it vouches for.
    pub(crate) hosts: Vec<String>,
    pub(crate) pem: String,
}

/// One server.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct LockedHost {
    pub(crate) host: String,
    /// What its certificate must be for.
    pub(crate) name: String,
    /// Its chains, each certificate by its SHA-256, the server's own first.
    pub(crate) chains: Vec<Vec<String>>,
}

/// One certificate.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct LockedCertificate {
    pub(crate) sha256: String,
    /// Nothing where it cannot be read.
    pub(crate) subject: String,
    pub(crate) not_after: String,
    pub(crate) pem: String,
}

impl Lock {
    /// Reads and checks it: each certificate must have the digest that it is called by.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = files::read_text(path)?;
        Self::parse(&text).with_context(|| path.display().to_string())
    }

    fn parse(text: &str) -> Result<Self> {
        let lock: Self = toml::from_str(text).context("no lock file of `trust bundle`")?;
        if lock.version != VERSION {
            bail!(
                "version {} of the lock file is not known here; make it anew by `trust bundle`",
                lock.version
            );
        }
        let all = lock.root.iter().map(|root| (&root.sha256, &root.pem));
        let seen = lock.seen.iter().map(|one| (&one.sha256, &one.pem));
        for (digest, text) in all.chain(seen) {
            let found = der(text)?;
            if hex(&countersign_x509::sha256(&found)) != *digest {
                bail!("the certificate that is called {digest} has another SHA-256");
            }
        }
        lock.hosts()?;
        lock.targets(None)?;
        if lock.root.is_empty() {
            bail!("there are no roots in it");
        }
        Ok(lock)
    }

    /// The roots' certificates, in their order.
    pub(crate) fn roots(&self) -> Result<Vec<Certificate>> {
        let read = |root: &LockedRoot| Ok(Certificate::from_der(&der(&root.pem)?)?);
        self.root.iter().map(read).collect()
    }

    /// The servers, with what they were seen to send.
    pub(crate) fn hosts(&self) -> Result<Vec<Host>> {
        let find = |digest: &String| {
            let found = self.seen.iter().find(|one| one.sha256 == *digest);
            let found =
                found.with_context(|| format!("certificate {digest} of a chain is missing"))?;
            der(&found.pem)
        };
        let chain = |chain: &Vec<String>| chain.iter().map(find).collect::<Result<Vec<_>>>();
        let host = |host: &LockedHost| {
            Ok(Host {
                label: host.host.clone(),
                name: host.name.clone(),
                chains: host.chains.iter().map(chain).collect::<Result<_>>()?,
            })
        };
        self.host.iter().map(host).collect()
    }

    /// What the servers' certificates must be for, by labels.
    pub(crate) fn names(&self) -> BTreeMap<String, String> {
        let name = |host: &LockedHost| (host.host.clone(), host.name.clone());
        self.host.iter().map(name).collect()
    }

    /// The devices. Those that look at dates take `now`.
    pub(crate) fn targets(
        &self,
        now: Option<countersign_protocol::UnixTime>,
    ) -> Result<Vec<Target>> {
        let target = |device: &LockedDevice| {
            let clock = match now {
                Some(now) if device.dates => Clock::At(now),
                _ => Clock::Ignored,
            };
            releases::of_label(
                &device.idf,
                device.cross_signed_verify,
                clock,
                self.policy.max_certs,
            )
            .with_context(|| format!("ESP-IDF {} is not known here", device.idf))
        };
        self.device.iter().map(target).collect()
    }
}

fn der(text: &str) -> Result<Vec<u8>> {
    let blocks = pem::blocks(text.as_bytes(), pem::CERTIFICATE)?;
    match blocks.into_iter().next() {
        Some(der) => Ok(der),
        None => bail!("a certificate is missing"),
    }
}

/// The version that is written and read.
pub(crate) const VERSION: u32 = 1;

/// How every lock file begins.
pub(crate) const HEAD: &str = "\
# Made by `countersign trust bundle`; not to be edited. What was chosen, why, and what the servers sent then.
# `countersign trust check` compares it with what they send now. Keep it beside the source.
";
