//! `trust.lock`: what was chosen, why, and from what; enough to prove it again without a network.
//!
//! TOML (v1.0.0) with PEM in it. Whoever may change the file may change the bundle beside it, so nothing in it is believed
//! that can be proved: a certificate must have the digest that it is called by.

mod write;

use std::collections::{BTreeMap, HashMap};

use countersign_roots::table::to_hex;
use countersign_x509::{Certificate, name::escaped, pem, sha256};
use serde::Deserialize;

use crate::{choose::Host, device::DEFAULT_MAX_ENTRIES};

/// The file.
///
/// Of a file that was read, each text is harmless ([`escaped`]) and each `pem` one block and nothing else.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// The version of this format.
    pub version: u32,
    /// What the roots were chosen from; nothing where none were.
    pub chosen_from: String,
    /// What was asked for beyond need.
    pub policy: LockedPolicy,
    /// The bundles.
    #[serde(default)]
    pub bundle: Vec<LockedBundle>,
    /// The devices.
    #[serde(default)]
    pub device: Vec<LockedDevice>,
    /// The roots, in the order in which they were packed.
    #[serde(default)]
    pub root: Vec<LockedRoot>,
    /// The servers.
    #[serde(default)]
    pub host: Vec<LockedHost>,
    /// Every certificate that a server was seen to send.
    #[serde(default)]
    pub seen: Vec<LockedCertificate>,
}

/// `[policy]`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct LockedPolicy {
    /// The roots above the top of a cross-signed chain are in, too.
    pub cross_sign_parents: bool,
    /// Announced successors are in, too.
    pub successors: bool,
    /// Only what today's list has was chosen.
    pub mozilla_only: bool,
    /// How many roots devices take; as many as by default where the file does not say.
    #[serde(default = "default_max_certs")]
    pub max_certs: usize,
}

const fn default_max_certs() -> usize {
    DEFAULT_MAX_ENTRIES
}

/// One bundle file.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct LockedBundle {
    /// Its name.
    pub file: String,
    /// `legacy` or `offsets`.
    pub format: String,
    /// Its length.
    pub bytes: usize,
    /// How many entries it has.
    pub roots: usize,
    /// The SHA-256 of all of it.
    pub sha256: String,
}

/// One kind of device.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct LockedDevice {
    /// Its release of ESP-IDF: a tag or a branch.
    pub idf: String,
    /// Whether it verifies across signatures.
    pub cross_signed_verify: bool,
    /// Whether it looks at dates.
    pub dates: bool,
}

/// One root.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct LockedRoot {
    /// What people call it.
    pub name: String,
    /// Its subject, for people.
    pub subject: String,
    /// The SHA-256 of its certificate, in lower-case hexadecimal.
    pub sha256: String,
    /// Its first second (RFC 3339).
    pub not_before: String,
    /// Its last second (RFC 3339).
    pub not_after: String,
    /// The last second (RFC 3339) at which it may have issued what Mozilla trusts, where there is one.
    #[serde(default)]
    pub distrust_after: Option<String>,
    /// `mozilla`, `dropped by mozilla`, `list`, or the file.
    pub from: String,
    /// `given`, `needed`, `parent`, `successor`.
    pub why: String,
    /// The servers that it vouches for.
    pub hosts: Vec<String>,
    /// Its certificate.
    pub pem: String,
}

/// One server.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct LockedHost {
    /// Name and port.
    pub host: String,
    /// What its certificate must be for.
    pub name: String,
    /// Its chains, each certificate by its SHA-256, the server's own first.
    pub chains: Vec<Vec<String>>,
}

/// One certificate.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct LockedCertificate {
    /// Its SHA-256, in lower-case hexadecimal.
    pub sha256: String,
    /// Nothing where it cannot be read.
    pub subject: String,
    /// Its last second (RFC 3339).
    pub not_after: String,
    /// All of it.
    pub pem: String,
}

/// Why a text is no lock file, or one that is not believed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A certificate is another than it is called.
    #[error("the certificate that is called {sha256} has another SHA-256")]
    AnotherDigest {
        /// What it is called.
        sha256: String,
    },
    /// A certificate of a chain is not there.
    #[error("certificate {sha256} of a chain is missing")]
    Missing {
        /// What it is called.
        sha256: String,
    },
    /// It has no roots.
    #[error("there are no roots in it")]
    NoRoots,
    /// It is no TOML, or another file.
    #[error("no lock file of `trust bundle`: {what}")]
    NotALock {
        /// What the reader of TOML says, harmless.
        what: String,
    },
    /// The certificate that is called so cannot be read.
    #[error("the certificate that is called {sha256} cannot be read")]
    Unreadable {
        /// What it is called.
        sha256: String,
        /// Why.
        #[source]
        cause: countersign_x509::Error,
    },
    /// A version that is not known here.
    #[error("version {version} of the lock file is not known here; make it anew by `trust bundle`")]
    Version {
        /// Which.
        version: u32,
    },
}

impl Lock {
    /// Reads and checks it.
    ///
    /// # Errors
    /// [`Error`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut lock: Self = toml::from_str(text).map_err(|error| Error::NotALock {
            what: crate::text::lines(error.to_string().trim_end()),
        })?;
        if lock.version != VERSION {
            let version = lock.version;
            return Err(Error::Version { version });
        }
        for text in lock.texts() {
            *text = escaped(text);
        }
        for root in &mut lock.root {
            root.pem = checked(&root.sha256, &root.pem)?;
        }
        for one in &mut lock.seen {
            one.pem = checked(&one.sha256, &one.pem)?;
        }
        if lock.root.is_empty() {
            return Err(Error::NoRoots);
        }
        lock.roots()?;
        lock.hosts()?;
        Ok(lock)
    }

    /// The roots' certificates, in their order.
    ///
    /// # Errors
    /// [`Error::Unreadable`], which a lock file that was read has not.
    pub fn roots(&self) -> Result<Vec<Certificate>, Error> {
        let read = |root: &LockedRoot| {
            let certificate = der(&root.pem).and_then(|der| Certificate::from_der(&der));
            certificate.map_err(|cause| unreadable(&root.sha256, cause))
        };
        self.root.iter().map(read).collect()
    }

    /// The servers, with what they were seen to send.
    ///
    /// # Errors
    /// [`Error::Missing`] and [`Error::Unreadable`], which a lock file that was read has not.
    pub fn hosts(&self) -> Result<Vec<Host>, Error> {
        let seen: HashMap<&str, &str> = self
            .seen
            .iter()
            .map(|one| (one.sha256.as_str(), one.pem.as_str()))
            .collect();
        let find = |sha256: &String| match seen.get(sha256.as_str()) {
            Some(pem) => der(pem).map_err(|cause| unreadable(sha256, cause)),
            None => Err(Error::Missing {
                sha256: sha256.clone(),
            }),
        };
        let chain = |chain: &Vec<String>| chain.iter().map(find).collect::<Result<Vec<_>, _>>();
        let host = |host: &LockedHost| {
            Ok(Host {
                label: host.host.clone(),
                name: host.name.clone(),
                chains: host.chains.iter().map(chain).collect::<Result<_, _>>()?,
            })
        };
        self.host.iter().map(host).collect()
    }

    /// What the servers' certificates must be for, by labels.
    pub fn names(&self) -> BTreeMap<String, String> {
        let name = |host: &LockedHost| (host.host.clone(), host.name.clone());
        self.host.iter().map(name).collect()
    }

    /// Every text in it that may come to be shown.
    fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        let bundles = self.bundle.iter_mut();
        let bundles = bundles.flat_map(|one| [&mut one.file, &mut one.format, &mut one.sha256]);
        let devices = self.device.iter_mut().map(|one| &mut one.idf);
        let roots = self.root.iter_mut().flat_map(|root| {
            let all = [
                &mut root.name,
                &mut root.subject,
                &mut root.sha256,
                &mut root.not_before,
                &mut root.not_after,
                &mut root.from,
                &mut root.why,
            ];
            let hosts = root.hosts.iter_mut();
            all.into_iter().chain(&mut root.distrust_after).chain(hosts)
        });
        let hosts = self.host.iter_mut().flat_map(|host| {
            let chains = host.chains.iter_mut().flatten();
            [&mut host.host, &mut host.name].into_iter().chain(chains)
        });
        let seen = self.seen.iter_mut();
        let seen = seen.flat_map(|one| [&mut one.sha256, &mut one.subject, &mut one.not_after]);
        let own = std::iter::once(&mut self.chosen_from);
        own.chain(bundles)
            .chain(devices)
            .chain(roots)
            .chain(hosts)
            .chain(seen)
    }
}

/// The one block of a text with a certificate of this SHA-256.
fn checked(sha256: &str, text: &str) -> Result<String, Error> {
    let der = der(text).map_err(|cause| unreadable(sha256, cause))?;
    if to_hex(&self::sha256(&der)) != sha256 {
        let sha256 = sha256.to_owned();
        return Err(Error::AnotherDigest { sha256 });
    }
    Ok(pem::encode(pem::CERTIFICATE, &der))
}

fn der(text: &str) -> Result<Vec<u8>, countersign_x509::Error> {
    let blocks = pem::blocks(text.as_bytes(), pem::CERTIFICATE)?;
    let label = pem::CERTIFICATE;
    let missing = countersign_x509::Error::MissingPem { label };
    blocks.into_iter().next().ok_or(missing)
}

fn unreadable(sha256: &str, cause: countersign_x509::Error) -> Error {
    let sha256 = sha256.to_owned();
    Error::Unreadable { sha256, cause }
}

/// The version that is written and read.
pub const VERSION: u32 = 1;

/// How every lock file begins.
pub const HEAD: &str = "\
# Made by `countersign trust bundle`; not to be edited. What was chosen, why, and what the servers sent then.
# `countersign trust check` compares it with what they send now. Keep it beside the source.
";

#[cfg(test)]
mod tests;
