//! The state directory: made by `init`, held by one process at a time.

mod custody;
mod found;
mod layout;
mod lock;
mod product_file;
mod server_identity;
pub(crate) mod toml;

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, Result, anyhow, bail};
use countersign_fleet::StoreError;
use countersign_fleet_sqlite::SqliteStore;
use countersign_images::{LocalStore, url::UrlKey};
use countersign_keys::{Passphrases, Stored};
use countersign_operations::{
    Authorities, Clock as _, Context, Gate, Settings,
    authorities::{self, Custody, Kind, Line, Superseded},
    server_certificate,
    settings::Products,
};
use countersign_pki::{Authority, Signer};
use countersign_protocol::Digest;
use countersign_server::Config;
use countersign_x509::{Certificate, pem};
use zeroize::Zeroizing;

use self::product_file::ProductFile;
pub(crate) use self::{
    custody::Files,
    found::{found, lies_in, resolved},
    layout::Layout,
    lock::Lock,
    server_identity::{Keeper, LOOK, Prepared},
};
use crate::{
    cli, files,
    system::{SystemClock, SystemEntropy},
};

/// A state directory that this process holds.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) layout: Layout,
    pub(crate) toml: toml::File,
    pub(crate) custody: Arc<Files>,
    passphrases: Arc<Passphrases>,
    keys: Keys,
    _lock: Lock,
}

/// What is demanded of the journal of revocations.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Journal {
    /// It is there, whole, and this database's.
    Demanded,
    /// Where it is not, another is begun: the operator says so.
    Accepted,
}

/// When the keys of the authorities are opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Keys {
    /// At the start: a server that cannot sign shall not come up.
    AtOnce,
    /// When something is signed: most commands sign nothing, and need no passphrase and no token.
    WhenNeeded,
}

impl State {
    /// Takes a state directory, if it is whole and nobody else holds it.
    pub(crate) fn open(root: &Path, passphrases: Arc<Passphrases>, keys: Keys) -> Result<Self> {
        let layout = Layout::new(root);
        check_whole(&layout)?;
        let lock = Lock::take(&layout.lock())?;
        let toml = toml::File::read(&layout.settings())?;
        for kind in Kind::ALL {
            custody::settle(&layout, kind)?;
        }
        let custody = Files::new(layout.clone(), Arc::clone(&passphrases));
        Ok(Self {
            layout,
            toml,
            custody: Arc::new(custody),
            passphrases,
            keys,
            _lock: lock,
        })
    }

    /// Everything that the workflows need. Devices are told `device` and `download`, where the settings name no URL.
    pub(crate) async fn context(
        &self,
        device: SocketAddr,
        download: SocketAddr,
        journal: Journal,
    ) -> Result<Context> {
        // Before another journal is begun: where a key cannot be had, nothing was done.
        let authorities = self.authorities()?;
        let store = self.store(journal).await?;
        let images = LocalStore::open(self.layout.images())?;
        let url = |set: &Option<String>, at: SocketAddr| {
            let host = self.toml.hosts.first().map_or("localhost", String::as_str);
            set.clone()
                .unwrap_or_else(|| format!("https://{}:{}", bracketed(host), at.port()))
        };
        let kept = Arc::new(ProductFile(self.layout.clone()));
        let settings = Settings {
            products: Products::from_iter(self.toml.products(&self.layout.root)?).kept_in(kept),
            device_url: url(&self.toml.device.url, device),
            download_url: url(&self.toml.download.url, download),
            check_in_s: self.toml.device.check_in_s,
            slowest_rate: self.toml.download.slowest_rate,
            patience_s: self.toml.download.patience_s,
            attempts: self.toml.device.attempts.get(),
            profiles: self.toml.profiles(),
            crl: self.toml.crl.settings(),
        };
        let gate = Gate::new(authorities.line(Kind::Device).root.clone());
        gate.load(&store).await?;
        let context = Context {
            gate,
            store: Arc::new(store),
            images: Arc::new(images),
            authorities,
            server_root: self.server_root()?,
            url_keys: vec![self.url_key()?],
            settings,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            seen: countersign_operations::seen::SeenBuffer::default(),
            refusals: countersign_operations::refusals::Refusals::default(),
            publishing: tokio::sync::Mutex::default(),
        };
        authorities::record_all(&context).await?;
        // Where it cannot be read, whoever shows it says so.
        if let Ok([leaf, ..]) = certificates(&self.layout.server_chain()).as_deref() {
            let issuing = context.authorities.issuing(Kind::Server);
            server_certificate::adopt(&context, leaf, &issuing).await?;
        }
        Ok(context)
    }

    async fn store(&self, journal: Journal) -> Result<SqliteStore> {
        let database = self.layout.database();
        let place = match &self.toml.state.journal {
            Some(path) => self.layout.root.join(path),
            None => self.layout.journal(),
        };
        let opened = match journal {
            Journal::Demanded => SqliteStore::open_with_journal(&database, &place).await,
            Journal::Accepted => SqliteStore::open_accepting_journal(&database, &place).await,
        };
        match opened {
            Err(error @ StoreError::Journal(_)) => Err(anyhow!("{error}; {ABOUT_JOURNAL}")),
            opened => {
                let store =
                    opened.with_context(|| format!("{} cannot be opened", database.display()))?;
                // Nobody else writes: we hold the lock.
                Ok(store.keeping_standings())
            }
        }
    }

    /// Where to listen: flags and environment before the settings.
    pub(crate) fn listen(&self, flags: &cli::Serve) -> Config {
        Config {
            device: flags.device_listen.unwrap_or(self.toml.device.listen),
            download: flags.download_listen.unwrap_or(self.toml.download.listen),
            operator: flags.operator_listen.or(self.toml.operator.listen),
            socket: self.layout.socket(),
            name_authorities: self.toml.device.name_authorities,
        }
    }

    /// The token of the operator plane on loopback.
    pub(crate) fn operator_token(&self) -> Result<Arc<str>> {
        let text = Zeroizing::new(files::read_text(&self.layout.operator_token())?);
        match text.trim() {
            "" => bail!("{} is empty", self.layout.operator_token().display()),
            token => Ok(token.into()),
        }
    }

    /// The hierarchies, `device` and `server`, whose roots' keys this process can read and need not, and those keys.
    pub(crate) fn roots_in_reach(&self) -> Vec<(&'static str, PathBuf)> {
        ["device", "server"]
            .into_iter()
            .map(|what| (what, self.layout.authority_key(&format!("{what}-root"))))
            .filter(|(_, key)| fs::File::open(key).is_ok())
            .collect()
    }

    /// The root that devices are given to trust our servers by.
    fn server_root(&self) -> Result<Certificate> {
        let Some(place) = &self.toml.server.root else {
            return self.certificate("server-root");
        };
        let place = self.layout.root.join(place);
        let mut all = certificates(&place)?;
        match (all.pop(), all.is_empty()) {
            (Some(root), true) if root.is_ca() => Ok(root),
            (Some(_), true) => bail!("{}, `[server] root`, is no CA", place.display()),
            _ => bail!(
                "{}, `[server] root`, holds more than one certificate: devices are given one root",
                place.display()
            ),
        }
    }

    fn authorities(&self) -> Result<Authorities> {
        let (device, server) = (self.line(Kind::Device)?, self.line(Kind::Server)?);
        let custody = Arc::clone(&self.custody) as Arc<dyn Custody>;
        Ok(Authorities::new(device, server, custody))
    }

    fn line(&self, kind: Kind) -> Result<Line> {
        let root = self.certificate(&kind.root())?;
        let issuing = self.issuing(kind)?;
        let mut superseded = Vec::new();
        for number in custody::superseded(&self.layout, kind)? {
            let name = kind.superseded(number);
            let certificate = self.certificate(&name)?;
            superseded.push(Superseded {
                number,
                authority: self.before(kind, &name, &certificate, &root),
                certificate,
            });
        }
        Ok(Line {
            root,
            issuing,
            superseded,
        })
    }

    /// Who issues now: without its key nothing is begun, unless it is that of servers and its token may come back.
    fn issuing(&self, kind: Kind) -> Result<Authority> {
        let name = kind.issuing();
        let certificate = self.certificate(&name)?;
        let root = self.certificate(&kind.root())?;
        let place = self.layout.authority_key(&name);
        let key = self.key(kind, &name, &certificate, self.keys);
        let on_token = || Stored::read(&place).is_ok_and(|stored| stored.uri().is_some());
        let key = key.or_else(|error| match kind {
            // Our servers' certificate may be good for long.
            Kind::Server if on_token() => {
                tracing::warn!(
                    "the server's certificate cannot be renewed until its authority's token is back: {error:#}"
                );
                self.key(kind, &name, &certificate, Keys::WhenNeeded)
            }
            _ => Err(error),
        });
        let key = key.with_context(|| unusable(&place))?;
        let authority = Authority::new(certificate, vec![root], key);
        authority
            .with_context(|| format!("{} is not right", self.layout.authority(&name).display()))
    }

    /// Who issued before: without its key it makes no CRL, and all else goes on.
    fn before(
        &self,
        kind: Kind,
        name: &str,
        certificate: &Certificate,
        root: &Certificate,
    ) -> Option<Authority> {
        if certificate.not_after() < SystemClock.now().0 {
            return None;
        }
        let opened = self
            .key(kind, name, certificate, self.keys)
            .map_err(anyhow::Error::from);
        let authority = opened.and_then(|key| {
            Ok(Authority::new(
                certificate.clone(),
                vec![root.clone()],
                key,
            )?)
        });
        authority
            .inspect_err(|error| {
                tracing::warn!(
                    authority = name,
                    cause = format!("{error:#}"),
                    "it makes no CRL any more"
                );
            })
            .ok()
    }

    /// The key of an issuing authority. All of a hierarchy have one name where passphrases and PINs are looked for.
    fn key(
        &self,
        kind: Kind,
        name: &str,
        certificate: &Certificate,
        keys: Keys,
    ) -> Result<Arc<dyn Signer>, countersign_keys::Error> {
        let stored = Stored::read_as(&self.layout.authority_key(name), &kind.issuing())?;
        match keys {
            Keys::AtOnce => stored.open(&self.passphrases),
            Keys::WhenNeeded => {
                Ok(stored.when_needed(certificate.public_key(), Arc::clone(&self.passphrases)))
            }
        }
    }

    fn certificate(&self, name: &str) -> Result<Certificate> {
        certificate(&self.layout, name)
    }

    fn url_key(&self) -> Result<UrlKey> {
        let path = self.layout.url_key();
        let text = Zeroizing::new(files::read_text(&path)?);
        let key = text.trim().split_once(' ').and_then(|(id, secret)| {
            // 32 bytes in hexadecimal are read as a digest is.
            let secret = Zeroizing::new(secret.parse::<Digest>().ok()?.0);
            UrlKey::new(id, secret).ok()
        });
        key.with_context(|| format!("{} is not a key of download addresses", path.display()))
    }
}

fn certificate(layout: &Layout, name: &str) -> Result<Certificate> {
    let path = layout.authority(name);
    certificates(&path)?
        .into_iter()
        .next()
        .with_context(|| format!("{} holds no certificate", path.display()))
}

fn unusable(key: &Path) -> String {
    format!("the key {} cannot be used", key.display())
}

/// A host as it stands in a URL.
fn bracketed(host: &str) -> String {
    if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    }
}

fn certificates(path: &Path) -> Result<Vec<Certificate>> {
    let text = files::read(path)?;
    pem::certificates(&text).with_context(|| format!("{} is not right", path.display()))
}

/// Says what is missing, rather than failing somewhere inside.
fn check_whole(layout: &Layout) -> Result<()> {
    if !layout.root.is_dir() {
        bail!(
            "there is no state directory {}; make one with `countersign init`, or name it with --state",
            layout.root.display()
        );
    }
    let needed = [
        layout.settings(),
        layout.database(),
        layout.images(),
        layout.authority("device-root"),
        layout.authority("device-issuing"),
        layout.authority_key("device-issuing"),
        layout.authority("server-root"),
        layout.authority("server-issuing"),
        layout.authority_key("server-issuing"),
        layout.server_key(),
        layout.server_chain(),
        layout.url_key(),
        layout.operator_token(),
    ];
    let missing: Vec<String> = needed
        .iter()
        .filter(|path| fs::symlink_metadata(path).is_err())
        .map(|path| path.display().to_string())
        .collect();
    if !missing.is_empty() {
        bail!(
            "{} is not a whole state directory: {} missing; restore it from a backup, or make another with \
             `countersign init`",
            layout.root.display(),
            missing.join(", ")
        );
    }
    Ok(())
}

/// What is said behind that which is wrong with the journal.
const ABOUT_JOURNAL: &str = "until then it is not known for sure which devices are revoked, and nothing is done. Where there is \
                             no better one, `countersign serve --accept-journal` begins another from what the database knows";
