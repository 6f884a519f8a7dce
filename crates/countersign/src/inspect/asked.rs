//! What a command line asks for beside the servers: devices, times, how to connect.

use anyhow::{Context, Result};
use countersign_operations::{Clock as _, text::from_rfc3339};
use countersign_probe::Target;
use countersign_protocol::UnixTime;
use countersign_roots::Release;
use countersign_trust::Clock;
use countersign_x509::name::escaped;

use crate::{
    asking::Ways,
    cli::Probing,
    system::SystemClock,
    trust::releases::{self, max_entries},
};

/// What was asked for, read.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// How servers are asked.
    pub(crate) ways: Ways,
    /// What counts as now.
    pub(crate) now: UnixTime,
    /// What devices take for now.
    pub(crate) clock: Clock,
    /// The releases of the devices.
    pub(crate) releases: Vec<&'static Release>,
    /// Whether the releases were named, so that each must accept.
    pub(crate) releases_named: bool,
    /// How many roots the devices take.
    pub(crate) max_entries: usize,
    /// What chains from files must be for.
    pub(crate) host: Option<String>,
}

impl Asked {
    /// Reads the flags, and the files that they name.
    pub(crate) fn read(probing: &Probing) -> Result<Self> {
        let (now, clock) = match probing.clock.as_deref() {
            None => (SystemClock.now(), Clock::Ignored),
            Some("now") => {
                let now = SystemClock.now();
                (now, Clock::At(now))
            }
            Some(text) => {
                let now = from_rfc3339(text).with_context(|| {
                    format!("--clock {text} is no time such as 2027-06-30T00:00:00Z")
                })?;
                (now, Clock::At(now))
            }
        };
        let mut asked: Vec<&'static Release> = Vec::new();
        for text in &probing.idf {
            asked.extend(releases::named(text)?);
        }
        let named = !asked.is_empty();
        let all = Release::all().iter();
        let wanted = |release: &&Release| !named || asked.contains(release);
        Ok(Self {
            ways: Ways::read(&probing.asking)?,
            now,
            clock,
            releases: all.filter(wanted).collect(),
            releases_named: named,
            max_entries: max_entries(probing.max_certs)?,
            host: probing.host.as_deref().map(host).transpose()?,
        })
    }
}

/// A name or an address; a port does not matter.
fn host(text: &str) -> Result<String> {
    let target = text.parse::<Target>();
    let target = target.with_context(|| format!("--host {}", escaped(text)))?;
    Ok(target.host)
}
