//! How the chains of one server's addresses differ.

use countersign_x509::Certificate;
use serde::Serialize;

use super::AddressReport;
use crate::{
    inspect::words::{self, counted},
    output::date,
};

/// How one chain differs from the first one.
#[derive(Debug, Serialize)]
pub(crate) struct Difference {
    /// Which chain, counted from 0.
    pub(crate) chain: usize,
    /// The addresses that show it.
    pub(crate) addresses: Vec<String>,
    /// What differs, in a sentence each.
    pub(crate) what: Vec<String>,
}

/// All chains but the first, against that.
pub(super) fn all(chains: &[Vec<Vec<u8>>], addresses: &[AddressReport]) -> Vec<Difference> {
    let Some((first, others)) = chains.split_first() else {
        return Vec::new();
    };
    let of = |(index, chain): (usize, &Vec<Vec<u8>>)| {
        let index = index.saturating_add(1);
        Difference {
            chain: index,
            addresses: seen_at(addresses, index),
            what: between(first, chain),
        }
    };
    others.iter().enumerate().map(of).collect()
}

/// The addresses that show a chain.
pub(super) fn seen_at(addresses: &[AddressReport], chain: usize) -> Vec<String> {
    let shows = addresses.iter().filter(|one| one.chain == Some(chain));
    shows.map(|one| one.address.clone()).collect()
}

fn between(first: &[Vec<u8>], other: &[Vec<u8>]) -> Vec<String> {
    let mut what = Vec::new();
    if let (Some(own), Some(others)) = (first.first(), other.first())
        && own != others
    {
        what.push(format!("the server's own certificate is {}", named(others)));
    }
    let behind = |chain: &[Vec<u8>]| chain.get(1..).unwrap_or_default().to_vec();
    let (first, other) = (behind(first), behind(other));
    let missing = |from: &[Vec<u8>], of: &[Vec<u8>]| -> Vec<String> {
        let missing = of.iter().filter(|one| !from.contains(one));
        missing.map(|one| named(one)).collect()
    };
    let (lacks, has) = (missing(&other, &first), missing(&first, &other));
    if !lacks.is_empty() {
        what.push(format!("it lacks {}", lacks.join(", ")));
    }
    if !has.is_empty() {
        what.push(format!(
            "it has {}, which the first has not",
            has.join(", ")
        ));
    }
    if what.is_empty() {
        what.push(format!(
            "the same certificates in another order, or repeated: {} behind the server's own",
            counted(other.len(), "certificate")
        ));
    }
    what
}

/// A certificate, and when it ends: two of one name differ in that, as a rule.
fn named(der: &[u8]) -> String {
    Certificate::from_der(der).map_or_else(
        |_| "one that cannot be read".to_owned(),
        |one| {
            let (subject, ends) = (words::short_subject(&one), date(one.not_after()));
            format!(
                "`{subject}` by `{}`, until {ends}",
                words::short_issuer(&one)
            )
        },
    )
}
