//! Our own authorities: what stands in each hierarchy now, what stood in it before, and who keeps the keys.

pub mod custody;

use std::{
    fmt,
    str::FromStr,
    sync::{Arc, PoisonError, RwLock},
};

use countersign_fleet::{CertificateProfile, CertificateRecord};
use countersign_pki::Authority;
use countersign_x509::Certificate;

pub use self::custody::{Custody, CustodyError, KeyPlace, Nowhere};
use crate::{
    Context, Error,
    crl::{self, Crls},
    record,
};

/// Which hierarchy.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// The one that certifies devices.
    Device,
    /// The one that certifies our servers.
    Server,
}

/// A hierarchy: its root, who issues under it now, and who did before.
#[derive(Clone, Debug)]
pub struct Line {
    /// The root.
    pub root: Certificate,
    /// Who issues now.
    pub issuing: Authority,
    /// Who issued before, the oldest first.
    pub superseded: Vec<Superseded>,
}

/// An authority that issues no more. What it issued is good until its own end, and so it signs its CRL.
#[derive(Clone, Debug)]
pub struct Superseded {
    /// Its number, from 1.
    pub number: u32,
    /// Its certificate.
    pub certificate: Certificate,
    /// The same with its key, where that is here.
    pub authority: Option<Authority>,
}

/// One authority, by its name.
#[derive(Clone, Debug)]
pub struct Named {
    /// `device-root`, `device-issuing`, `device-issuing.1` ...
    pub name: String,
    /// Its hierarchy.
    pub kind: Kind,
    /// Where it stands in it.
    pub level: Level,
    /// Its certificate.
    pub certificate: Certificate,
    /// The same with its key, where that is used here: never of a root.
    pub authority: Option<Authority>,
    /// Whether certificates of which no issuer was noted are its: those from when there was one authority for devices.
    pub and_unnoted: bool,
}

/// Where an authority stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Level {
    /// At the top, offline.
    Root,
    /// Below it, issuing.
    Issuing,
    /// Below it, issuing no more.
    Superseded,
}

/// Both hierarchies as they stand now. They may change while we serve.
pub struct Authorities {
    lines: RwLock<[Arc<Line>; 2]>,
    custody: Arc<dyn Custody>,
    /// What they publish.
    pub(crate) crls: Crls,
    /// Held by who replaces one, from the look at what stands to the end.
    pub(crate) changing: tokio::sync::Mutex<()>,
}

impl Authorities {
    /// The hierarchies of devices and of servers, and who keeps their keys.
    pub fn new(device: Line, server: Line, custody: Arc<dyn Custody>) -> Self {
        Self {
            lines: RwLock::new([Arc::new(device), Arc::new(server)]),
            custody,
            crls: Crls::default(),
            changing: tokio::sync::Mutex::default(),
        }
    }

    /// Two hierarchies that never change and whose keys lie nowhere: for those who only need somebody to issue. Each is an
    /// issuing authority with its root above it.
    ///
    /// # Errors
    /// [`Error::NoSuchAuthority`] where one has no root above it.
    pub fn fixed(device: Authority, server: Authority) -> Result<Self, Error> {
        let line = |issuing: Authority| {
            let root = issuing.chain().last().cloned();
            let subject = || issuing.certificate().subject_text().to_owned();
            let root = root.ok_or_else(|| Error::NoSuchAuthority(subject()))?;
            Ok::<_, Error>(Line {
                root,
                issuing,
                superseded: Vec::new(),
            })
        };
        Ok(Self::new(line(device)?, line(server)?, Arc::new(Nowhere)))
    }

    /// A hierarchy as it stands now.
    pub fn line(&self, kind: Kind) -> Arc<Line> {
        let [device, server] = &*self.lines.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(match kind {
            Kind::Device => device,
            Kind::Server => server,
        })
    }

    /// Who issues now.
    pub fn issuing(&self, kind: Kind) -> Authority {
        self.line(kind).issuing.clone()
    }

    /// Every authority, the roots first in each hierarchy, the newest before the older ones.
    pub fn named(&self) -> Vec<Named> {
        let mut all = Vec::new();
        for kind in Kind::ALL {
            let line = self.line(kind);
            let first = line.superseded.is_empty();
            let named = |name, level, certificate: &Certificate, authority| Named {
                name,
                kind,
                level,
                certificate: certificate.clone(),
                authority,
                and_unnoted: false,
            };
            all.push(named(kind.root(), Level::Root, &line.root, None));
            let issuing = line.issuing.certificate();
            let signs = Some(line.issuing.clone());
            all.push(Named {
                and_unnoted: kind == Kind::Device && first,
                ..named(kind.issuing(), Level::Issuing, issuing, signs)
            });
            for (n, old) in line.superseded.iter().enumerate().rev() {
                let (certificate, signs) = (&old.certificate, old.authority.clone());
                all.push(Named {
                    and_unnoted: kind == Kind::Device && n == 0,
                    ..named(
                        kind.superseded(old.number),
                        Level::Superseded,
                        certificate,
                        signs,
                    )
                });
            }
        }
        all
    }

    /// One authority by its name.
    ///
    /// # Errors
    /// [`Error::NoSuchAuthority`].
    pub fn find(&self, name: &str) -> Result<Named, Error> {
        let found = self.named().into_iter().find(|one| one.name == name);
        found.ok_or_else(|| Error::NoSuchAuthority(name.to_owned()))
    }

    /// Who keeps the keys.
    pub(crate) fn custody(&self) -> Arc<dyn Custody> {
        Arc::clone(&self.custody)
    }

    /// Has `issuing` issue from now on. Who did before is `number` then.
    pub(crate) fn succeed(&self, kind: Kind, issuing: Authority, number: u32) {
        let mut lines = self.lines.write().unwrap_or_else(PoisonError::into_inner);
        let [device, server] = &mut *lines;
        let line = match kind {
            Kind::Device => device,
            Kind::Server => server,
        };
        let mut superseded = line.superseded.clone();
        superseded.push(Superseded {
            number,
            certificate: line.issuing.certificate().clone(),
            authority: Some(line.issuing.clone()),
        });
        *line = Arc::new(Line {
            root: line.root.clone(),
            issuing,
            superseded,
        });
    }
}

/// Has the custody do something that may take a while: files are written, a token is asked.
pub(crate) async fn by_custody<T: Send + 'static>(
    context: &Context,
    work: impl FnOnce(&dyn Custody) -> Result<T, CustodyError> + Send + 'static,
) -> Result<T, Error> {
    let custody = context.authorities.custody();
    match tokio::task::spawn_blocking(move || work(&*custody)).await {
        Ok(done) => Ok(done?),
        Err(error) => Err(CustodyError(error.to_string()).into()),
    }
}

/// Records the certificates of our authorities which are not in the store: they are older than it is, or it is that of a
/// backup. So every certificate that we issued is there. The same with roots' CRLs.
///
/// # Errors
/// [`Error::Store`].
pub async fn record_all(context: &Context) -> Result<(), Error> {
    let mut all = Vec::new();
    for kind in Kind::ALL {
        let line = context.authorities.line(kind);
        let of =
            |one: &Certificate| record::of(one, CertificateProfile::Authority, None, &line.root);
        all.push(of(&line.root));
        all.extend(line.superseded.iter().map(|old| of(&old.certificate)));
        all.push(of(line.issuing.certificate()));
    }
    for record in all {
        record_once(context, &record, "startup", "ca.record").await?;
    }
    let named = context.authorities.named();
    for root in named.iter().filter(|one| one.level == Level::Root) {
        crl::adopt(context, root).await?;
    }
    Ok(())
}

/// Records a certificate, unless it is recorded.
pub(crate) async fn record_once(
    context: &Context,
    record: &CertificateRecord,
    actor: &str,
    action: &str,
) -> Result<(), Error> {
    if record::find(context, &record.fingerprint).await?.is_some() {
        return Ok(());
    }
    let audit = context.entry(actor, action, &record.subject, &record.serial);
    context.store.add_certificate(record, &audit).await?;
    Ok(())
}

impl Kind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Device, Self::Server];

    /// `device` or `server`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Server => "server",
        }
    }

    /// The name of its root.
    pub fn root(self) -> String {
        format!("{self}-root")
    }

    /// The name of who issues in it now.
    pub fn issuing(self) -> String {
        format!("{self}-issuing")
    }

    /// The name of who issued in it before.
    pub fn superseded(self, number: u32) -> String {
        format!("{self}-issuing.{number}")
    }
}

impl Level {
    /// `root`, `issuing` or `superseded`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Issuing => "issuing",
            Self::Superseded => "superseded",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or_else(|| Error::NoSuchAuthority(text.to_owned()))
    }
}

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorities").finish_non_exhaustive()
    }
}
