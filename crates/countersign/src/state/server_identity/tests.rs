mod files;
mod own;

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use countersign_fleet::{CertificateProfile, CertificateRecord, CertificateSearch};
use countersign_keys::Passphrases;
use countersign_operations::{Clock, Context};
use countersign_protocol::UnixTime;
use countersign_server::ServerCertificateView;
use countersign_x509::{Certificate, pem};
use tempfile::TempDir;

use super::*;
use crate::{
    cli,
    state::{Journal, Keys, Layout, found},
    system::SystemClock,
};

/// A clock that is set by hand.
#[derive(Debug)]
struct SetClock(AtomicU64);

impl SetClock {
    fn set(&self, now: u64) {
        self.0.store(now, Ordering::Relaxed);
    }
}

impl Clock for SetClock {
    fn now(&self) -> UnixTime {
        UnixTime(self.0.load(Ordering::Relaxed))
    }
}

/// A state directory, made now, and a clock that begins there.
struct Ground {
    folder: TempDir,
    clock: Arc<SetClock>,
    start: u64,
    passphrases: Arc<Passphrases>,
}

impl Ground {
    async fn new() -> Self {
        Self::made(false).await
    }

    /// The same; the authorities' keys are encrypted, or are not.
    async fn made(encrypt_keys: bool) -> Self {
        let folder = TempDir::with_prefix("countersign-identity-").unwrap();
        let passphrase = folder.path().join("passphrase");
        files_write_secret(&passphrase, "correct horse\n");
        let passphrases = Arc::new(Passphrases::new(Some(&passphrase)));
        let asked = cli::Init {
            name: "Test".to_owned(),
            hosts: vec!["ota.example.com".to_owned(), "127.0.0.1".to_owned()],
            product: "lamp".to_owned(),
            author_key: Some(folder.path().join("author.key")),
            author: None,
            encrypt_keys,
            device_issuing_key: None,
            server_issuing_key: None,
            unsigned_images: true,
            chip: None,
        };
        let state = folder.path().join("state");
        found(&state, &asked, &passphrases).await.unwrap();
        let start = SystemClock.now().0;
        Self {
            folder,
            clock: Arc::new(SetClock(AtomicU64::new(start))),
            start,
            passphrases,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn layout(&self) -> Layout {
        Layout::new(&self.path("state"))
    }

    fn set_days(&self, days: u64) {
        self.clock.set(self.start + days * DAY);
    }

    /// As `serve` begins.
    async fn begin(&self) -> Result<Running> {
        let root = self.path("state");
        let state = State::open(&root, Arc::clone(&self.passphrases), Keys::AtOnce)?;
        let prepared = Prepared::read(&state, &*self.clock)?;
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut context = state.context(any, any, Journal::Demanded).await?;
        context.clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let context = Arc::new(context);
        let keeper = prepared.begin(Arc::clone(&context)).await?;
        Ok(Running {
            keeper,
            context,
            _state: state,
        })
    }

    /// Certificates in the file for everybody.
    fn copied(&self) -> Vec<Certificate> {
        pem::certificates(&fs::read(self.layout().server_chain()).unwrap()).unwrap()
    }
}

/// What runs while `serve` does.
struct Running {
    keeper: Keeper,
    context: Arc<Context>,
    _state: State,
}

impl Running {
    fn leaf(&self) -> Certificate {
        self.keeper.shown().chain().remove(0)
    }

    fn view(&self) -> ServerCertificateView {
        ServerCertificateView::of(self.keeper.shown()).unwrap()
    }

    /// Looks; gives whether another certificate is shown since.
    async fn look(&mut self) -> bool {
        let before = self.leaf();
        self.keeper.look().await;
        self.leaf() != before
    }

    /// The servers' certificates in the store.
    async fn recorded(&self) -> Vec<CertificateRecord> {
        let search = CertificateSearch {
            profile: Some(CertificateProfile::Server),
            ..CertificateSearch::default()
        };
        let found = self.context.store.find_certificates(&search, 100).await;
        found.unwrap()
    }
}

fn files_write_secret(path: &Path, text: &str) {
    crate::files::write(path, text.as_bytes(), crate::files::Mode::Secret).unwrap();
}

const DAY: u64 = 24 * 3600;
