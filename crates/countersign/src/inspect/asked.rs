//! What a command line asks for beside the servers: devices, times, how to connect.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use countersign_operations::{Clock as _, text::from_rfc3339};
use countersign_probe::{ClientIdentity, Options, Target};
use countersign_protocol::UnixTime;
use countersign_roots::Release;
use countersign_trust::Clock;
use zeroize::Zeroizing;

use crate::{cli::Probing, files, system::SystemClock, trust::releases};

/// What was asked for, read.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// How servers are asked.
    pub(crate) options: Options,
    /// What counts as now.
    pub(crate) now: UnixTime,
    /// What devices take for now.
    pub(crate) clock: Clock,
    /// The releases of the devices.
    pub(crate) releases: Vec<&'static Release>,
    /// Whether the releases were named, so that each must accept.
    pub(crate) releases_named: bool,
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
            options: options(probing)?,
            now,
            clock,
            releases: all.filter(wanted).collect(),
            releases_named: named,
            host: probing.host.as_deref().map(host).transpose()?,
        })
    }
}

fn options(probing: &Probing) -> Result<Options> {
    if !(0.1..=600.0).contains(&probing.timeout) {
        bail!("--timeout takes seconds between 0.1 and 600");
    }
    let connect = probing.connect.as_deref().map(|text| {
        let target = text.parse::<Target>();
        target.with_context(|| format!("--connect {}", text.escape_debug()))
    });
    let client = match (&probing.cert, &probing.key) {
        (Some(cert), Some(key)) => {
            let (chain, secret) = (files::read(cert)?, Zeroizing::new(files::read(key)?));
            let pair = ClientIdentity::from_pem(&chain, &secret);
            Some(pair.with_context(|| format!("{} and {}", cert.display(), key.display()))?)
        }
        _ => None,
    };
    Ok(Options {
        connect: connect.transpose()?,
        sni: probing.sni.as_deref().map(host).transpose()?,
        client,
        timeout: Duration::from_secs_f64(probing.timeout),
        ..Options::default()
    })
}

/// A name or an address alone.
fn host(text: &str) -> Result<String> {
    let target: Target = text
        .parse()
        .with_context(|| format!("`{}`", text.escape_debug()))?;
    Ok(target.host)
}
