//! The servers' identity from files that another program keeps current: a public certificate, by any ACME client.
//!
//! The files are read every few seconds, so that it does not matter how they are replaced: written over, renamed, or by a link
//! that leads elsewhere. What is not fit to be shown never takes the place of what is.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use countersign_operations::text::rfc3339;
use countersign_protocol::UnixTime;
use countersign_server::{Error, Identity, IdentityHandle};
use countersign_trust::chain::names;
use countersign_x509::{Certificate, pem};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject as _};
use zeroize::Zeroizing;

use super::{Look, Settled};
use crate::{
    files,
    state::{State, toml::ServerFiles},
};

/// The files, and what is shown of them.
#[derive(Debug)]
pub(super) struct Files {
    paths: ServerFiles,
    /// The root that devices are given at their enrollment, where the settings name one.
    root: Option<Certificate>,
    names: Vec<String>,
    shown: Pair,
    /// What was read, until it is shown.
    first: Option<Identity>,
    /// The last second of the certificate that is shown, and a sixth of its life.
    ends: (u64, u64),
    wrong: Settled,
    aging: Option<String>,
}

/// What the files hold.
#[derive(Eq, PartialEq)]
struct Pair {
    certificate: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
}

impl Files {
    /// Reads the files, which must be fit to be shown.
    pub(super) fn open(state: &State, paths: ServerFiles, now: UnixTime) -> Result<Self> {
        let shown = Pair::read(&paths)?;
        let own_root = state.certificate("server-root")?;
        let mut files = Self {
            root: paths
                .root
                .is_some()
                .then(|| state.server_root())
                .transpose()?,
            names: state.toml.hosts.clone(),
            paths,
            shown,
            first: None,
            ends: (0, 0),
            wrong: Settled::default(),
            aging: None,
        };
        let identity = files.check(&files.shown, now)?;
        let last = identity.chain.last();
        if files.root.is_none() && !last.is_some_and(|last| last.is_issued_by(&own_root)) {
            tracing::warn!(
                "devices that are enrolled are given the root of our own authority for servers, and {} does not lead to it; \
                 name the root that it leads to by `[server] root`",
                files.paths.certificate.display()
            );
        }
        files.take_up(&identity);
        files.first = Some(identity);
        Ok(files)
    }

    /// The certificate's file.
    pub(super) fn certificate(&self) -> PathBuf {
        self.paths.certificate.clone()
    }

    /// The identity to begin with.
    pub(super) fn identity(&mut self) -> Result<Identity> {
        self.first.take().context("the server has no certificate")
    }

    /// Looks whether there is something new in the files.
    pub(super) fn look(&mut self, now: UnixTime) -> Look {
        let found = Pair::read(&self.paths).and_then(|pair| {
            if pair == self.shown {
                return Ok(None);
            }
            let identity = self.check(&pair, now)?;
            Ok(Some((pair, identity)))
        });
        let wrong = match found {
            Ok(Some((pair, identity))) => {
                self.shown = pair;
                self.wrong.hear(None);
                self.take_up(&identity);
                return Look::Another(Box::new(identity));
            }
            Ok(None) => None,
            Err(error) => Some(format!("{error:#}")),
        };
        let until = rfc3339(UnixTime(self.ends.0));
        if let Some(words) = self.wrong.hear(wrong) {
            tracing::warn!(until, "{words}; the certificate of before stays");
        }
        self.age(now);
        Look::Stays(self.wrong.stands().or_else(|| self.aging.clone()))
    }

    /// Says so, once, where the certificate that is shown comes to its end.
    fn age(&mut self, now: UnixTime) {
        let (end, sixth) = self.ends;
        let words = if now.0 > end {
            "has ended"
        } else if end - now.0 < sixth {
            "ends soon"
        } else {
            self.aging = None;
            return;
        };
        let words = format!(
            "the certificate in {} {words}, at {}, and nobody has put another in its place: look after your ACME client",
            self.paths.certificate.display(),
            rfc3339(UnixTime(end))
        );
        if self.aging.as_ref() != Some(&words) {
            tracing::error!("{words}");
            self.aging = Some(words);
        }
    }

    /// Everything that is to be known of an identity before it is shown.
    fn check(&self, pair: &Pair, now: UnixTime) -> Result<Identity> {
        let (file, key_file) = (self.paths.certificate.display(), self.paths.key.display());
        let chain =
            pem::certificates(&pair.certificate).with_context(|| format!("{file} is not right"))?;
        for (lower, upper) in chain.iter().zip(chain.iter().skip(1)) {
            if !lower.is_issued_by(upper) {
                bail!(
                    "{file}: `{}` stands behind `{}`, and did not issue it; the certificates stand in their order, the server's \
                     first",
                    upper.subject_text(),
                    lower.subject_text()
                );
            }
        }
        for certificate in &chain {
            check_dates(certificate, now).with_context(|| file.to_string())?;
        }
        if let Some(leaf) = chain.first() {
            self.check_names(leaf)?;
            let usage = leaf.extended_key_usage();
            if !usage.is_none_or(|usage| usage.any || usage.server_auth) {
                bail!(
                    "{file}: `{}` is not for servers (RFC 5280 §4.2.1.12)",
                    leaf.subject_text()
                );
            }
        }
        if let (Some(last), Some(root)) = (chain.last(), &self.root)
            && last != root
            && !last.is_issued_by(root)
        {
            bail!(
                "{file} does not lead to `{}`, the root that devices are given (`[server] root`)",
                root.subject_text()
            );
        }
        let identity = Identity {
            key: private_key(&pair.key).with_context(|| format!("{key_file} is not right"))?,
            chain,
        };
        match IdentityHandle::new(&identity) {
            Ok(_) => Ok(identity),
            Err(Error::OtherKey) => bail!(
                "the key in {key_file} is not that of the certificate in {file}: they belong together"
            ),
            Err(error @ Error::ChainTooLarge { .. }) => {
                let root = identity.chain.last().filter(|last| last.is_self_issued());
                let hint =
                    root.map_or("", |_| "; its root is in it, which nobody needs to be sent");
                bail!("{file}: {error}{hint}")
            }
            Err(error) => bail!("{file} and {key_file}: {error}"),
        }
    }

    fn check_names(&self, leaf: &Certificate) -> Result<()> {
        let file = self.paths.certificate.display();
        let is_for = |name: &&String| names::matching(leaf, name).is_some();
        if !self.names.iter().any(|name| is_for(&name)) {
            bail!(
                "{file}: the certificate is for none of {}, which are this server's names (`hosts`): it is for {}",
                self.names.join(", "),
                all_names(leaf)
            );
        }
        Ok(())
    }

    /// Says what is shown from now on.
    fn take_up(&mut self, identity: &Identity) {
        let Some(leaf) = identity.chain.first() else {
            return;
        };
        let life = leaf.not_after().saturating_sub(leaf.not_before());
        self.ends = (leaf.not_after(), life / 6);
        self.aging = None;
        tracing::info!(
            serial = leaf.serial_hex(),
            until = rfc3339(UnixTime(leaf.not_after())),
            names = all_names(leaf),
            "the server's certificate is that of {}",
            self.paths.certificate.display()
        );
        let others: Vec<&str> = self
            .names
            .iter()
            .filter(|name| names::matching(leaf, name).is_none())
            .map(String::as_str)
            .collect();
        if !others.is_empty() {
            tracing::warn!(
                "the server's certificate is not for {}: devices that ask there will refuse it",
                others.join(", ")
            );
        }
    }
}

impl Pair {
    fn read(paths: &ServerFiles) -> Result<Self> {
        let key = &paths.key;
        // Its group may read it: that is how an ACME client hands it to a service.
        let mode = metadata(key)?.permissions().mode() & 0o777;
        if mode & 0o007 != 0 {
            bail!(
                "others may read the key {} (mode {mode:o}): chmod o-rwx {}",
                key.display(),
                key.display()
            );
        }
        Ok(Self {
            certificate: small(&paths.certificate)?,
            key: Zeroizing::new(small(key)?),
        })
    }
}

/// Shows no key.
impl std::fmt::Debug for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pair").finish_non_exhaustive()
    }
}

fn small(path: &Path) -> Result<Vec<u8>> {
    metadata(path)?;
    files::read_up_to(path, LARGEST)
}

/// Of a file, or of what a link leads to. What is none, a pipe for example, could be waited for without end.
fn metadata(path: &Path) -> Result<fs::Metadata> {
    let metadata = fs::metadata(path);
    let metadata = metadata.with_context(|| format!("{} cannot be read", path.display()))?;
    if !metadata.is_file() {
        bail!("{} is no file", path.display());
    }
    Ok(metadata)
}

fn check_dates(certificate: &Certificate, now: UnixTime) -> Result<()> {
    let name = certificate.subject_text();
    if certificate.not_after() < now.0 {
        bail!(
            "the certificate `{name}` ended at {}: have another one issued",
            rfc3339(UnixTime(certificate.not_after()))
        );
    }
    if certificate.not_before() > now.0 {
        bail!(
            "the certificate `{name}` begins at {}, which is still to come by this machine's clock",
            rfc3339(UnixTime(certificate.not_before()))
        );
    }
    Ok(())
}

fn private_key(text: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    if pem::blocks(text, "ENCRYPTED PRIVATE KEY").is_ok() {
        bail!("the key is encrypted, and nobody is there at a renewal to ask for its passphrase");
    }
    let key =
        PrivateKeyDer::from_pem_slice(text).context("there is no private key in PEM in it")?;
    Ok(Zeroizing::new(key.secret_der().to_vec()))
}

fn all_names(leaf: &Certificate) -> String {
    let addresses = leaf.ip_addresses().iter().map(ToString::to_string);
    let all: Vec<String> = leaf.dns_names().iter().cloned().chain(addresses).collect();
    if all.is_empty() {
        return "no name".to_owned();
    }
    all.join(", ")
}

/// The most bytes of such a file: ten certificates and more. It stops a wrong file, which is read every few seconds.
const LARGEST: u64 = 64 * 1024;
