//! TLS of one plane: our chain, the client's certificate demanded in the first handshake, sessions of its own.

mod anchors;
mod identity;
mod issuers;
mod paths;
mod refused;
mod rules;
mod sessions;
mod verifier;
mod version1;

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use countersign_operations::{Clock, Context};
use countersign_protocol::Digest;
use rustls::{
    ConfigBuilder, ServerConfig, SupportedCipherSuite, WantsVerifier,
    crypto::{CryptoProvider, aws_lc_rs},
    server::{StoresServerSessions, danger::ClientCertVerifier},
    time_provider::TimeProvider,
};
use rustls_pki_types::UnixTime;

use self::{anchors::Anchored, issuers::Issuers, paths::Paths, sessions::Sessions};
use crate::{Error, stats::Stats};

pub use identity::{About, Identity, IdentityHandle, Origin};
pub(crate) use refused::barred;
pub(crate) use verifier::Presented;

/// What all connections of a plane share.
pub(crate) struct PlaneTls {
    name: &'static str,
    context: Arc<Context>,
    stats: Arc<Stats>,
    identity: IdentityHandle,
    /// Whether clients are told whose certificates we take.
    names_authorities: bool,
    provider: Arc<CryptoProvider>,
    /// A configuration of which the verifier is to be said, as it is another one for each connection.
    begun: ConfigBuilder<ServerConfig, WantsVerifier>,
    anchored: RwLock<Arc<Anchored>>,
    paths: Paths,
    issuers: Issuers,
    sessions: Sessions,
}

impl PlaneTls {
    /// Sets up a plane that shows `identity` and takes clients under the gate's anchors.
    ///
    /// # Errors
    /// [`Error::Tls`] where there is no anchor.
    pub(crate) fn new(
        name: &'static str,
        identity: &IdentityHandle,
        names_authorities: bool,
        context: &Arc<Context>,
        stats: &Arc<Stats>,
    ) -> Result<Arc<Self>, Error> {
        let provider = Arc::new(provider());
        let time = Arc::new(OurTime(Arc::clone(&context.clock)));
        let begun = ServerConfig::builder_with_details(Arc::clone(&provider), time)
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::Tls(error.to_string()))?;
        let anchored = Anchored::of(&context.gate.anchors());
        if anchored.anchors.is_empty() {
            return Err(Error::Tls("no authority can vouch for devices".to_owned()));
        }
        Ok(Arc::new(Self {
            name,
            context: Arc::clone(context),
            stats: Arc::clone(stats),
            identity: identity.clone(),
            names_authorities,
            provider,
            begun,
            anchored: RwLock::new(Arc::new(anchored)),
            paths: Paths::default(),
            issuers: Issuers::default(),
            sessions: Sessions::default(),
        }))
    }

    /// The configuration of one connection, and what will be known of its peer even where the handshake fails.
    pub(crate) fn connection(self: &Arc<Self>) -> (Arc<Presented>, Arc<ServerConfig>) {
        let ready = self.identity.ready();
        let anchored = self.anchored();
        // A list that is not whole would tell a client that others are not wanted; an empty one says nothing (RFC 5246 §7.4.4).
        let fits = anchored.names_size <= ready.room.min(NAMES);
        let names = if self.names_authorities && fits {
            Arc::clone(&anchored.names)
        } else {
            Arc::default()
        };
        let presented = Arc::new(Presented::new(Arc::clone(self), names));
        let mut config = self
            .begun
            .clone()
            .with_client_cert_verifier(Arc::clone(&presented) as Arc<dyn ClientCertVerifier>)
            .with_cert_resolver(Arc::clone(&ready.resolver));
        config.max_fragment_size = Some(RECORD + RECORD_HEADER);
        config.ignore_client_order = true;
        config.session_storage = Arc::clone(&presented) as Arc<dyn StoresServerSessions>;
        config.send_tls13_tickets = 1;
        (presented, Arc::new(config))
    }

    /// Forgets the sessions of the holders of these certificates.
    pub(crate) fn forget(&self, fingerprints: &[Digest]) {
        self.sessions.forget(fingerprints);
    }

    /// The anchors as of now.
    fn anchored(&self) -> Arc<Anchored> {
        let now = self.context.gate.anchors();
        let had = Arc::clone(&self.anchored.read().unwrap_or_else(PoisonError::into_inner));
        if had.generation == now.generation {
            return had;
        }
        let made = Arc::new(Anchored::of(&now));
        let mut had = self
            .anchored
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if had.generation < made.generation {
            *had = Arc::clone(&made);
        }
        made
    }
}

/// AWS-LC, with the suites on SHA-256 before those on SHA-384: both are strong enough for years, and for the first nearly every
/// CPU has instructions, a device's too. So it is we who choose, as clients name AES-256 with SHA-384 first.
fn provider() -> CryptoProvider {
    let mut provider = aws_lc_rs::default_provider();
    provider.cipher_suites.sort_by_key(|suite| {
        let common = match suite {
            SupportedCipherSuite::Tls12(suite) => &suite.common,
            SupportedCipherSuite::Tls13(suite) => &suite.common,
        };
        common.hash_provider.output_len()
    });
    provider
}

impl fmt::Debug for PlaneTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlaneTls")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The house's clock, for rustls. It may go forward and back: nothing is measured by it but dates.
#[derive(Debug)]
struct OurTime(Arc<dyn Clock>);

impl TimeProvider for OurTime {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = self.0.now().0;
        Some(UnixTime::since_unix_epoch(std::time::Duration::from_secs(
            seconds,
        )))
    }
}

/// The most that we put into a record, in bytes, so that it has 4096 with its header. Devices built with 4 KiB receive buffers
/// take no more, and mbedTLS before 3.6.3 cannot reassemble a handshake message that is split over records: our whole part of
/// a handshake, which rustls packs into records without regard to messages, goes into one.
const RECORD: usize = 4096 - RECORD_HEADER;

/// What rustls counts as a part of a record, in bytes (RFC 5246 §6.2.1).
const RECORD_HEADER: usize = 5;

/// The most bytes of authorities' names that a client is sent, where there is room for them: stops many registered authorities
/// from making each handshake larger, of which a device reads nothing.
const NAMES: usize = 1024;
