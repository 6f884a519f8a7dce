//! Makes a state directory, whole or not at all.

mod keys;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use countersign_fleet::ProductName;
use countersign_fleet_sqlite::SqliteStore;
use countersign_keys::{FileKey, Passphrases};
use countersign_operations::{Entropy as _, crl::CrlSettings, found as authorities, text};
use countersign_pki::{Authority, Profiles, Signer};
use countersign_x509::{pem, sha256};
use zeroize::Zeroizing;

use super::{Layout, custody, toml};
use crate::{
    cli,
    files::{self, Mode, NewFolder},
    system::{SystemClock, SystemEntropy},
};

/// What was made.
#[derive(Debug)]
pub(crate) struct Founded {
    /// The author's private key, where one was made or was there already.
    pub(crate) author_key: Option<PathBuf>,
    /// Whether it was made just now.
    pub(crate) author_key_made: bool,
    /// The author's name in manifests.
    pub(crate) author: String,
}

/// Makes a state directory at `root`: two hierarchies, the server's certificate, settings, database, image store.
pub(crate) async fn found(
    root: &Path,
    asked: &cli::Init,
    passphrases: &Passphrases,
) -> Result<Founded> {
    let product: ProductName = asked.product.parse()?;
    let chip = asked.chip.as_deref();
    chip.map(toml::chip).transpose()?;
    let folder = NewFolder::begin(root)?;
    let layout = Layout::new(folder.path());
    for sub in ["authorities", "server", "secrets", "authors", "images"] {
        fs::create_dir(layout.root.join(sub)).with_context(|| format!("{sub} cannot be made"))?;
    }
    let founded = author(root, &layout, &product, asked, passphrases)?;
    let keys = keys::New {
        layout: &layout,
        passphrases,
        encrypt: asked.encrypt_keys,
    };
    hierarchy(
        &keys,
        "device",
        &asked.name,
        asked.device_issuing_key.as_deref(),
    )?;
    let issuing = hierarchy(
        &keys,
        "server",
        &asked.name,
        asked.server_issuing_key.as_deref(),
    )?;
    server(&layout, &issuing, &asked.hosts)?;
    secrets(&layout)?;
    let settings = toml::first_text(
        &asked.hosts,
        product.as_str(),
        &format!("authors/{product}.pem"),
        asked.unsigned_images,
        chip,
    );
    files::write(&layout.settings(), settings.as_bytes(), Mode::Public)?;
    // What was written is read, so that no directory is left that `serve` would not take.
    toml::File::read(&layout.settings())?.products(&layout.root)?;
    SqliteStore::open(&layout.database()).await?.close().await;
    folder.finish()?;
    Ok(founded)
}

/// Takes the author's key, or makes it: outside the state directory, which the server reads.
fn author(
    root: &Path,
    layout: &Layout,
    product: &ProductName,
    asked: &cli::Init,
    passphrases: &Passphrases,
) -> Result<Founded> {
    let public = layout.authors().join(format!("{product}.pem"));
    let (spki, author_key, author_key_made) = match (&asked.author_key, &asked.author) {
        (Some(path), _) => {
            if lies_in(path, root) {
                bail!(
                    "{} lies in the state directory, which the server reads: an author's key belongs elsewhere",
                    path.display()
                );
            }
            let made = !path.exists();
            if let Some(folder) = path.parent().filter(|_| made) {
                fs::create_dir_all(folder)
                    .with_context(|| format!("{} cannot be made", folder.display()))?;
            }
            let key: Arc<dyn Signer> = if made {
                Arc::new(FileKey::create_new(path)?)
            } else {
                countersign_keys::open(path, passphrases)?
            };
            (key.public_key().to_vec(), Some(path.clone()), made)
        }
        (None, Some(path)) => {
            let key = countersign_keys::public_key_from_pem(&files::read_text(path)?)
                .with_context(|| format!("{} is no author's key", path.display()))?;
            (key, None, false)
        }
        (None, None) => bail!(
            "name the author of the releases: --author-key FILE makes a key where there is none, --author FILE takes \
             the public half of one that is elsewhere"
        ),
    };
    files::write(
        &public,
        pem::encode("PUBLIC KEY", &spki).as_bytes(),
        Mode::Public,
    )?;
    let author = countersign_protocol::AuthorId::from_spki_sha256(&sha256(&spki));
    Ok(Founded {
        author_key,
        author_key_made,
        author: text::hex(&author.0),
    })
}

/// Whether `path` lies in `folder`, when neither need be there yet.
pub(crate) fn lies_in(path: &Path, folder: &Path) -> bool {
    resolved(path).starts_with(resolved(folder))
}

/// A path without links and dots, as far as it is there.
pub(crate) fn resolved(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for there in absolute.ancestors() {
        if let Ok(real) = there.canonicalize() {
            let rest = absolute.strip_prefix(there).unwrap_or(Path::new(""));
            return rest.components().fold(real, |mut path, part| {
                match part {
                    std::path::Component::ParentDir => drop(path.pop()),
                    part => path.push(part),
                }
                path
            });
        }
    }
    absolute
}

fn hierarchy(
    keys: &keys::New<'_>,
    what: &str,
    name: &str,
    issuing_key: Option<&str>,
) -> Result<Authority> {
    let root_key = keys.key(&format!("{what}-root"), None)?;
    let issuing_key = keys.key(&format!("{what}-issuing"), issuing_key)?;
    let made = authorities::hierarchy(
        name,
        what,
        &root_key,
        &issuing_key,
        &SystemClock,
        &SystemEntropy,
    )?;
    let days = CrlSettings::default().root_valid_days;
    let crl = authorities::first_crl(&made.root, &root_key, days, &SystemClock)?;
    custody::publish(keys.layout, &format!("{what}-root"), &crl)?;
    for (level, certificate) in [("root", &made.root), ("issuing", &made.issuing)] {
        let path = keys.layout.authority(&format!("{what}-{level}"));
        let text = pem::to_pem(std::slice::from_ref(certificate));
        files::write(&path, text.as_bytes(), Mode::Public)?;
    }
    Ok(Authority::new(made.issuing, vec![made.root], issuing_key)?)
}

fn server(layout: &Layout, issuing: &Authority, hosts: &[String]) -> Result<()> {
    let key = FileKey::create_new(&layout.server_key())?;
    let leaf = authorities::server_certificate(
        issuing,
        hosts,
        &Profiles::default().server,
        key.public_key(),
        &SystemClock,
        &SystemEntropy,
    )?;
    let chain = pem::to_pem(&issuing.chain_of(leaf));
    files::write(&layout.server_chain(), chain.as_bytes(), Mode::Public)
}

fn secrets(layout: &Layout) -> Result<()> {
    let random = |path: &Path, prefix: &str| {
        let mut bytes = Zeroizing::new([0; 32]);
        SystemEntropy.fill(&mut *bytes);
        let text = Zeroizing::new(format!("{prefix}{}\n", text::hex(&*bytes)));
        files::write(path, text.as_bytes(), Mode::Secret)
    };
    random(&layout.url_key(), "1 ")?;
    random(&layout.operator_token(), "")
}
