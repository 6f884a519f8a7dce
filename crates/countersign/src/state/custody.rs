//! The authorities' keys and certificates, and what others read of them, as files of the state directory.

mod succeed;

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::Path,
    sync::Arc,
};

use anyhow::{Context as _, Result, bail};
use countersign_keys::{
    FileKey, Passphrases, Stored, Uri,
    stored::{open_or_generate, uri_line},
};
use countersign_operations::{
    Entropy as _,
    authorities::{Custody, CustodyError, KeyPlace, Kind},
};
use countersign_pki::Signer;
use countersign_x509::{Certificate, Crl};

pub(super) use self::succeed::{settle, superseded};
use super::Layout;
use crate::{
    files::{self, Mode},
    system::SystemEntropy,
};

/// Keeps them in files.
#[derive(Debug)]
pub(crate) struct Files {
    layout: Layout,
    passphrases: Arc<Passphrases>,
}

impl Files {
    pub(super) const fn new(layout: Layout, passphrases: Arc<Passphrases>) -> Self {
        Self {
            layout,
            passphrases,
        }
    }

    /// Makes the key that shall be the next issuing authority's, in a file: encrypted, where the present one is.
    fn make(&self, kind: Kind, place: &Path) -> Result<Arc<dyn Signer>> {
        let present = Stored::read(&self.layout.authority_key(&kind.issuing()))?;
        let key = Arc::new(FileKey::generate()?);
        if present.is_encrypted() {
            let passphrase = self.passphrases.choose(&kind.issuing())?;
            key.save_new_encrypted(place, &passphrase)?;
        } else {
            key.save_new(place)?;
        }
        Ok(key)
    }

    fn on_token(&self, kind: Kind, place: &Path, uri: &str) -> Result<Arc<dyn Signer>> {
        if !Uri::is_meant(uri) {
            bail!("`{uri}` is no PKCS#11 URI; without --key, a key is made in a file");
        }
        let uri: Uri = uri.parse().map_err(countersign_keys::Error::BadUri)?;
        let key = open_or_generate(&uri, &kind.issuing(), &self.passphrases)?;
        files::write(place, uri_line(&uri).as_bytes(), Mode::Secret)?;
        Ok(key)
    }

    fn waiting(&self, kind: Kind) -> Result<Option<Arc<dyn Signer>>> {
        let place = self.layout.authority_key(&succeed::next(kind));
        if !place.exists() {
            return Ok(None);
        }
        let key = Stored::read_as(&place, &kind.issuing())
            .and_then(|stored| stored.open(&self.passphrases));
        key.map(Some).with_context(|| super::unusable(&place))
    }

    fn remove(&self, kind: Kind) -> Result<()> {
        let place = self.layout.authority_key(&kind.root());
        let about = fs::symlink_metadata(&place);
        let about = about.with_context(|| format!("{} cannot be removed", place.display()))?;
        if !about.is_file() {
            bail!(
                "{} is a link to somewhere else: the key is there, and is not removed from here",
                place.display()
            );
        }
        let wipe = || {
            let mut file = OpenOptions::new().write(true).open(&place)?;
            let mut noise = vec![0; usize::try_from(about.len()).unwrap_or(0)];
            SystemEntropy.fill(&mut noise);
            file.write_all(&noise)?;
            file.sync_all()?;
            fs::remove_file(&place)
        };
        wipe().with_context(|| format!("{} cannot be removed", place.display()))?;
        files::settle(&self.layout.authorities())
    }
}

impl Custody for Files {
    fn place(&self, name: &str) -> Result<KeyPlace, CustodyError> {
        let path = self.layout.authority_key(name);
        match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(KeyPlace::Elsewhere),
            _ => {
                let stored = Stored::read(&path).map_err(said)?;
                let text = path.display().to_string();
                Ok(match stored.uri() {
                    Some(uri) => KeyPlace::Token(uri.to_string()),
                    None if stored.is_encrypted() => KeyPlace::EncryptedFile(text),
                    None => KeyPlace::File(text),
                })
            }
        }
    }

    fn prepare(&self, kind: Kind, token: Option<&str>) -> Result<Arc<dyn Signer>, CustodyError> {
        let place = self.layout.authority_key(&succeed::next(kind));
        let prepared = match token {
            Some(uri) => self.on_token(kind, &place, uri),
            None => match self.waiting(kind) {
                Ok(Some(key)) => Ok(key),
                Ok(None) => self.make(kind, &place),
                Err(error) => Err(error),
            },
        };
        prepared.map_err(said)
    }

    fn prepared(&self, kind: Kind) -> Result<Option<Arc<dyn Signer>>, CustodyError> {
        self.waiting(kind).map_err(said)
    }

    fn install(&self, kind: Kind, certificate: &Certificate) -> Result<u32, CustodyError> {
        succeed::install(&self.layout, kind, certificate).map_err(said)
    }

    fn remove_root_key(&self, kind: Kind) -> Result<(), CustodyError> {
        self.remove(kind).map_err(said)
    }

    fn published(&self, name: &str) -> Result<Option<Crl>, CustodyError> {
        published(&self.layout, name).map_err(said)
    }

    fn publish(&self, name: &str, crl: &Crl) -> Result<(), CustodyError> {
        publish(&self.layout, name, crl).map_err(said)
    }
}

/// Puts a CRL where others read it, in DER and in PEM.
pub(super) fn publish(layout: &Layout, name: &str, crl: &Crl) -> Result<()> {
    let (der, text) = (layout.crl(name, "crl"), layout.crl(name, "pem"));
    if let Some(folder) = der.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    // The DER last: it is by that one that we see whether both are there.
    files::write(&text, crl.to_pem().as_bytes(), Mode::Public)?;
    files::write(&der, crl.der(), Mode::Public)
}

fn published(layout: &Layout, name: &str) -> Result<Option<Crl>> {
    let path = layout.crl(name, "crl");
    if !path.exists() {
        return Ok(None);
    }
    let damaged = || format!("{} is cut, or is no CRL", path.display());
    let crl = Crl::from_der(&files::read(&path)?).with_context(damaged)?;
    let text = layout.crl(name, "pem");
    let len = fs::metadata(&text).map_or(0, |about| about.len());
    if usize::try_from(len) != Ok(crl.to_pem().len()) {
        bail!(
            "{} is cut, or is not the same CRL as that beside it",
            text.display()
        );
    }
    Ok(Some(crl))
}

fn said(error: impl Into<anyhow::Error>) -> CustodyError {
    CustodyError(format!("{:#}", error.into()))
}
