//! What every release of ESP-IDF makes of one chain, each with its own bundle or with the user's, and what would mend a
//! refusal.
//!
//! A mend is named only after it was tried: the device is asked again as it would be then.

mod carried;
mod mend;

use countersign_roots::{DefaultList, Release, ReleaseSet};

use crate::chain::Chain;
use crate::device::judge_with;
use crate::mbedtls::Signatures;
use crate::{Clock, Device, DeviceLog, Refusal, Step, Verdict};

pub use carried::{Carried, Own};
pub use mend::Mend;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Survey<'a, 'c> {
    /// What the server sent, sorted out.
    pub chain: &'a Chain,
    /// The name or address by which the device calls the server.
    pub host: &'a str,
    /// What the devices take for now.
    pub clock: Clock,
    /// The releases that are asked.
    pub releases: &'a [&'static Release],
    /// How many roots they take ([`Device::max_entries`]).
    pub max_entries: usize,
    /// With which bundles.
    pub carried: &'a [Carried<'c>],
}

/// Releases that say the same with the same kind of bundle.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Row<'a> {
    /// Which.
    pub releases: ReleaseSet,
    /// What they carry.
    pub carried: Carried<'a>,
    /// What they say.
    pub outcome: Outcome,
    /// Every step that led the oldest of them to it.
    pub steps: Vec<Step>,
    /// What they print of it, in the order in which they do.
    pub log: Vec<LogLine>,
    /// The flags that the oldest of them has set then ([`DeviceLog::flag_names`]).
    pub flags: Vec<&'static str>,
}

/// A line that devices print ([`DeviceLog::lines`]).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogLine {
    /// `TAG: text`.
    pub text: String,
    /// Which releases do.
    pub releases: ReleaseSet,
}

/// What a device says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It accepts.
    Accepted {
        /// The subject of the bundle's entry that vouches: a DER `Name`.
        anchor_subject: Vec<u8>,
        /// That entry's key: a DER `SubjectPublicKeyInfo`.
        anchor_key: Vec<u8>,
    },
    /// The bundle is not of the format that it reads, so that it was not asked.
    OtherFormat,
    /// It refuses.
    Refused {
        /// Why.
        refusal: Refusal,
        /// What would have it accept, each tried by itself; the server's part first.
        mends: Vec<Mend>,
    },
}

impl Outcome {
    /// Whether it accepts.
    pub const fn is_accepted(&self) -> bool {
        matches!(self, Self::Accepted { .. })
    }
}

/// Asks them all. Rows of one kind of bundle stand together, in the order of their oldest releases.
pub fn survey<'c>(asked: &Survey<'_, 'c>) -> Vec<Row<'c>> {
    let sent: Vec<&[u8]> = asked.chain.sent.iter().map(|sent| &*sent.der).collect();
    let signatures = Signatures::default();
    let mut rows: Vec<Row<'c>> = Vec::new();
    for &carried in asked.carried {
        let first = rows.len();
        let mut singles = Vec::new();
        let mut details = Vec::new();
        for &release in asked.releases {
            let (outcome, of_this) = ask(asked, &signatures, &sent, release, carried);
            singles.push((release, outcome));
            details.push(of_this);
        }
        mend::by_newer_release(&mut singles);
        for ((release, outcome), (steps, log)) in singles.into_iter().zip(details) {
            let set = ReleaseSet::from_iter([release]);
            let same = rows
                .iter_mut()
                .skip(first)
                .find(|row| row.outcome == outcome);
            let lines = log.lines(release.into());
            if let Some(row) = same {
                row.releases = row.releases | set;
                row.print(lines, set);
                continue;
            }
            let mut row = Row {
                releases: set,
                carried,
                outcome,
                steps,
                log: Vec::new(),
                flags: log.flag_names(),
            };
            row.print(lines, set);
            rows.push(row);
        }
    }
    rows
}

impl Row<'_> {
    /// Takes up what one more release prints; a line that is new stands where that release prints it.
    fn print(&mut self, lines: Vec<String>, releases: ReleaseSet) {
        let mut end = self.log.len();
        for text in lines.into_iter().rev() {
            let mut before = self.log.iter_mut().take(end).enumerate().rev();
            if let Some((at, line)) = before.find(|(_, line)| line.text == text) {
                line.releases = line.releases | releases;
                end = at;
            } else {
                self.log.insert(end, LogLine { text, releases });
            }
        }
    }
}

fn ask(
    asked: &Survey<'_, '_>,
    signatures: &Signatures,
    sent: &[&[u8]],
    release: &'static Release,
    carried: Carried<'_>,
) -> (Outcome, (Vec<Step>, DeviceLog)) {
    let cross_signed = release.settings().cross_signed;
    let Some(bundle) = carried.bundle(release, cross_signed, false, &[]) else {
        return (Outcome::OtherFormat, Default::default());
    };
    let verdict = judged(asked, signatures, sent, release, &bundle, cross_signed);
    let outcome = match verdict.outcome {
        Ok(acceptance) => Outcome::Accepted {
            anchor_subject: acceptance.anchor_subject,
            anchor_key: acceptance.anchor_key,
        },
        Err(refusal) => {
            let mends = mend::tried(asked, signatures, sent, release, carried, &bundle);
            Outcome::Refused { refusal, mends }
        }
    };
    (outcome, (verdict.steps, verdict.log))
}

fn judged(
    asked: &Survey<'_, '_>,
    signatures: &Signatures,
    sent: &[&[u8]],
    release: &Release,
    bundle: &[u8],
    cross_signed: bool,
) -> Verdict {
    let device = Device {
        release: release.into(),
        bundle,
        clock: asked.clock,
        cross_signed,
        max_entries: asked.max_entries,
    };
    judge_with(signatures, sent, asked.host, &device)
}

/// The two lists that every release has, as one asks for them.
pub const DEFAULT_LISTS: [Carried<'static>; 2] = [
    Carried::List(DefaultList::Full),
    Carried::List(DefaultList::Common),
];

#[cfg(test)]
mod tests;
