//! An installation without a server, and a clock that is set by hand.

use std::sync::Arc;

use countersign_fleet::{AuditEntry, DeviceId, RegisteredAuthority, conformance};
use countersign_keys::FileKey;
use countersign_operations::{
    Context, Error, Refusal,
    admit::{Shown, admit},
    authorities::{Kind, Nowhere},
    enroll,
};
use countersign_pki::certificate_request;
use countersign_x509::{Certificate, pem};
use tempfile::TempDir;

use crate::world::{self, NOW, Steady};

pub(crate) struct House {
    pub(crate) context: Arc<Context>,
    pub(crate) clock: Arc<Steady>,
    pub(crate) device_root: Certificate,
    pub(crate) server_issuing: Certificate,
    _folder: TempDir,
}

impl House {
    /// One with the products `ours` and `theirs`.
    pub(crate) async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let clock = Arc::<Steady>::default();
        let products = ["ours", "theirs"];
        let context = world::context(folder.path(), &clock, Arc::new(Nowhere), &products).await;
        let (device, server) = (
            context.authorities.line(Kind::Device),
            context.authorities.line(Kind::Server),
        );
        Self {
            context: Arc::new(context),
            clock,
            device_root: device.root.clone(),
            server_issuing: server.issuing.certificate().clone(),
            _folder: folder,
        }
    }

    /// Enrolls a device of ours; gives its certificate.
    pub(crate) async fn enroll(&self, name: &str) -> Certificate {
        let key = FileKey::generate().unwrap();
        let request = enroll::Request {
            id: id(name),
            product: Some("ours".parse().unwrap()),
            request: certificate_request(&key, name).unwrap().into_bytes(),
        };
        let view = enroll::enroll(&self.context, &request).await.unwrap();
        pem::certificates(view.chain.as_bytes()).unwrap().remove(0)
    }

    /// Registers an authority, or changes what is registered of it.
    pub(crate) async fn register(&self, authority: &RegisteredAuthority) {
        let (store, audit) = (&self.context.store, audit());
        if store.set_authority(authority, &audit).await.is_err() {
            store.add_authority(authority, &audit).await.unwrap();
        }
        let gate = &self.context.gate;
        gate.load_anchors(&**store).await.unwrap();
    }

    pub(crate) fn wait_until(&self, at: u64) {
        self.clock.set(at);
    }

    /// The device that comes in, or why it does not.
    pub(crate) async fn admit(&self, shown: &Shown) -> Result<DeviceId, Refusal> {
        match admit(&self.context, shown).await {
            Ok(admitted) => Ok(admitted.device().id.clone()),
            Err(Error::NotAdmitted(refusal)) => Err(refusal),
            Err(error) => panic!("{error}"),
        }
    }

    /// How many devices there are, and how many certificates of this one.
    pub(crate) async fn counts(&self, name: &str) -> (usize, usize) {
        let store = &self.context.store;
        let devices = store.devices().await.unwrap().len();
        (devices, store.certificates(&id(name)).await.unwrap().len())
    }
}

pub(crate) fn id(name: &str) -> DeviceId {
    name.parse().unwrap()
}

pub(crate) fn audit() -> AuditEntry {
    conformance::entry("test", "test", NOW)
}
