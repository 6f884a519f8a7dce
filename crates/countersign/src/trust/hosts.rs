//! Servers, and the chains that they were seen to send.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::{Context, Result};
use countersign_probe::{Failure, Seen, Target as Address, fetch};
use countersign_trust::choose::Host;
use countersign_x509::Certificate;
use tokio::task::JoinSet;

use crate::{asking::Ways, cli::Asking, files, trust::certificates};

/// Which servers, and what is known of them beforehand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// As the user named them.
    pub(crate) hosts: Vec<String>,
    /// Those that he did not name and that are asked all the same.
    pub(crate) others: Vec<String>,
    /// What their certificates must be for, by labels, where that is known beforehand and is another name.
    pub(crate) names: BTreeMap<String, String>,
    /// Files with chains, with the host where the user named it.
    pub(crate) chains: Vec<(Option<String>, PathBuf)>,
    /// How those without a file are asked.
    pub(crate) asking: Asking,
}

/// What was seen.
#[derive(Debug, Default)]
pub(crate) struct Look {
    /// The servers, in the order of their labels; each with one chain at least, each chain once.
    pub(crate) hosts: Vec<Host>,
    /// Those that showed nothing, and why.
    pub(crate) silent: Vec<(String, String)>,
    /// What is to be said besides: addresses that did not answer.
    pub(crate) notes: Vec<String>,
}

/// Splits `[HOST=]FILE`.
pub(crate) fn chain_argument(text: &str) -> (Option<String>, PathBuf) {
    match text.split_once('=') {
        Some((host, file)) if host.parse::<Address>().is_ok() => {
            (Some(host.to_owned()), file.into())
        }
        _ => (None, text.into()),
    }
}

/// Takes the chains of files, and asks all other hosts at once.
pub(crate) async fn look(asked: &Asked) -> Result<Look> {
    let mut look = Look::default();
    let mut addresses = Vec::new();
    for host in asked.hosts.iter().chain(&asked.others) {
        let address = address(host)?;
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    let mut seen: Vec<(Address, Vec<Vec<u8>>)> = Vec::new();
    for (host, file) in &asked.chains {
        let chain =
            certificates::parse(&files::read(file)?).with_context(|| file.display().to_string())?;
        let whose = match (host, &addresses[..]) {
            (Some(host), _) => address(host)?,
            (None, [only]) if asked.others.is_empty() => only.clone(),
            (None, _) => named_by(&chain[0])
                .with_context(|| format!("{} names no host; say HOST={0}", file.display()))?,
        };
        seen.push((whose, chain.iter().map(|one| one.der().to_vec()).collect()));
    }
    let ways = Ways::read(&asked.asking)?;
    let all = addresses.iter().chain(seen.iter().map(|(whose, _)| whose));
    ways.are_for(&all.cloned().collect::<Vec<_>>())?;
    let name = |address: &Address| {
        let said = ways.to(address).sni;
        said.or_else(|| asked.names.get(&address.to_string()).cloned())
    };
    let mut asking = JoinSet::new();
    for address in addresses {
        if seen.iter().any(|(whose, _)| *whose == address) {
            continue;
        }
        let mut options = ways.to(&address);
        options.sni = name(&address);
        asking.spawn(async move {
            let answer = fetch(&address, &options).await;
            (address, answer)
        });
    }
    for (address, answer) in asking.join_all().await {
        match answer {
            Err(unresolved) => look
                .silent
                .push((address.to_string(), unresolved.to_string())),
            Ok(answers) => {
                let chains = look.take(&address, answers);
                seen.extend(chains.into_iter().map(|chain| (address.clone(), chain)));
            }
        }
    }
    seen.sort_by_key(|(address, chain)| (address.to_string(), chain.clone()));
    seen.dedup();
    for (address, chain) in seen {
        let label = address.to_string();
        match look.hosts.last_mut() {
            Some(host) if host.label == label => host.chains.push(chain),
            _ => look.hosts.push(Host {
                label,
                name: name(&address).unwrap_or(address.host),
                chains: vec![chain],
            }),
        }
    }
    look.silent.sort();
    look.notes.sort();
    Ok(look)
}

impl Look {
    /// The chains of all addresses of one host.
    fn take(&mut self, address: &Address, answers: Vec<Seen>) -> Vec<Vec<Vec<u8>>> {
        let mut chains = Vec::new();
        let mut failures = Vec::new();
        for answer in answers {
            let turned_away = answer.asked_for.filter(|asked| asked.shown);
            if let Some(alert) = turned_away.and_then(|asked| asked.refused) {
                let at = answer.address;
                self.notes.push(format!(
                    "{address}: {at} refused the client certificate: {alert}"
                ));
            }
            if answer.chain.is_empty() {
                let why = answer
                    .failure
                    .map_or_else(|| "it sent no certificate".to_owned(), |why| said(&why));
                failures.push((answer.address, why));
            } else {
                chains.push(answer.chain);
            }
        }
        if chains.is_empty() {
            let all: Vec<String> = failures
                .iter()
                .map(|(at, why)| format!("{at}: {why}"))
                .collect();
            self.silent.push((address.to_string(), all.join("; ")));
        } else {
            for (at, why) in failures {
                self.notes
                    .push(format!("{address}: nothing is known of {at}: {why}"));
            }
        }
        chains
    }
}

fn said(failure: &Failure) -> String {
    countersign_operations::text::chain(failure)
}

/// Reads a host as a person types it. What is wrong is said without the text, which may be a signed URL.
fn address(host: &str) -> Result<Address> {
    host.parse::<Address>()
        .with_context(|| format!("a host of {} letters", host.chars().count()))
}

/// The first name of a server's certificate that is a name.
fn named_by(leaf: &Certificate) -> Option<Address> {
    let names = leaf.dns_names().iter().cloned();
    let addresses = leaf.ip_addresses().iter().map(ToString::to_string);
    let common = (!leaf.has_subject_alt_name())
        .then(|| leaf.common_name().map(str::to_owned))
        .flatten();
    let mut all = names.chain(addresses).chain(common);
    all.find_map(|name| name.parse().ok())
}
