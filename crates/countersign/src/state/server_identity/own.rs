//! The servers' identity from our own authority: renewed before its end, with a new key each time.
//!
//! Key and certificate are one in `server.key`: the certificates stand behind the key, so that one rename puts both in their
//! place. `server.pem` is a copy of them for everybody to read. Where `server.key` holds no certificate (a new installation, a
//! key that was encrypted by hand), the one in `server.pem` counts.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context as _, Result};
use countersign_keys::{FileKey, Passphrases, Stored};
use countersign_operations::{
    Context,
    authorities::Kind,
    server_certificate::{self, Due},
    text::{chain as in_words, rfc3339},
};
use countersign_pki::Signer as _;
use countersign_protocol::UnixTime;
use countersign_server::{Identity, IdentityHandle};
use countersign_x509::{Certificate, Error as X509Error, pem};

use super::Look;
use crate::{
    files::{self, Mode},
    state::{Layout, State, unusable},
};

/// Our own identity, and what it takes to make another.
#[derive(Debug)]
pub(super) struct Own {
    layout: Layout,
    names: Vec<String>,
    passphrases: Arc<Passphrases>,
    /// Whether the key's file is encrypted, and shall be so again.
    encrypted: bool,
    /// What was found at the start; none where key and certificate do not go together.
    identity: Option<Identity>,
    /// Who issued when it was looked last.
    issuer: Option<Certificate>,
    /// Why there is no other identity yet.
    failed: Option<String>,
    /// How often that failed in a row.
    failures: u32,
    /// How many looks are left until it is tried again.
    pause: u32,
}

impl Own {
    /// Reads key and certificate.
    pub(super) fn open(state: &State) -> Result<Self> {
        let layout = state.layout.clone();
        let passphrases = Arc::clone(&state.passphrases);
        let place = layout.server_key();
        let stored = Stored::read(&place).with_context(|| unusable(&place))?;
        let key = stored
            .file_key(&passphrases)
            .with_context(|| unusable(&place))?;
        let identity = identity(&layout, &key)?;
        Ok(Self {
            names: state.toml.hosts.clone(),
            encrypted: stored.is_encrypted(),
            identity,
            issuer: None,
            failed: None,
            failures: 0,
            pause: 0,
            layout,
            passphrases,
        })
    }

    /// The file that everybody may read.
    pub(super) fn chain_file(&self) -> PathBuf {
        self.layout.server_chain()
    }

    /// What is in the way of another identity.
    pub(super) fn problem(&self) -> Option<String> {
        self.failed.clone()
    }

    /// The identity to begin with. One that is due and cannot be had is no reason not to serve, where there is another.
    pub(super) async fn begin(&mut self, context: &Context) -> Result<Identity> {
        let found = self.identity.as_ref();
        let leaf = found.and_then(|found| found.chain.first()).cloned();
        if let Some(due) = self.due(context, leaf.as_ref()).await {
            match self.renew(context, due).await {
                Ok(identity) => return Ok(identity),
                Err(error) if self.identity.is_none() => {
                    return Err(
                        error.context("the server has no certificate, and none can be made")
                    );
                }
                Err(error) => self.fail(&error, due, leaf.as_ref()),
            }
        }
        self.identity
            .take()
            .context("the server has no certificate")
    }

    /// Looks whether another identity is due than that whose certificate is shown, and makes it.
    pub(super) async fn look(&mut self, context: &Context, shown: Option<&Certificate>) -> Look {
        let issuing = context.authorities.issuing(Kind::Server);
        if self.issuer.as_ref() != Some(issuing.certificate()) {
            // It may have what the one before had not.
            self.issuer = Some(issuing.certificate().clone());
            self.pause = 0;
        }
        let Some(due) = self.due(context, shown).await else {
            self.failed = None;
            (self.failures, self.pause) = (0, 0);
            return Look::Stays(self.problem());
        };
        if self.pause > 0 {
            self.pause -= 1;
            return Look::Stays(self.problem());
        }
        match self.renew(context, due).await {
            Ok(identity) => Look::Another(Box::new(identity)),
            Err(error) => {
                self.fail(&error, due, shown);
                Look::Stays(self.problem())
            }
        }
    }

    async fn due(&self, context: &Context, leaf: Option<&Certificate>) -> Option<Due> {
        let Some(leaf) = leaf else {
            return Some(Due::Missing);
        };
        let issuing = context.authorities.issuing(Kind::Server);
        match server_certificate::adopt(context, leaf, &issuing).await {
            Ok(false) => {}
            Ok(true) => return Some(Due::Revoked),
            Err(error) => {
                // Asked again at the next look; whatever ails the store is said by those who need it.
                tracing::debug!(
                    error = in_words(&error),
                    "the server's certificate cannot be looked up"
                );
            }
        }
        let now = context.clock.now();
        server_certificate::due(leaf, issuing.certificate(), &self.names, now)
    }

    /// Makes a key and has it certified; both are on the disk, and the certificate in the store, before they are given.
    async fn renew(&mut self, context: &Context, due: Due) -> Result<Identity> {
        let key = FileKey::generate()?;
        let spki = key.public_key();
        let issuing = context.authorities.issuing(Kind::Server);
        let chain = server_certificate::issue(context, &issuing, &self.names, spki, due);
        let identity = Identity {
            chain: chain.await?,
            key: key.to_pkcs8_der()?,
        };
        // What cannot be shown takes no one's place.
        IdentityHandle::new(&identity)?;
        let mut secret = if self.encrypted {
            let passphrase = self.passphrases.choose("server")?;
            key.to_encrypted_pem(&passphrase)?.into()
        } else {
            key.to_pkcs8_pem()?
        };
        let chain = pem::to_pem(&identity.chain);
        secret.push_str(&chain);
        files::write(&self.layout.server_key(), secret.as_bytes(), Mode::Secret)?;
        if let Err(error) = files::write(&self.chain_file(), chain.as_bytes(), Mode::Public) {
            tracing::warn!("{error:#}; what counts is beside the key");
        }
        let leaf = identity.chain.first();
        tracing::info!(
            serial = leaf.map(Certificate::serial_hex),
            until = leaf.map(|leaf| rfc3339(UnixTime(leaf.not_after()))),
            hosts = ?self.names,
            because = %due,
            "the server's certificate was made anew"
        );
        self.failed = None;
        (self.failures, self.pause) = (0, 0);
        Ok(identity)
    }

    /// Keeps why there is no other identity, says it with what to do, and waits longer each time.
    fn fail(&mut self, error: &anyhow::Error, due: Due, shown: Option<&Certificate>) {
        self.pause = pause(self.failures);
        self.failures = self.failures.saturating_add(1);
        let key = self.layout.authority_key("server-issuing");
        let words = format!(
            "the server's certificate is due ({due}), and cannot be made anew: {error:#}. Where the key {} is on a token, see \
             that the token is there",
            key.display()
        );
        let until = shown.map(|leaf| rfc3339(UnixTime(leaf.not_after())));
        let again_s = u64::from(self.pause).saturating_mul(super::LOOK.as_secs());
        tracing::error!(until, again_s, "{words}; the one that is there stays");
        self.failed = Some(words);
    }
}

/// How many looks to wait after so many failures in a row, and one more: ten seconds', doubled each time up to an hour's.
fn pause(failures: u32) -> u32 {
    let first = 5_u32;
    first.saturating_mul(1 << failures.min(9)).min(1800)
}

/// The identity of a key: with the certificates beside it, or those in the file for everybody where they are newer; none where
/// neither are this key's.
fn identity(layout: &Layout, key: &FileKey) -> Result<Option<Identity>> {
    let (place, copy) = (layout.server_key(), layout.server_chain());
    let is_of_key = |chain: &Vec<Certificate>| {
        let leaf = chain.first();
        leaf.is_some_and(|leaf| leaf.public_key() == key.public_key())
    };
    let copied = pem::certificates(&files::read(&copy)?);
    let beside = match pem::certificates(&zeroize::Zeroizing::new(files::read(&place)?)) {
        Err(X509Error::MissingPem { .. }) => None,
        beside => Some(beside.with_context(|| format!("{} is not right", place.display()))?),
    };
    let begins = |chain: &Vec<Certificate>| chain.first().map(Certificate::not_before);
    let copied = copied.ok();
    let chain = match (beside.filter(is_of_key), copied.clone().filter(is_of_key)) {
        // The same key was certified once more.
        (Some(beside), Some(copied)) if begins(&copied) > begins(&beside) => Some(copied),
        (Some(beside), _) => Some(beside),
        (None, copied) => copied,
    };
    let Some(chain) = chain else {
        tracing::warn!(
            "{} and {} do not belong together, and are made anew",
            place.display(),
            copy.display()
        );
        return Ok(None);
    };
    if copied.as_ref() != Some(&chain) {
        tracing::warn!(
            "{} was not that of the key, and is written anew",
            copy.display()
        );
        files::write(&copy, pem::to_pem(&chain).as_bytes(), Mode::Public)?;
    }
    Ok(Some(Identity {
        chain,
        key: key.to_pkcs8_der()?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_again_after_ten_seconds_and_at_least_every_hour() {
        let look = super::super::LOOK.as_secs();
        let seconds = (0..12).map(|failures| u64::from(pause(failures)) * look);
        let wanted = [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600];
        assert_eq!(seconds.collect::<Vec<_>>(), wanted);
        assert_eq!(pause(u32::MAX), 1800);
    }
}
