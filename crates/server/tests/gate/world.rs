//! A whole installation with its server, and a clock that is set by hand.

use std::{
    io::{Read as _, Write as _},
    net::SocketAddr,
    os::unix::net::UnixStream,
    path::PathBuf,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use countersign_fleet::{
    CertificateProfile, CertificateRecord, Device, DeviceState, NameMapping, RegisteredAuthority,
    VouchesFor,
};
use countersign_fleet_sqlite::SqliteStore;
use countersign_images::{LocalStore, url::UrlKey};
use countersign_keys::FileKey;
use countersign_operations::{
    Authorities, Clock, Context, Entropy as _, Gate, publish, refusals::Refusals, seen::SeenBuffer,
    sign,
};
use countersign_pki::{Authority, Profile, Profiles, Signer as _, Validity, root, urn::device_urn};
use countersign_protocol::{Digest, UnixTime};
use countersign_server::{Addresses, Config, IdentityHandle, Limits, ServerView, bind};
use countersign_x509::{Certificate, sha256};
use esp_formats::app_image::{ChipId, Composition, compose, composed_len};
use tempfile::TempDir;
use tokio::{runtime::Runtime, sync::watch, task::JoinHandle};
use zeroize::Zeroizing;

use crate::{
    client::{Client, Version},
    parts::{Random, SetClock, audit, hierarchy, random_id, server_identity, settings},
};

/// An installation that serves, until it is dropped.
pub(crate) struct World {
    pub(crate) context: Arc<Context>,
    pub(crate) clock: Arc<SetClock>,
    pub(crate) at: Addresses,
    pub(crate) identity: IdentityHandle,
    pub(crate) device_root: Certificate,
    pub(crate) devices: Authority,
    pub(crate) server_root: Certificate,
    pub(crate) servers: Authority,
    author: FileKey,
    socket: PathBuf,
    stop: watch::Sender<bool>,
    serving: Option<JoinHandle<Result<(), countersign_server::Error>>>,
    runtime: Runtime,
    _folder: TempDir,
}

/// A device: its certificates, of which it shows all, and its key.
#[derive(Clone)]
pub(crate) struct Board {
    pub(crate) chain: Vec<Vec<u8>>,
    pub(crate) key: Zeroizing<Vec<u8>>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::naming(true)
    }

    /// One that names its authorities in the handshake, or does not.
    pub(crate) fn naming(name_authorities: bool) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let folder = TempDir::with_prefix("countersign-gate-").unwrap();
        let clock = Arc::new(SetClock::at(START));
        let (device, devices) = hierarchy("device");
        let (server, servers) = hierarchy("server");
        let identity = IdentityHandle::new(&server_identity(&servers)).unwrap();
        let author = FileKey::generate().unwrap();
        let database = folder.path().join("fleet.sqlite");
        let store = SqliteStore::open(&database);
        let mut secret = Zeroizing::new([0; 32]);
        Random.fill(&mut *secret);
        let context = Arc::new(Context {
            gate: Gate::new(device.root.clone()),
            store: Arc::new(runtime.block_on(store).unwrap()),
            images: Arc::new(LocalStore::open(folder.path().join("images")).unwrap()),
            authorities: Authorities::fixed(devices.clone(), servers.clone()).unwrap(),
            server_root: server.root.clone(),
            url_keys: vec![UrlKey::new("1", secret).unwrap()],
            settings: settings(&author),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            entropy: Arc::new(Random),
            seen: SeenBuffer::default(),
            refusals: Refusals::default(),
            publishing: tokio::sync::Mutex::default(),
        });
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let socket = folder.path().join("operator.sock");
        let config = Config {
            device: any,
            download: any,
            operator: None,
            socket: socket.clone(),
            name_authorities,
        };
        let limits = Limits {
            per_address_per_second: usize::MAX,
            per_device: 1000,
            ..Limits::default()
        };
        let bound = runtime.block_on(async { bind(&config, &limits).unwrap() });
        let at = bound.addresses();
        let (stop, stopped) = watch::channel(false);
        let (served, shown) = (Arc::clone(&context), identity.clone());
        let serving = runtime.spawn(async move {
            let token = "unused".into();
            bound.serve(served, &shown, token, limits, stopped).await
        });
        Self {
            context,
            clock,
            at,
            identity,
            device_root: device.root,
            devices,
            server_root: server.root,
            servers,
            author,
            socket,
            stop,
            serving: Some(serving),
            runtime,
            _folder: folder,
        }
    }

    /// Enrolls a device whose certificate ends at `not_after`, or never.
    pub(crate) fn enroll(&self, id: &str, not_after: Option<u64>) -> Board {
        let validity = Validity {
            not_before: UnixTime(START - 3600),
            not_after: not_after.map(UnixTime),
        };
        self.enroll_within(id, validity)
    }

    /// The same of a certificate that begins when it is said to.
    pub(crate) fn enroll_within(&self, id: &str, validity: Validity) -> Board {
        let (board, leaf) = self.certify(id, validity);
        let record = CertificateRecord {
            fingerprint: Digest(leaf.fingerprint()),
            serial: leaf.serial_hex(),
            profile: CertificateProfile::Device,
            device: Some(id.parse().unwrap()),
            subject: leaf.subject_text().to_owned(),
            issuer: None,
            not_before: UnixTime(leaf.not_before()),
            not_after: UnixTime(leaf.not_after()),
            revoked: None,
            der: leaf.der().to_vec(),
        };
        let device = Device {
            id: id.parse().unwrap(),
            product: PRODUCT.parse().unwrap(),
            urn: device_urn(id),
            pin: None,
            state: DeviceState::Active,
            state_reason: None,
            enrolled_at: UnixTime(START),
            last_seen: None,
            running: None,
        };
        let audit = audit();
        let made = self.context.store.create_device(&device, &record, &audit);
        self.runtime.block_on(made).unwrap();
        board
    }

    /// A device with a certificate that the store knows nothing of.
    pub(crate) fn unrecorded(&self, id: &str) -> Board {
        let validity = Validity {
            not_before: UnixTime(START),
            not_after: None,
        };
        self.certify(id, validity).0
    }

    fn certify(&self, id: &str, validity: Validity) -> (Board, Certificate) {
        let key = FileKey::generate().unwrap();
        let profile = Profile::Device {
            id: id.to_owned(),
            urn: device_urn(id),
        };
        let leaf = self
            .devices
            .issue(
                &profile,
                &Profiles::default().device,
                key.public_key(),
                validity,
                random_id(),
            )
            .unwrap();
        let chain = self.devices.chain_of(leaf.clone());
        let board = Board {
            chain: chain.iter().map(|one| one.der().to_vec()).collect(),
            key: key.to_pkcs8_der().unwrap(),
        };
        (board, leaf)
    }

    /// Registers another authority, which begins another generation of anchors; gives its certificate.
    pub(crate) fn register(&self, name: &str, subject: &str) -> Certificate {
        let key = FileKey::generate().unwrap();
        let validity = Validity {
            not_before: UnixTime(START - 3600),
            not_after: None,
        };
        let certificate = root::self_sign(
            subject,
            &Profiles::default().root,
            &key,
            validity,
            random_id(),
        )
        .unwrap();
        let authority = RegisteredAuthority {
            name: name.parse().unwrap(),
            der: certificate.der().to_vec(),
            key: Digest(sha256(certificate.public_key())),
            mapping: NameMapping::CommonName,
            product: None,
            vouches_for: VouchesFor::Known,
            new_until: None,
            known_after_end: false,
            registered_at: UnixTime(START),
        };
        self.runtime.block_on(async {
            let store = &self.context.store;
            store.add_authority(&authority, &audit()).await.unwrap();
            self.context.gate.load_anchors(&**store).await.unwrap();
        });
        certificate
    }

    /// Publishes a release whose image has at least so many bytes.
    pub(crate) fn publish(&self, bytes: u32) {
        let composition = Composition {
            chip: ChipId(5),
            secure_version: 0,
            version: "2.0.0",
            project_name: "gate",
            time: "00:00:00",
            date: "Jan  1 2026",
            idf_version: "v5.5.1",
            payload: b"",
            filler_len: bytes,
        };
        let mut image = vec![0; composed_len(&composition).unwrap()];
        let length = compose(&composition, &mut image, sha256).unwrap();
        image.truncate(length);
        let terms = sign::Terms {
            product: PRODUCT,
            counter: 1,
            created: UnixTime(START),
            not_after: None,
        };
        let manifest = sign::sign(&image, &terms, &self.author).unwrap();
        let published = publish::publish(&self.context, &manifest, &image);
        self.runtime.block_on(published).unwrap();
    }

    /// A client that shows a board's chain and never resumes.
    pub(crate) fn client(&self, board: &Board, version: Version) -> Client {
        Client::new(board, &self.server_root, version, false)
    }

    /// A client that resumes where it can.
    pub(crate) fn resuming(&self, board: &Board, version: Version) -> Client {
        Client::new(board, &self.server_root, version, true)
    }

    /// What the server says of itself on the operator plane.
    pub(crate) fn view(&self) -> ServerView {
        let mut socket = UnixStream::connect(&self.socket).unwrap();
        let request = "GET /v1/server HTTP/1.1\r\nHost: socket\r\nConnection: close\r\n\r\n";
        socket.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }

    /// How many chains were validated so far, and how many were remembered.
    pub(crate) fn chains(&self) -> [u64; 2] {
        let view = self.view();
        [view.validated_chains, view.remembered_chains]
    }

    /// Whether somebody was refused for this reason, and nobody since: who is refused may hear it before it is noted.
    pub(crate) fn refuses(&self, code: &str) -> bool {
        let patience = Instant::now();
        let last = || self.context.refusals.all().first().map(|last| last.code);
        while last() != Some(code) {
            if patience.elapsed() > Duration::from_secs(10) {
                println!("{:?} in place of {code}", last());
                return false;
            }
            thread::sleep(Duration::from_millis(1));
        }
        true
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(serving) = self.serving.take() {
            let ended = self.runtime.block_on(serving);
            assert!(thread::panicking() || matches!(ended, Ok(Ok(()))));
        }
    }
}

impl Board {
    pub(crate) fn fingerprint(&self) -> Digest {
        Digest(sha256(&self.chain[0]))
    }

    /// The same with other certificates.
    pub(crate) fn showing(&self, chain: Vec<Vec<u8>>) -> Self {
        Self {
            chain,
            key: self.key.clone(),
        }
    }
}

/// What all devices are.
pub(crate) const PRODUCT: &str = "gate";

/// When every world begins.
pub(crate) const START: u64 = 1_800_000_000;

pub(crate) const DAY: u64 = 24 * 3600;
