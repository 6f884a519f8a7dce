//! A whole installation in a temporary folder: `countersign init`, a release, and devices.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result};
use countersign_fleet::{ProductName, Store};
use countersign_fleet_sqlite::SqliteStore;
use countersign_images::{LocalStore, url::UrlKey};
use countersign_keys::{FileKey, Passphrases};
use countersign_operations::{
    Authorities, Clock, Context, Entropy, Gate, Product, Settings,
    authorities::{Line, Nowhere},
    crl::CrlSettings,
    enroll,
    policy::Policy,
    publish,
    refusals::Refusals,
    seen::SeenBuffer,
    sign,
};
use countersign_pki::{Authority, Profiles, Signer as _, certificate_request};
use countersign_protocol::{CheckIn, Digest, MAX_CHECK_IN, SlotState, UnixTime};
use countersign_x509::{Certificate, pem, sha256};
use esp_formats::app_image::{ChipId, Composition, compose, composed_len};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use zeroize::Zeroizing;

use crate::{
    client::Identity,
    program::{self, Server},
};

/// A state directory with its devices and one release, and nobody who holds it.
#[derive(Debug)]
pub(crate) struct Installation {
    pub(crate) server_root: Certificate,
    /// What every device says: that it runs the newest release.
    pub(crate) check_in: Vec<u8>,
    program: PathBuf,
    folder: TempDir,
}

/// Who certifies a device.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Issuer {
    /// The root itself: a device sends one certificate.
    Root,
    /// The issuing authority: a device sends two.
    Issuing,
}

/// So many devices, and who certifies them.
pub(crate) type Wanted = (Issuer, usize);

impl Installation {
    /// Founds it with this program, publishes a release, and enrolls devices: as many groups of them as are wanted.
    pub(crate) fn found(
        program: &Path,
        runtime: &Runtime,
        wanted: &[Wanted],
    ) -> Result<(Self, Vec<Vec<Identity>>)> {
        let folder = tempfile::Builder::new()
            .prefix("countersign-bench-")
            .tempdir()?;
        let (state, author) = (
            folder.path().join("state"),
            folder.path().join("author.key"),
        );
        let author = author.to_string_lossy();
        program::run(
            program,
            &state,
            &[
                "init",
                "--host",
                "127.0.0.1",
                "--product",
                PRODUCT,
                "--unsigned-images",
                "--author-key",
                &author,
            ],
        )?;
        widen(&state.join("countersign.toml"))?;
        let author = FileKey::load(Path::new(&*author))?;
        let (check_in, devices) = runtime.block_on(fill(&state, &author, wanted))?;
        let server_root = certificate(&state, "server-root")?;
        let installation = Self {
            server_root,
            check_in,
            program: program.to_owned(),
            folder,
        };
        Ok((installation, devices))
    }

    /// The same for another program.
    pub(crate) fn copy_for(&self, program: &Path) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("countersign-bench-")
            .tempdir()?;
        program::copy(&self.state(), &folder.path().join("state"))?;
        Ok(Self {
            server_root: self.server_root.clone(),
            check_in: self.check_in.clone(),
            program: program.to_owned(),
            folder,
        })
    }

    /// Begins to serve: a new process, which knows no chain and no session.
    pub(crate) fn serve(&self) -> Result<Server> {
        program::serve(&self.program, &self.state(), &[])
    }

    /// The state directory.
    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// A folder for whoever stands beside it.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// All clients are one address here, and one that comes as often as it can.
fn widen(settings: &Path) -> Result<()> {
    let text = fs::read_to_string(settings)?;
    let wide = |line: &str| {
        let limit = line.split(' ').next().unwrap_or_default();
        match limit {
            "per_address" => "per_address = 10000".to_owned(),
            "per_address_per_second" => "per_address_per_second = 1000000".to_owned(),
            _ => line.to_owned(),
        }
    };
    let lines: Vec<String> = text.lines().map(wide).collect();
    Ok(fs::write(settings, lines.join("\n"))?)
}

/// Publishes the release and enrolls the devices, in this process.
async fn fill(
    state: &Path,
    author: &FileKey,
    wanted: &[Wanted],
) -> Result<(Vec<u8>, Vec<Vec<Identity>>)> {
    let store = Arc::new(SqliteStore::open(&state.join("countersign.db")).await?);
    let context = |issuer| context(state, &store, author, issuer);
    let (issuing, root) = (context(Issuer::Issuing)?, context(Issuer::Root)?);
    let check_in = release(&issuing, author).await?;
    let mut groups = Vec::new();
    let mut number = 0_u32;
    for (issuer, count) in wanted {
        let context = match issuer {
            Issuer::Root => &root,
            Issuer::Issuing => &issuing,
        };
        let mut devices = Vec::with_capacity(*count);
        for _ in 0..*count {
            devices.push(device_of(context, number).await?);
            number += 1;
        }
        groups.push(devices);
    }
    store.close().await;
    Ok((check_in, groups))
}

fn context(
    state: &Path,
    store: &Arc<SqliteStore>,
    author: &FileKey,
    issuer: Issuer,
) -> Result<Context> {
    let [device_root, server_root] =
        ["device-root", "server-root"].map(|name| certificate(state, name));
    context_of(
        Arc::clone(store) as Arc<dyn Store>,
        &state.join("images"),
        &device_authority(state, issuer)?,
        device_root?,
        server_root?,
        author,
    )
}

/// What workflows of this process work with.
pub(crate) fn context_of(
    store: Arc<dyn Store>,
    images: &Path,
    issuing: &Authority,
    device_root: Certificate,
    server_root: Certificate,
    author: &FileKey,
) -> Result<Context> {
    let mut secret = Zeroizing::new([0; 32]);
    System.fill(&mut *secret);
    // Nobody is asked for a server's certificate here.
    let line = || Line {
        root: device_root.clone(),
        issuing: issuing.clone(),
        superseded: Vec::new(),
    };
    let authorities = Authorities::new(line(), line(), Arc::new(Nowhere));
    Ok(Context {
        gate: Gate::new(device_root),
        store,
        images: Arc::new(LocalStore::open(images.to_owned())?),
        authorities,
        server_root,
        url_keys: vec![UrlKey::new("1", secret)?],
        settings: settings(author)?,
        clock: Arc::new(System),
        entropy: Arc::new(System),
        seen: SeenBuffer::default(),
        refusals: Refusals::default(),
        publishing: tokio::sync::Mutex::default(),
    })
}

fn device_authority(state: &Path, issuer: Issuer) -> Result<Authority> {
    let root = certificate(state, "device-root")?;
    let (own, above, name) = match issuer {
        Issuer::Root => (root, Vec::new(), "device-root"),
        Issuer::Issuing => (
            certificate(state, "device-issuing")?,
            vec![root],
            "device-issuing",
        ),
    };
    let place = state.join("authorities").join(format!("{name}.key"));
    let key = countersign_keys::open(&place, &Passphrases::new(None))?;
    Ok(Authority::new(own, above, key)?)
}

fn certificate(state: &Path, name: &str) -> Result<Certificate> {
    let text = fs::read(state.join("authorities").join(format!("{name}.pem")))?;
    let found = pem::certificates(&text)?.into_iter().next();
    found.with_context(|| format!("{name}.pem holds no certificate"))
}

fn settings(author: &FileKey) -> Result<Settings> {
    let product = Product {
        authors: vec![author.public_key().to_vec()],
        policy: Policy {
            unsigned_images: true,
            ..Policy::default()
        },
    };
    Ok(Settings {
        products: [(PRODUCT.parse::<ProductName>()?, product)]
            .into_iter()
            .collect(),
        device_url: "https://127.0.0.1:8443".to_owned(),
        download_url: "https://127.0.0.1:8445".to_owned(),
        check_in_s: 3600,
        slowest_rate: 4096,
        patience_s: 300,
        attempts: 3,
        profiles: Profiles::default(),
        crl: CrlSettings::default(),
    })
}

/// Publishes a release, and says what a device that runs it says.
async fn release(context: &Context, author: &FileKey) -> Result<Vec<u8>> {
    let composition = Composition {
        chip: ChipId(ESP32_C3),
        secure_version: 0,
        version: VERSION,
        project_name: "bench",
        time: "00:00:00",
        date: "Jan  1 2026",
        idf_version: "v5.5.1",
        payload: b"",
        filler_len: 64 * 1024,
    };
    let mut image = vec![0; composed_len(&composition)?];
    let length = compose(&composition, &mut image, sha256)?;
    image.truncate(length);
    let terms = sign::Terms {
        product: PRODUCT,
        counter: 1,
        created: System.now(),
        not_after: None,
    };
    publish::publish(context, &sign::sign(&image, &terms, author)?, &image).await?;
    let said = CheckIn {
        product: PRODUCT,
        chip: ESP32_C3,
        version: VERSION,
        image: Some(Digest(sha256(&image))),
        counter: 1,
        secure_version: 0,
        slot: 0,
        state: SlotState::Confirmed,
        authors: None,
    };
    let mut message = vec![0; MAX_CHECK_IN];
    let length = said.encode(&mut message)?;
    message.truncate(length);
    Ok(message)
}

async fn device_of(context: &Context, number: u32) -> Result<Identity> {
    let key = FileKey::generate()?;
    let id = device_id(number);
    let request = enroll::Request {
        request: certificate_request(&key, &id)?.into_bytes(),
        id: id.parse()?,
        product: None,
    };
    let enrolled = enroll::enroll(context, &request).await?;
    let chain = pem::certificates(enrolled.chain.as_bytes()).context("the device's chain")?;
    Ok(Identity {
        id,
        chain: chain.iter().map(|one| one.der().to_vec()).collect(),
        key: key.to_pkcs8_der()?,
    })
}

fn device_id(number: u32) -> String {
    format!("bench-{number:06}")
}

/// The system's clock and its randomness.
#[derive(Clone, Copy, Debug)]
pub(crate) struct System;

impl Clock for System {
    #[expect(clippy::disallowed_methods, reason = "this is the program's clock")]
    fn now(&self) -> UnixTime {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        UnixTime(since.unwrap_or_default().as_secs())
    }
}

impl Entropy for System {
    fn fill(&self, buffer: &mut [u8]) {
        if aws_lc_rs::rand::fill(buffer).is_err() {
            std::process::abort();
        }
    }
}

const PRODUCT: &str = "bench";
const VERSION: &str = "1.0.0";
/// `esp_chip_id_t` of the ESP32-C3.
const ESP32_C3: u16 = 5;
