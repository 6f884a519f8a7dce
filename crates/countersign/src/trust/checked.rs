//! What became of a bundle's servers since it was made.

mod metrics;

use countersign_protocol::UnixTime;
use countersign_trust::{
    bundle::is_same_entry,
    choose::Host,
    lock::{Lock, LockedRoot},
};
use countersign_x509::Certificate;

use crate::{
    output::date,
    trust::{
        lock,
        made::{Proved, packs, proofs, refused},
        pool::{Pool, listed},
    },
};

pub(crate) use metrics::metrics;

/// How bad it is, in ascending order.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Level {
    /// All devices verify, and nothing has changed.
    Fine,
    /// Something changed, and does no harm.
    Change,
    /// Something will do harm.
    Warning,
    /// Somebody could not be asked.
    Unknown,
    /// A device would fail now.
    Alarm,
}

impl Level {
    /// The program's exit code.
    pub(crate) const fn exit_code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Unknown => 1,
            Self::Change => 3,
            Self::Warning => 4,
            Self::Alarm => 5,
        }
    }

    /// In one word.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Unknown => "unknown",
            Self::Change => "change",
            Self::Warning => "warning",
            Self::Alarm => "alarm",
        }
    }
}

/// One thing that was found.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) level: Level,
    /// The host that it is about; none for a root.
    pub(crate) host: Option<String>,
    pub(crate) what: String,
}

/// Everything that was found.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) findings: Vec<Finding>,
    pub(crate) hosts: Vec<Host>,
    pub(crate) silent: Vec<(String, String)>,
    pub(crate) proofs: Vec<Proved>,
    pub(crate) roots: Vec<RootState>,
    pub(crate) now: UnixTime,
}

/// One root of the bundle.
#[derive(Clone, Debug)]
pub(crate) struct RootState {
    pub(crate) name: String,
    pub(crate) sha256: String,
    pub(crate) not_after: u64,
    pub(crate) distrust_after: Option<u64>,
    /// Announced, and not in the bundle.
    pub(crate) missing: Vec<String>,
}

impl Checked {
    /// The worst of all.
    pub(crate) fn level(&self) -> Level {
        let levels = self.findings.iter().map(|finding| finding.level);
        levels.max().unwrap_or(Level::Fine)
    }
}

/// Compares a lock file with what was seen now.
pub(crate) fn check(
    lock: &Lock,
    hosts: Vec<Host>,
    silent: Vec<(String, String)>,
    pool: &Pool,
    days: u64,
    now: UnixTime,
) -> anyhow::Result<Checked> {
    let roots = lock.roots()?;
    let targets = lock::targets(lock, Some(now))?;
    let packs = packs(&roots, &targets)?;
    let proofs = proofs(&hosts, &targets, &packs);
    let mut findings = Vec::new();
    for (host, why) in &silent {
        findings.push(Finding {
            level: Level::Unknown,
            host: Some(host.clone()),
            what: format!("it could not be asked: {why}"),
        });
    }
    let before = lock.hosts()?;
    for host in &hosts {
        let of_host = proofs.iter().filter(|proof| proof.host == host.label);
        let alarm = refused(of_host);
        let known = before.iter().find(|known| known.label == host.label);
        let finding = match (alarm, known) {
            (Some(what), _) => Some((Level::Alarm, what)),
            (None, None) => Some((
                Level::Change,
                "it is new: the lock file does not know it; every device accepts it".to_owned(),
            )),
            (None, Some(known)) => changed(known, host).map(|what| (Level::Change, what)),
        };
        findings.extend(finding.map(|(level, what)| Finding {
            level,
            host: Some(host.label.clone()),
            what,
        }));
    }
    let roots = roots_now(lock, &roots, pool);
    findings.extend(roots.iter().flat_map(|root| warnings(root, days, now)));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    Ok(Checked {
        findings,
        hosts,
        silent,
        proofs,
        roots,
        now,
    })
}

/// How what a server sends above its own certificate differs from before; its own is renewed all the time.
fn changed(before: &Host, now: &Host) -> Option<String> {
    let above = |chain: &Vec<Vec<u8>>| chain.get(1..).unwrap_or_default().to_vec();
    let known: Vec<Vec<Vec<u8>>> = before.chains.iter().map(above).collect();
    let new: Vec<&Vec<Vec<u8>>> = now
        .chains
        .iter()
        .filter(|chain| !known.contains(&above(chain)))
        .collect();
    let chain = new.first()?;
    let names: Vec<String> = above(chain)
        .iter()
        .map(|der| {
            Certificate::from_der(der)
                .map_or_else(|_| "?".to_owned(), |one| one.subject_text().to_owned())
        })
        .collect();
    let sends = if names.is_empty() {
        "nothing but its own certificate".to_owned()
    } else {
        format!("`{}` behind its own certificate", names.join("`, `"))
    };
    Some(format!(
        "it sends {sends}, which the lock file does not know; every device accepts it. `trust bundle` takes it down"
    ))
}

fn roots_now(lock: &Lock, certificates: &[Certificate], pool: &Pool) -> Vec<RootState> {
    let state = |(root, certificate): (&LockedRoot, &Certificate)| {
        let known = pool.about(certificate);
        let row = listed(&root.sha256);
        let mut missing = Vec::new();
        for succession in countersign_roots::successions() {
            let mut predecessors = succession.predecessors();
            if !predecessors.any(|old| is_same_entry(old.certificate(), certificate)) {
                continue;
            }
            for new in succession.successors() {
                let is_in = |known: &Certificate| is_same_entry(known, new.certificate());
                if !certificates.iter().any(is_in) {
                    missing.push(new.name().to_owned());
                }
            }
        }
        RootState {
            name: root.name.clone(),
            sha256: root.sha256.clone(),
            not_after: certificate.not_after(),
            distrust_after: known
                .and_then(|known| known.distrust_after)
                .or_else(|| row.and_then(|(_, after)| after)),
            missing,
        }
    };
    lock.root.iter().zip(certificates).map(state).collect()
}

fn warnings(root: &RootState, days: u64, now: UnixTime) -> Vec<Finding> {
    let soon = now.0.saturating_add(days.saturating_mul(86_400));
    let mut all = Vec::new();
    let mut warn = |what: String| {
        all.push(Finding {
            level: Level::Warning,
            host: None,
            what,
        });
    };
    let verb = |at: u64, past: &'static str, future: &'static str| {
        if at < now.0 { past } else { future }
    };
    let name = &root.name;
    if root.not_after <= soon {
        let verb = verb(root.not_after, "ended", "ends");
        warn(format!(
            "the root `{name}` {verb} on {}: its servers will move to another",
            date(root.not_after)
        ));
    }
    if let Some(at) = root.distrust_after.filter(|&at| at <= soon) {
        let verb = verb(at, "has taken", "takes");
        warn(format!(
            "Mozilla {verb} no certificate that `{name}` issues after {}: its servers will move to another",
            date(at)
        ));
    }
    if !root.missing.is_empty() {
        warn(format!(
            "the root `{name}` is announced to be succeeded by {}, which the bundle lacks: `trust bundle --successors`",
            root.missing.join(", ")
        ));
    }
    all
}
