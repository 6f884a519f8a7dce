//! `cargo xtask layers`: a crate knows those in lower rows, never those beside or above it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use serde_json::Value;

use crate::{absences, workspace};

/// The rows of the house, top to bottom; a dependency points down. `ARCHITECTURE.md` says what each crate is for.
const ROWS: &[&[&str]] = &[
    &["countersign-benches", "countersign-fuzz-targets", "xtask"],
    &["countersign"],
    &[
        "countersign-probe",
        "countersign-server",
        "countersign-virtual-node",
    ],
    &["countersign-fleet-sqlite", "countersign-operations"],
    &[
        "countersign-fleet",
        "countersign-images",
        "countersign-provision",
    ],
    &["countersign-keys", "countersign-mbedtls-link"],
    &["countersign-node", "countersign-pki", "countersign-trust"],
    &["countersign-esp-boot", "countersign-roots"],
    &[
        "countersign-protocol",
        "countersign-skips",
        "countersign-x509",
        "esp-formats",
    ],
];

/// Below this row nothing is opened, started or read that was not handed in.
const LOWEST_ROW_WITH_EFFECTS: usize = 3;

/// One crate uses another.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Edge {
    from: String,
    to: String,
    /// Only tests use it: it may look sideways too.
    dev: bool,
}

/// Why a graph breaks the rows.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Fault {
    /// The crate stands in no row.
    NoRow(String),
    /// The edge does not point down.
    NotDown(Edge),
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoRow(name) => {
                write!(
                    f,
                    "{name} has no row; give it one in xtask/src/layers.rs and ARCHITECTURE.md"
                )
            }
            Self::NotDown(Edge {
                from,
                to,
                dev: false,
            }) => {
                write!(f, "{from} -> {to} does not point down")
            }
            Self::NotDown(Edge {
                from,
                to,
                dev: true,
            }) => {
                write!(
                    f,
                    "{from} -> {to} points up (for tests: down or sideways only)"
                )
            }
        }
    }
}

/// Checks the rows, then what the lower rows must not touch.
pub(crate) fn run() -> Result<()> {
    let metadata = workspace::members()?;
    let (names, edges) = graph(&metadata);
    let mut faults: Vec<String> = check(ROWS, &names, &edges)
        .iter()
        .map(ToString::to_string)
        .collect();
    let low: BTreeMap<&str, &str> = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|package| {
            Some((
                package["name"].as_str()?,
                package["manifest_path"].as_str()?,
            ))
        })
        .filter(|(name, _)| row(ROWS, name) > Some(LOWEST_ROW_WITH_EFFECTS))
        .collect();
    faults.extend(absences::check(&low)?);
    if !faults.is_empty() {
        bail!("the layers do not hold:\n  {}", faults.join("\n  "));
    }
    println!(
        "layers: {} crates in {} rows, {} edges",
        names.len(),
        ROWS.len(),
        edges.len()
    );
    Ok(())
}

/// Takes the workspace's crates and the edges between them from `cargo metadata`.
fn graph(metadata: &Value) -> (BTreeSet<String>, BTreeSet<Edge>) {
    let packages = || metadata["packages"].as_array().into_iter().flatten();
    let names: BTreeSet<String> = packages()
        .filter_map(|package| Some(package["name"].as_str()?.to_owned()))
        .collect();
    let mut edges = BTreeSet::new();
    for package in packages() {
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let (Some(from), Some(to)) = (package["name"].as_str(), dependency["name"].as_str())
            else {
                continue;
            };
            if dependency["path"].is_string() && names.contains(to) {
                let dev = dependency["kind"].as_str() == Some("dev");
                edges.insert(Edge {
                    from: from.to_owned(),
                    to: to.to_owned(),
                    dev,
                });
            }
        }
    }
    (names, edges)
}

fn check(rows: &[&[&str]], names: &BTreeSet<String>, edges: &BTreeSet<Edge>) -> Vec<Fault> {
    let missing = names
        .iter()
        .filter(|name| row(rows, name).is_none())
        .cloned();
    let mut faults: Vec<Fault> = missing.map(Fault::NoRow).collect();
    for edge in edges {
        let (Some(from), Some(to)) = (row(rows, &edge.from), row(rows, &edge.to)) else {
            continue;
        };
        if to < from || (to == from && !edge.dev) {
            faults.push(Fault::NotDown(edge.clone()));
        }
    }
    faults
}

fn row(rows: &[&[&str]], name: &str) -> Option<usize> {
    rows.iter().position(|row| row.contains(&name))
}

#[cfg(test)]
mod tests;
