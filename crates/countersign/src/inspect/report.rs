//! What was found, as one value: JSON for programs, and what the text is made of.

mod certificate;
mod chain;
mod devices;
mod difference;

use countersign_operations::text::rfc3339;
use countersign_roots::{Release, ReleaseSet};
use countersign_trust::{IdfRelease, Line, survey::Carried};
use countersign_x509::name::{self, escaped};
use serde::Serialize;

use super::{asked::Asked, gather::Gathered, known::Known};

pub(crate) use certificate::CertificateReport;
pub(crate) use chain::{ChainReport, PathReport};
pub(crate) use devices::{DevicesReport, Judging, LogReport};
pub(crate) use difference::Difference;

/// All of it.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Whether everything that was asked verifies.
    pub(crate) verified: bool,
    /// What was taken for now.
    pub(crate) time: String,
    /// Whether devices were taken to look at dates.
    pub(crate) devices_look_at_dates: bool,
    /// Where the roots are from.
    pub(crate) roots: String,
    /// How many days old they are, where their day is known.
    pub(crate) roots_age_days: Option<u64>,
    /// The releases whose rules were read and never run against the mbedTLS that they have.
    pub(crate) rules_only_read: String,
    /// One by server or file.
    pub(crate) targets: Vec<TargetReport>,
}

/// One server or file.
#[derive(Debug, Serialize)]
pub(crate) struct TargetReport {
    /// What it is called.
    pub(crate) target: String,
    /// Whether everything that was asked of it verifies.
    pub(crate) verified: bool,
    /// The name that its certificate must be for.
    pub(crate) host: Option<String>,
    /// Why nothing could be asked.
    pub(crate) failure: Option<String>,
    /// What is to be said of it.
    pub(crate) notes: Vec<String>,
    /// Where it was asked.
    pub(crate) addresses: Vec<AddressReport>,
    /// Each chain that was seen, once.
    pub(crate) chains: Vec<ChainReport>,
    /// How the chains behind the first one differ from it; empty where all addresses show the same.
    pub(crate) differences: Vec<Difference>,
}

/// One address of a server.
#[derive(Debug, Serialize)]
pub(crate) struct AddressReport {
    /// With its port.
    pub(crate) address: String,
    /// `1.2` or `1.3`.
    pub(crate) tls: Option<&'static str>,
    /// The cipher suite.
    pub(crate) suite: Option<String>,
    /// Which of the chains it sent, counted from 0.
    pub(crate) chain: Option<usize>,
    /// Whether it proved that it holds the key, where that could be checked.
    pub(crate) key_proved: Option<bool>,
    /// What it said when it asked for a client certificate.
    pub(crate) client_certificate: Option<ClientReport>,
    /// What went wrong.
    pub(crate) failure: Option<String>,
}

/// A server asked for a client certificate.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct ClientReport {
    /// The CAs that it names.
    pub(crate) authorities: Vec<String>,
    /// Whether one was shown.
    pub(crate) shown: bool,
    /// The alert by which it refused.
    pub(crate) refused: Option<String>,
}

impl Report {
    /// Judges all that was gathered.
    pub(crate) fn new(
        gathered: &[Gathered],
        known: &Known,
        asked: &Asked,
        judging: &Judging<'_>,
        showcerts: bool,
    ) -> Self {
        let targets: Vec<TargetReport> = gathered
            .iter()
            .map(|found| TargetReport::new(found, known, asked, judging, showcerts))
            .collect();
        Self {
            verified: targets.iter().all(|target| target.verified),
            time: rfc3339(asked.now),
            devices_look_at_dates: asked.clock != countersign_trust::Clock::Ignored,
            roots: known.source.clone(),
            roots_age_days: known
                .of
                .and_then(|of| Some(asked.now.0.checked_sub(of)? / DAY)),
            rules_only_read: only_read(asked).to_string(),
            targets,
        }
    }
}

fn only_read(asked: &Asked) -> ReleaseSet {
    let releases = asked.releases.iter().copied();
    let is_held = |release: &Release| {
        let line = Line::of(IdfRelease::from(release));
        line.is_some_and(|line| line.oracle().is_some())
    };
    releases.filter(|release| !is_held(release)).collect()
}

impl TargetReport {
    /// The first reason why it does not verify, in words.
    pub(crate) fn reason(&self) -> String {
        let addresses = self.addresses.iter().filter_map(|one| {
            let failure = one.failure.as_ref()?;
            Some(format!("{}: {failure}", one.address))
        });
        let unproved = self.addresses.iter().filter_map(|one| {
            let proved = one.key_proved != Some(false);
            (!proved).then(|| format!("{}: it does not hold the key", one.address))
        });
        let turned_away = self.addresses.iter().filter_map(|one| {
            let alert = one.client_certificate.as_ref()?.refused.as_ref()?;
            Some(format!(
                "{}: it refused the client certificate: {alert}",
                one.address
            ))
        });
        let chains = || self.chains.iter().enumerate();
        let faults = chains().flat_map(|(index, chain)| {
            let seen_at = self.seen_at(index);
            let faults = chain.counted.iter();
            faults.map(move |fault| format!("{fault}{seen_at}"))
        });
        let devices = chains().flat_map(|(index, chain)| {
            let rows = chain.devices.rows.iter();
            rows.map(move |row| (index, row))
        });
        let refused = devices
            .filter(|(_, row)| row.counts && !row.accepted)
            .map(|(index, row)| {
                format!(
                    "ESP-IDF {} refuses, with {}: {}{}",
                    row.releases,
                    match row.bundle {
                        "own" => "your bundle".to_owned(),
                        list => format!("its {list} list"),
                    },
                    row.why,
                    self.seen_at(index)
                )
            });
        let failure = self.failure.iter().cloned();
        let mut reasons = failure
            .chain(addresses)
            .chain(unproved)
            .chain(turned_away)
            .chain(faults)
            .chain(refused);
        reasons.next().unwrap_or_default()
    }

    fn new(
        found: &Gathered,
        known: &Known,
        asked: &Asked,
        judging: &Judging<'_>,
        showcerts: bool,
    ) -> Self {
        let host = found.host.as_deref();
        let chains: Vec<ChainReport> = found
            .chains
            .iter()
            .map(|chain| ChainReport::new(chain, host, known, asked, judging, showcerts))
            .collect();
        let addresses: Vec<AddressReport> = found
            .seen
            .iter()
            .map(|seen| AddressReport::new(seen, found))
            .collect();
        let mut notes = found.notes.clone();
        let differences = difference::all(&found.chains, &addresses);
        if !differences.is_empty() {
            notes.push(format!(
                "its addresses do not show the same: there are {} chains",
                chains.len()
            ));
        }
        if found.host.is_none() {
            notes.push("its name is not checked; say --host".to_owned());
        }
        let unproved = addresses.iter().any(|one| one.key_proved == Some(false));
        let turned_away = |one: &AddressReport| {
            let client = one.client_certificate.as_ref();
            client.is_some_and(|client| client.shown && client.refused.is_some())
        };
        let verified = found.is_whole()
            && chains.iter().all(|chain| chain.verified)
            && !unproved
            && !addresses.iter().any(turned_away);
        Self {
            target: found.label.clone(),
            verified,
            host: found.host.clone(),
            failure: found.failure.as_deref().map(escaped),
            notes,
            addresses,
            chains,
            differences,
        }
    }

    /// At which addresses a chain was seen, where not all show it: ` (chain 2, at 192.0.2.1:443)`.
    fn seen_at(&self, index: usize) -> String {
        if self.chains.len() < 2 {
            return String::new();
        }
        let at = difference::seen_at(&self.addresses, index).join(", ");
        format!(" (chain {}, at {at})", index.saturating_add(1))
    }
}

impl AddressReport {
    fn new(seen: &countersign_probe::Seen, found: &Gathered) -> Self {
        let client = seen.asked_for.as_ref().map(|asked| ClientReport {
            authorities: asked
                .authorities
                .iter()
                .map(|der| name::text(der).unwrap_or_else(|error| format!("unreadable: {error}")))
                .collect(),
            shown: asked.shown,
            refused: asked.refused.clone(),
        });
        Self {
            address: seen.address.to_string(),
            tls: seen.tls.as_ref().map(|tls| tls.version),
            suite: seen.tls.as_ref().map(|tls| tls.suite.clone()),
            chain: found.chains.iter().position(|chain| *chain == seen.chain),
            key_proved: seen.proved,
            client_certificate: client,
            failure: seen.failure.as_ref().map(ToString::to_string),
        }
    }
}

/// The bundles that are judged: both lists of ESP-IDF, and the user's.
pub(crate) fn carried<'a>(judging: &Judging<'a>) -> Vec<Carried<'a>> {
    let lists = judging.lists.iter().copied();
    lists.chain(judging.own.map(Carried::Own)).collect()
}

/// Seconds.
const DAY: u64 = 86_400;
