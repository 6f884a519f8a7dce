//! Asking all servers at once, and reading all files.

use anyhow::{Result, bail};
use countersign_probe::{Failure, Seen, fetch};
use tokio::task::JoinSet;

use super::{
    asked::Asked,
    source::{self, Source},
};

/// What one source gave.
#[derive(Debug)]
pub(crate) struct Gathered {
    /// What it is called.
    pub(crate) label: String,
    /// What its chains must be for, where that is checked.
    pub(crate) host: Option<String>,
    /// Where it was asked; empty for a file.
    pub(crate) seen: Vec<Seen>,
    /// Each chain once, in the order of the addresses.
    pub(crate) chains: Vec<Vec<Vec<u8>>>,
    /// Why nothing could be asked or read at all.
    pub(crate) failure: Option<String>,
    /// What else is to be said.
    pub(crate) notes: Vec<String>,
}

/// Reads the arguments, then asks, in their order.
pub(crate) async fn all(arguments: &[String], asked: &Asked) -> Result<Vec<Gathered>> {
    let mut sources: Vec<Source> = Vec::new();
    for argument in arguments {
        let source = Source::parse(argument)?;
        if !sources.contains(&source) {
            sources.push(source);
        }
    }
    if sources.len() > MAX_SOURCES {
        bail!(
            "{} servers and files are too many at once; {MAX_SOURCES} are taken",
            sources.len()
        );
    }
    let hosts = sources.iter().filter_map(|source| match source {
        Source::Host(target) => Some(target.clone()),
        _ => None,
    });
    asked.ways.are_for(&hosts.collect::<Vec<_>>())?;
    let mut asking = JoinSet::new();
    let mut gathered: Vec<(usize, Gathered)> = Vec::new();
    for (place, source) in sources.into_iter().enumerate() {
        let label = source.label();
        let target = match source {
            Source::Host(target) => target,
            Source::File(path) => {
                gathered.push((place, of_file(label, Some(&path), asked)?));
                continue;
            }
            Source::Stdin => {
                gathered.push((place, of_file(label, None, asked)?));
                continue;
            }
        };
        let options = asked.ways.to(&target);
        asking.spawn(async move {
            let answer = fetch(&target, &options).await;
            let host = options.sni.unwrap_or(target.host);
            let mut found = Gathered::new(label, Some(host));
            match answer {
                Ok(seen) => found.take(seen),
                Err(unresolved) => found.failure = Some(unresolved.to_string()),
            }
            (place, found)
        });
    }
    gathered.extend(asking.join_all().await);
    gathered.sort_by_key(|(place, _)| *place);
    Ok(gathered.into_iter().map(|(_, found)| found).collect())
}

fn of_file(label: String, path: Option<&std::path::Path>, asked: &Asked) -> Result<Gathered> {
    let read = source::read(path)?;
    let mut found = Gathered::new(label, asked.host.clone());
    found.chains = vec![read.chain];
    found.notes = read.notes;
    Ok(found)
}

impl Gathered {
    const fn new(label: String, host: Option<String>) -> Self {
        Self {
            label,
            host,
            seen: Vec::new(),
            chains: Vec::new(),
            failure: None,
            notes: Vec::new(),
        }
    }

    fn take(&mut self, seen: Vec<Seen>) {
        for one in &seen {
            if !one.chain.is_empty() && !self.chains.contains(&one.chain) {
                self.chains.push(one.chain.clone());
            }
        }
        self.seen = seen;
    }

    /// Whether every address showed a chain. One to which this machine has no way counts only where none did.
    pub(crate) fn is_whole(&self) -> bool {
        let out_of_reach =
            |seen: &&Seen| matches!(seen.failure, Some(Failure::NoRoute)) && seen.chain.is_empty();
        let asked = self.seen.iter().filter(|seen| !out_of_reach(seen));
        self.failure.is_none()
            && !self.chains.is_empty()
            && asked
                .clone()
                .all(|seen| !seen.chain.is_empty() && seen.failure.is_none())
    }
}

/// How many servers and files are looked at at once.
const MAX_SOURCES: usize = 256;
