//! What is asked of every device before it is let in, without a look at the store: which authorities vouch for devices, and
//! whose certificates are barred.
//!
//! The planes ask it within the handshake, where nothing may wait. What it holds follows the store: it is loaded at the
//! start, and each verb that bars or admits somebody changes the store first and then this.

mod barred;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak},
};

use countersign_fleet::{AuthorityName, RegisteredAuthority, Store};
use countersign_protocol::Digest;
use countersign_x509::Certificate;

pub use self::barred::Bar;
use self::barred::BarredSet;
use crate::{Error, admit::Pace};

/// What is known of who may come, in memory.
pub struct Gate {
    barred: RwLock<BarredSet>,
    anchors: RwLock<Arc<Anchors>>,
    planes: Mutex<Vec<Weak<dyn Cut>>>,
    /// Held by who changes a device's state, or an authority, in the store and then here, so that no other change comes between the two.
    pub(crate) follows: tokio::sync::Mutex<()>,
    /// How many certificates of registered authorities were recorded lately.
    pub(crate) pace: Pace,
}

/// Where connections can be cut: a plane.
pub trait Cut: fmt::Debug + Send + Sync {
    /// Ends every connection whose peer showed one of these certificates, and forgets its sessions.
    fn cut(&self, fingerprints: &[Digest]);
}

/// The authorities that vouch for devices, as of one generation. Whoever remembers what followed from one generation
/// forgets it with the next.
#[derive(Clone, Debug)]
pub struct Anchors {
    /// Grows with each change.
    pub generation: u64,
    /// The anchors: our device root first, then those of registered authorities.
    pub all: Vec<Anchor>,
}

/// One authority that vouches for devices.
#[derive(Clone, Debug)]
pub struct Anchor {
    /// The registered authority's name; none for our own root.
    pub authority: Option<AuthorityName>,
    /// Its certificate.
    pub certificate: Certificate,
    /// What is registered of it; none of our own root.
    pub registered: Option<Registered>,
}

/// A registered authority, with its certificate as it was read. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Registered {
    /// What it may do, and where its certificates name their devices.
    pub authority: Arc<RegisteredAuthority>,
    /// Its certificate.
    pub certificate: Certificate,
}

impl Anchors {
    /// A registered authority by its name.
    pub fn registered(&self, name: &AuthorityName) -> Option<&Registered> {
        let all = self.all.iter();
        all.filter_map(|anchor| anchor.registered.as_ref())
            .find(|registered| registered.authority.name == *name)
    }
}

impl Gate {
    /// A gate that knows our own root alone and bars nobody.
    pub fn new(device_root: Certificate) -> Self {
        let own = Anchor {
            authority: None,
            certificate: device_root,
            registered: None,
        };
        Self {
            barred: RwLock::default(),
            anchors: RwLock::new(Arc::new(Anchors {
                generation: 0,
                all: vec![own],
            })),
            planes: Mutex::default(),
            follows: tokio::sync::Mutex::default(),
            pace: Pace::default(),
        }
    }

    /// Takes what the store says.
    ///
    /// # Errors
    /// [`Error::Store`]; then the gate stays as it was.
    pub async fn load(&self, store: &dyn Store) -> Result<(), Error> {
        let barred = store.barred().await?;
        self.load_anchors(store).await?;
        let mut set = self.barred.write().unwrap_or_else(PoisonError::into_inner);
        *set = BarredSet::of(&barred);
        Ok(())
    }

    /// Takes the registered authorities that the store knows.
    ///
    /// # Errors
    /// [`Error::Store`]; then the anchors stay as they were.
    pub async fn load_anchors(&self, store: &dyn Store) -> Result<(), Error> {
        let registered = store.authorities().await?;
        let mut anchors = self.anchors.write().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<Anchor> = anchors.all.iter().take(1).cloned().collect();
        for authority in registered {
            let Ok(certificate) = Certificate::from_der(&authority.der) else {
                tracing::error!(authority = %authority.name, "its certificate cannot be read, so it vouches for nobody");
                continue;
            };
            all.push(Anchor {
                authority: Some(authority.name.clone()),
                certificate: certificate.clone(),
                registered: Some(Registered {
                    authority: Arc::new(authority),
                    certificate,
                }),
            });
        }
        *anchors = Arc::new(Anchors {
            generation: anchors.generation.saturating_add(1),
            all,
        });
        Ok(())
    }

    /// The authorities that vouch for devices.
    pub fn anchors(&self) -> Arc<Anchors> {
        Arc::clone(&self.anchors.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the holder of a certificate is to be turned away, and as what.
    pub fn bars(&self, fingerprint: &Digest) -> Option<Bar> {
        let barred = self.barred.read().unwrap_or_else(PoisonError::into_inner);
        barred.find(fingerprint)
    }

    /// How many certificates are barred.
    pub fn barred(&self) -> usize {
        let barred = self.barred.read().unwrap_or_else(PoisonError::into_inner);
        barred.len()
    }

    /// Bars certificates, and ends the connections of their holders on every plane.
    pub fn bar(&self, fingerprints: &[Digest], bar: Bar) {
        let mut barred = self.barred.write().unwrap_or_else(PoisonError::into_inner);
        for fingerprint in fingerprints {
            barred.add(fingerprint, bar);
        }
        drop(barred);
        let planes = self.planes().clone();
        for plane in planes.iter().filter_map(Weak::upgrade) {
            plane.cut(fingerprints);
        }
    }

    /// Lets holders of suspended certificates in again. A revoked one stays barred.
    pub fn lift(&self, fingerprints: &[Digest]) {
        let mut barred = self.barred.write().unwrap_or_else(PoisonError::into_inner);
        for fingerprint in fingerprints {
            barred.lift(fingerprint);
        }
    }

    /// Has a plane's connections cut too, from now on and as long as it lives.
    pub fn guard(&self, plane: &Arc<dyn Cut>) {
        let mut planes = self.planes();
        planes.retain(|plane| plane.strong_count() > 0);
        planes.push(Arc::downgrade(plane));
    }

    fn planes(&self) -> MutexGuard<'_, Vec<Weak<dyn Cut>>> {
        self.planes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").finish_non_exhaustive()
    }
}
