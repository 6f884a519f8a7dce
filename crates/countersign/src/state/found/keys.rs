//! The keys of new authorities: made in files, taken from files, or on tokens.

use std::{path::Path, sync::Arc};

use anyhow::{Context as _, Result};
use countersign_keys::{
    FileKey, Passphrases, Stored, Uri,
    stored::{open_or_generate, uri_line},
};
use countersign_pki::Signer;

use super::Layout;
use crate::files::{self, Mode};

/// Where new keys go, and how.
#[derive(Debug)]
pub(super) struct New<'a> {
    pub(super) layout: &'a Layout,
    pub(super) passphrases: &'a Passphrases,
    /// Whether those that lie in files are encrypted.
    pub(super) encrypt: bool,
}

impl New<'_> {
    /// The key of the authority `name`: a new one where none is given, else that of a file or of a PKCS#11 URI.
    pub(super) fn key(&self, name: &str, given: Option<&str>) -> Result<Arc<dyn Signer>> {
        let Some(given) = given else {
            return self.keep(name, FileKey::generate()?.into());
        };
        if Uri::is_meant(given) {
            let uri = given.parse().map_err(countersign_keys::Error::BadUri)?;
            return self.on_token(name, &uri);
        }
        let path = Path::new(given);
        let failed = || format!("the key {given} cannot be taken");
        let stored = Stored::read(path).with_context(failed)?;
        if let Some(uri) = stored.uri() {
            return self.on_token(name, uri);
        }
        let key = stored.file_key(self.passphrases).with_context(failed)?;
        if stored.is_encrypted() {
            // As it is: whoever encrypted it knows with what.
            let text = files::read_text(path)?;
            files::write(
                &self.layout.authority_key(name),
                text.as_bytes(),
                Mode::Secret,
            )?;
            return Ok(key);
        }
        self.keep(name, key)
    }

    fn keep(&self, name: &str, key: Arc<FileKey>) -> Result<Arc<dyn Signer>> {
        let path = self.layout.authority_key(name);
        if self.encrypt {
            key.save_new_encrypted(&path, &self.passphrases.choose(name)?)?;
        } else {
            key.save_new(&path)?;
        }
        Ok(key)
    }

    fn on_token(&self, name: &str, uri: &Uri) -> Result<Arc<dyn Signer>> {
        let key = open_or_generate(uri, name, self.passphrases)
            .with_context(|| format!("the key of {name} cannot be had"))?;
        let line = uri_line(uri);
        files::write(
            &self.layout.authority_key(name),
            line.as_bytes(),
            Mode::Secret,
        )?;
        Ok(key)
    }
}
