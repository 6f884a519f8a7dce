//! The smallest set of roots with which devices verify their servers.

mod cover;
mod kind;
mod prove;
mod ranked;
mod trial;

use std::collections::BTreeMap;

use countersign_x509::Certificate;
use esp_formats::bundle::Format;

use crate::bundle::{self, is_same_entry};
use crate::{Clock, Device, IdfRelease, Refusal, mbedtls::Signatures};

pub use kind::Kind;
pub use prove::{Proof, prove};
use ranked::Ranked;
use trial::Trial;

/// A server that devices talk to, and what it was seen to send.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Host {
    /// What people call it: name and port.
    pub label: String,
    /// What its certificate must be for: a name, or an IP address.
    pub name: String,
    /// Each chain that it was seen to send, DER, its own certificate first. All of them must verify, since a device
    /// may meet any.
    pub chains: Vec<Vec<Vec<u8>>>,
}

/// Devices of one kind: what whom they believe depends on, their bundle excepted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Target {
    /// What people call it: a tag, or a branch.
    pub label: String,
    /// The rules that it follows.
    pub release: IdfRelease,
    /// How it reads a bundle.
    pub format: Format,
    /// Whether it verifies chains that are signed across.
    pub cross_signed: bool,
    /// Whether it looks at dates.
    pub clock: Clock,
    /// How many roots it takes ([`Device::max_entries`]).
    pub max_entries: usize,
}

impl Target {
    /// A device of this kind with a bundle.
    pub const fn device<'b>(&self, bundle: &'b [u8]) -> Device<'b> {
        Device {
            release: self.release,
            bundle,
            clock: self.clock,
            cross_signed: self.cross_signed,
            max_entries: self.max_entries,
        }
    }
}

/// A root that may be chosen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Candidate {
    /// Its certificate.
    pub certificate: Certificate,
    /// Whether it is taken before others: today's list of Mozilla has it.
    pub preferred: bool,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The servers.
    pub hosts: &'a [Host],
    /// The devices.
    pub targets: &'a [Target],
    /// What is in the bundle whatever the servers need.
    pub given: &'a [Certificate],
    /// What may be added.
    pub candidates: &'a [Candidate],
    /// Which candidates succeed which, by their places in `candidates`: `(old, new)`.
    pub successors: &'a [(usize, usize)],
    /// What is added beyond need.
    pub policy: Policy,
}

/// What is added to the smallest set, so that devices outlive a change of a server's chain.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Policy {
    /// Every candidate that vouches for any certificate of a path: with a cross-signed chain, the root that it ends in
    /// and those that it would end in if the server sent less.
    pub parents: bool,
    /// The announced successors of what is in the bundle.
    pub successors: bool,
}

/// What was chosen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Choice {
    /// The certificates: the given ones in their order, then the chosen ones by rank.
    pub roots: Vec<Chosen>,
    /// Candidates that the policy asks for and that are left out, since one of the same name and another key is in.
    pub left_out: Vec<Certificate>,
    /// Whether it is proved that no smaller set does it; not where the search was given up ([`SEARCH_LIMIT`]).
    pub smallest: bool,
}

/// One certificate of a bundle.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Chosen {
    /// Which.
    pub certificate: Certificate,
    /// Why.
    pub why: Why,
}

/// Why a certificate is in a bundle.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Why {
    /// The user gave it.
    Given,
    /// A host does not verify without it, or without one in its place.
    Needed,
    /// It vouches for a certificate within a path ([`Policy::parents`]).
    Parent,
    /// It succeeds another that is in ([`Policy::successors`]).
    Successor,
}

/// Why nothing was chosen.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Unchosen {
    /// Two servers need two roots of one name, of which a device tries only one.
    #[error(
        "`{first}` and `{second}` need two roots that are both called `{subject}`; a device tries only one of that name"
    )]
    Clash {
        /// The name of both roots.
        subject: String,
        /// One server.
        first: String,
        /// Another, or the same.
        second: String,
    },

    /// A device refuses a server whatever roots it has.
    #[error("a device with ESP-IDF {target} refuses {host}, whatever roots it has")]
    Refused {
        /// The server.
        host: String,
        /// The first kind of device that does so.
        target: String,
        /// Which of the host's chains, by its place.
        chain: usize,
        /// Why, by a device that has all roots that could help.
        #[source]
        refusal: Box<Refusal>,
    },

    /// The search was given up ([`SEARCH_LIMIT`]) before anything was found.
    #[error("no set of roots was found within {SEARCH_LIMIT} steps; ask for fewer hosts at once")]
    TooHard,

    /// The certificates do not make a bundle.
    #[error("the roots do not make a bundle")]
    Unpackable(#[source] bundle::Error),
}

/// Chooses the fewest candidates with which, beside the given certificates, every target accepts every chain of every host.
///
/// Of several smallest sets it takes that whose best members are best: a candidate ranks before another if it is
/// preferred, then if it ends later, then by its SHA-256. The same input gives the same choice.
///
/// # Errors
/// [`Unchosen`].
pub fn choose(wanted: &Wanted<'_>) -> Result<Choice, Unchosen> {
    let ranked = Ranked::new(wanted);
    let signatures = Signatures::default();
    let mut demands: BTreeMap<Vec<Vec<usize>>, usize> = BTreeMap::new();
    for (place, host) in wanted.hosts.iter().enumerate() {
        for (chain_place, chain) in host.chains.iter().enumerate() {
            let chain: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
            let relevant = ranked.relevant(&chain);
            for target in wanted.targets {
                let trial = Trial {
                    chain: &chain,
                    host,
                    target,
                    wanted,
                    ranked: &ranked,
                    signatures: &signatures,
                };
                match trial.options(&relevant)? {
                    Ok(None) => {}
                    Ok(Some(options)) => {
                        demands.entry(options).or_insert(place);
                    }
                    Err(refusal) => {
                        return Err(Unchosen::Refused {
                            host: host.label.clone(),
                            target: target.label.clone(),
                            chain: chain_place,
                            refusal: Box::new(refusal),
                        });
                    }
                }
            }
        }
    }
    let clash = |a: usize, b: usize| ranked.clash(a, b);
    let lists: Vec<&Vec<Vec<usize>>> = demands.keys().collect();
    let Some(cover) = cover::smallest(&lists, &clash, SEARCH_LIMIT) else {
        return Err(ranked.explain_clash(wanted.hosts, &demands));
    };
    Ok(ranked.complete(wanted, &cover))
}

impl Choice {
    /// The certificates alone.
    pub fn certificates(&self) -> Vec<Certificate> {
        let all = self.roots.iter().map(|root| root.certificate.clone());
        all.collect()
    }

    fn add(&mut self, certificate: &Certificate, why: Why) {
        let mut named = self
            .roots
            .iter()
            .filter(|root| root.certificate.subject() == certificate.subject())
            .peekable();
        if named.peek().is_none() {
            self.roots.push(Chosen {
                certificate: certificate.clone(),
                why,
            });
        } else if !named.any(|root| is_same_entry(&root.certificate, certificate)) {
            self.left_out.push(certificate.clone());
        }
    }
}

/// How many steps the search for the smallest set may take; beyond it the best that was found counts. It stops input
/// that was made to be hard; chains of real servers take a few hundred.
pub const SEARCH_LIMIT: usize = 200_000;

#[cfg(test)]
mod tests;
