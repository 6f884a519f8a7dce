//! The roots that may be chosen, and what is known of them.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use anyhow::{Context, Result, bail};
use countersign_operations::text::{from_rfc3339, hex};
use countersign_roots::table::from_hex;
use countersign_trust::{choose::Candidate, list};
use countersign_x509::{Certificate, name::escaped, sha256};
use serde::{Deserialize, Serialize};

use crate::files;

/// Roots to choose from.
#[derive(Debug)]
pub(crate) struct Pool {
    roots: Vec<Known>,
    /// Where they are from, for people.
    pub(crate) source: String,
    /// What of the list could not be read, or is not for servers.
    pub(crate) passed_over: Vec<String>,
}

/// One root, and what is known of it.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) certificate: Certificate,
    pub(crate) name: String,
    /// Whether the list of today has it.
    pub(crate) current: bool,
    pub(crate) distrust_after: Option<u64>,
}

/// What is said of a kept list of roots: `roots.toml` beside it.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kept {
    /// When it was taken.
    pub(crate) taken: String,
    /// From where.
    pub(crate) from: String,
    /// The SHA-256 of the file as it came.
    pub(crate) sha256: String,
    /// How many roots it has.
    pub(crate) roots: usize,
}

impl Pool {
    /// The roots of `file`; without one, those that are kept in the state directory, and those that are built in.
    pub(crate) fn open(file: Option<&Path>, state: &Path) -> Result<Self> {
        if let Some(file) = file {
            let bytes = files::read(file)?;
            let mut pool = Self::of_list(&bytes).with_context(|| file.display().to_string())?;
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            pool.source = format!("{name} ({})", hex(&sha256(&bytes)));
            return Ok(pool);
        }
        Ok(Self::kept(state)?.unwrap_or_else(Self::built_in))
    }

    /// Whether a file is a report of the CCADB (CSV): its first line names the columns.
    pub(crate) fn is_report(file: &Path) -> Result<bool> {
        let bytes = files::read(file)?;
        let first = bytes
            .split(|byte| *byte == b'\n')
            .next()
            .unwrap_or_default();
        Ok(String::from_utf8_lossy(first).contains("PEM Info"))
    }

    /// Those that are kept in the state directory, where some are, and those that are built in.
    pub(crate) fn kept(state: &Path) -> Result<Option<Self>> {
        let [list, about] = kept_in(state);
        if !list.is_file() {
            return Ok(None);
        }
        let bytes = files::read(&list)?;
        let kept: Kept = toml::from_str(&files::read_text(&about)?)
            .with_context(|| about.display().to_string())?;
        if kept.sha256 != hex(&sha256(&bytes)) {
            bail!(
                "{} is not what {} says; run `trust roots update` again",
                list.display(),
                about.display()
            );
        }
        let mut pool = Self::of_list(&bytes).with_context(|| list.display().to_string())?;
        pool.source = format!("the list taken on {} ({})", kept.taken, kept.sha256);
        // What Mozilla dropped may be what an old chain ends in; ESP-IDF shipped it.
        for mut built_in in Self::built_in().roots {
            let of_list = |known: &&mut Known| known.certificate == built_in.certificate;
            if let Some(known) = pool.roots.iter_mut().find(of_list) {
                known.name.clone_from(&built_in.name);
                known.distrust_after = known.distrust_after.or(built_in.distrust_after);
            } else {
                built_in.current = false;
                pool.roots.push(built_in);
            }
        }
        Ok(Some(pool))
    }

    /// Those that the list of today has, or the others.
    pub(crate) fn certificates(&self, current: bool) -> impl Iterator<Item = &Certificate> {
        let wanted = self
            .roots
            .iter()
            .filter(move |root| root.current == current);
        wanted.map(|root| &root.certificate)
    }

    fn of_list(bytes: &[u8]) -> Result<Self> {
        let list = list::read(bytes)?;
        let known = |listed: list::Listed| Known {
            name: listed
                .name
                .unwrap_or_else(|| name_of(&listed.certificate).to_owned()),
            certificate: listed.certificate,
            current: true,
            distrust_after: listed.distrust_after,
        };
        Ok(Self {
            roots: list.roots.into_iter().map(known).collect(),
            source: String::new(),
            passed_over: list.passed_over,
        })
    }

    fn built_in() -> Self {
        let known = |root: &countersign_roots::Root| Known {
            certificate: root.certificate().clone(),
            name: root.name().to_owned(),
            current: root.is_trusted_by_mozilla(),
            distrust_after: root.distrust_after(),
        };
        Self {
            roots: countersign_roots::all().iter().map(known).collect(),
            source: format!(
                "{}, of {}",
                countersign_roots::MOZILLA_SOURCE,
                countersign_roots::MOZILLA_DATE
            ),
            passed_over: Vec::new(),
        }
    }

    /// All of them, for a choice.
    pub(crate) fn candidates(&self, current_only: bool) -> Vec<Candidate> {
        let wanted = self
            .roots
            .iter()
            .filter(|root| root.current || !current_only);
        wanted
            .map(|root| Candidate {
                certificate: root.certificate.clone(),
                preferred: root.current,
            })
            .collect()
    }

    /// Which candidates succeed which, by their places in [`Self::candidates`].
    pub(crate) fn successors(candidates: &[Candidate]) -> Vec<(usize, usize)> {
        let places = |root: &countersign_roots::Root| {
            let certificate = root.certificate().clone();
            let same = move |(place, candidate): (usize, &Candidate)| {
                (candidate.certificate == certificate).then_some(place)
            };
            candidates
                .iter()
                .enumerate()
                .filter_map(same)
                .collect::<Vec<_>>()
        };
        let mut pairs = Vec::new();
        for succession in countersign_roots::successions() {
            let new: Vec<usize> = succession.successors().flat_map(places).collect();
            for old in succession.predecessors().flat_map(places) {
                pairs.extend(new.iter().map(|&new| (old, new)));
            }
        }
        pairs
    }

    /// What is known of a certificate, if it is one of these.
    pub(crate) fn about(&self, certificate: &Certificate) -> Option<&Known> {
        self.roots
            .iter()
            .find(|root| root.certificate == *certificate)
    }

    /// A root that makes the same entry of a bundle: a cross-certificate is that of the root that it is for.
    pub(crate) fn same_entry(&self, certificate: &Certificate) -> Option<&Known> {
        self.roots
            .iter()
            .filter(|root| countersign_trust::bundle::is_same_entry(&root.certificate, certificate))
            .max_by_key(|root| (root.current, root.certificate.not_after()))
    }

    /// The root of this name, or with this SHA-256. Of several with one name, the one that today's list has.
    pub(crate) fn named(&self, name: &str) -> Result<&Known> {
        let digest = from_hex(&name.replace(':', ""));
        let called = |root: &&Known| {
            if let Some(digest) = digest {
                root.certificate.fingerprint() == digest
            } else {
                let is = |text: &str| text.to_lowercase() == name.trim().to_lowercase();
                is(&root.name) || root.certificate.common_name().is_some_and(is)
            }
        };
        let mut all: Vec<&Known> = self.roots.iter().filter(called).collect();
        if all.iter().any(|root| root.current) {
            all.retain(|root| root.current);
        }
        match all[..] {
            [one] => Ok(one),
            [] => bail!(
                "no root is called `{}`{}",
                escaped(name),
                self.suggest(name)
            ),
            ref several => {
                let list = several.iter().map(|root| {
                    let digest = hex(&root.certificate.fingerprint());
                    format!("\n  {digest}  {}", root.certificate.subject_text())
                });
                bail!(
                    "several roots are called `{}`; name one by its SHA-256:{}",
                    escaped(name),
                    list.collect::<String>()
                )
            }
        }
    }

    fn suggest(&self, name: &str) -> String {
        let wanted = name.trim().to_lowercase();
        let names = || self.roots.iter().map(|root| root.name.as_str());
        let has = |name: &&str| !wanted.is_empty() && name.to_lowercase().contains(&wanted);
        let mut like: Vec<&str> = names().filter(has).collect();
        // Or else those that begin as this one does: the end is what is mistaken most.
        let alike = |name: &str| {
            let name = name.to_lowercase();
            let pairs = name.chars().zip(wanted.chars());
            pairs.take_while(|(a, b)| a == b).count()
        };
        let most = names().map(alike).max().unwrap_or(0);
        if like.is_empty() && most >= ALIKE {
            like.extend(names().filter(|name| alike(name) == most));
        }
        like.dedup();
        like.truncate(SUGGESTIONS);
        if like.is_empty() {
            return "; `trust roots --json` lists all names".to_owned();
        }
        format!("; did you mean {}?", like.join(", "))
    }

    /// All roots.
    pub(crate) fn roots(&self) -> &[Known] {
        &self.roots
    }
}

/// What the table of roots says of a certificate, which is not opened for this: name, and the end of Mozilla's trust.
pub(crate) fn listed(sha256: &str) -> Option<(&'static str, Option<u64>)> {
    let line = LINES.get(sha256)?;
    let mut fields = line.splitn(COLUMNS, ',').skip(1);
    let after = from_rfc3339(fields.next()?).map(|after| after.0);
    Some((fields.nth(COLUMNS - 3)?, after))
}

/// The lines of `roots.csv` by their first column.
static LINES: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let lines = countersign_roots::table::CSV.lines();
    lines
        .filter_map(|line| Some((line.split_once(',')?.0, line)))
        .filter(|(sha256, _)| sha256.len() == SHA256_DIGITS)
        .collect()
});

/// How long a row's first column is; those of comments and of the heading are shorter.
const SHA256_DIGITS: usize = 64;

/// Of `roots.csv`: the last may hold commas.
const COLUMNS: usize = 7;

/// What people call a certificate: its common name, or else its whole name.
pub(crate) fn name_of(certificate: &Certificate) -> &str {
    certificate
        .common_name()
        .unwrap_or_else(|| certificate.subject_text())
}

/// Where a list is kept, and what is said of it.
pub(crate) fn kept_in(state: &Path) -> [PathBuf; 2] {
    let folder = state.join("trust");
    [folder.join("roots.list"), folder.join("roots.toml")]
}

/// How many letters two names must share to be taken for each other.
const ALIKE: usize = 6;

/// How many names are suggested for one that is not known.
const SUGGESTIONS: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_the_table_says() {
        for root in countersign_roots::all() {
            let expected = Some((root.name(), root.distrust_after()));
            assert_eq!(listed(&hex(root.sha256())), expected);
        }
        assert_eq!(listed("sha256"), None);
    }
}
