//! What every workflow works with.

use std::{fmt, sync::Arc};

use countersign_fleet::{AuditEntry, Store};
use countersign_images::{ImageStore, url::UrlKey};
use countersign_protocol::UnixTime;
use countersign_x509::Certificate;

use crate::{
    authorities::Authorities, gate::Gate, refusals::Refusals, seen::SeenBuffer, settings::Settings,
};

/// Tells the time.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Now.
    fn now(&self) -> UnixTime;
}

/// Gives unpredictable bytes.
pub trait Entropy: fmt::Debug + Send + Sync {
    /// Fills `buffer`.
    fn fill(&self, buffer: &mut [u8]);
}

/// Everything that a workflow may use: one for each running program.
#[derive(Debug)]
pub struct Context {
    /// Devices, releases, offers, audit.
    pub store: Arc<dyn Store>,
    /// Images, by digest.
    pub images: Arc<dyn ImageStore>,
    /// Our own authorities, of devices and of servers.
    pub authorities: Authorities,
    /// Who may come, as far as a handshake asks.
    pub gate: Gate,
    /// The root of our servers, which devices trust.
    pub server_root: Certificate,
    /// The keys of download URLs; the first one signs, all are accepted.
    pub url_keys: Vec<UrlKey>,
    /// What the operator has set.
    pub settings: Settings,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives randomness.
    pub entropy: Arc<dyn Entropy>,
    /// What devices said in the last moment, not yet written.
    pub seen: SeenBuffer,
    /// Who was turned away lately, and why.
    pub refusals: Refusals,
    /// Held by whoever publishes, from the look at the newest release to the end: see [`crate::publish`].
    pub publishing: tokio::sync::Mutex<()>,
}

impl Context {
    /// Sixteen fresh random bytes: a serial number, an offer's id.
    pub fn random_id(&self) -> [u8; 16] {
        let mut id = [0; 16];
        self.entropy.fill(&mut id);
        id
    }

    /// An audit line of this moment.
    pub(crate) fn entry(
        &self,
        actor: &str,
        action: &str,
        subject: impl fmt::Display,
        detail: impl fmt::Display,
    ) -> AuditEntry {
        AuditEntry {
            at: self.clock.now(),
            actor: actor.to_owned(),
            action: action.to_owned(),
            subject: subject.to_string(),
            detail: detail.to_string(),
        }
    }
}

/// The actor of everything that comes through the operator plane.
pub(crate) const OPERATOR: &str = "operator";

/// The actor of what the server does by itself.
pub(crate) const SERVER: &str = "server";
