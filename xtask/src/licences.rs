//! `cargo xtask licences`: what we link may be linked, and is there once.

mod spdx;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use serde_json::Value;

use crate::{riscv, workspace};

/// Licences (SPDX) that a program under MIT or Apache-2.0 may contain without asking anyone.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BlueOak-1.0.0",
    "BSD-3-Clause",
    // Data only (webpki-root-certs): passed on as data it goes with this text; what is made with it is free.
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Zlib",
];

/// Crates that may come in two versions, each with its reason: `name: reason` by line.
const DUPLICATES: &str = include_str!("../duplicates.txt");

/// The workspaces beside ours that somebody flashes or runs: where, and whether it is for a chip.
const FIRMWARE: &[(&str, bool)] = &[
    ("firmware/qemu-virt", true),
    ("firmware/esp32c3", true),
    ("firmware/pack", false),
];

/// Checks every package that a build for this machine is made of, and those of the firmware.
///
/// # Errors
///
/// When a licence or a version is not as it should be, or cargo cannot tell.
pub(crate) fn run() -> Result<()> {
    ours()?;
    let host = workspace::rustc("host")?;
    for (folder, for_chip) in FIRMWARE {
        let platform = if *for_chip { riscv::TARGET } else { &host };
        firmware(folder, platform)?;
    }
    Ok(())
}

/// Also sees to it that each crate comes once.
fn ours() -> Result<()> {
    let metadata = workspace::packages()?;
    let packages = read(&metadata);
    let mut faults = refused(&packages);
    let doubled = doubled(&packages);
    let listed: BTreeSet<&str> = DUPLICATES
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| Some(line.split_once(": ")?.0))
        .collect();
    for (name, versions) in &doubled {
        println!("licences: {name} comes as {}", versions.join(", "));
        if !listed.contains(name) {
            faults.push(format!(
                "{name} comes in several versions; drop one, or give the reason in xtask/duplicates.txt"
            ));
        }
    }
    for name in listed.iter().filter(|name| !doubled.contains_key(*name)) {
        println!("licences: {name} comes once now: its line in xtask/duplicates.txt can go");
    }
    if !faults.is_empty() {
        bail!("licences and versions:\n  {}", faults.join("\n  "));
    }
    println!(
        "licences: {} packages, {} of them in two versions",
        packages.len(),
        doubled.len()
    );
    Ok(())
}

/// Checks the licences of another workspace's packages, in a build for `platform`. Those that come in several versions
/// are not ours to mend there: a chip's drivers are pinned to each other.
fn firmware(folder: &str, platform: &str) -> Result<()> {
    let manifest = workspace::root().join(folder).join("Cargo.toml");
    let metadata = workspace::packages_of(&manifest, platform)?;
    let packages = read(&metadata);
    let faults = refused(&packages);
    if !faults.is_empty() {
        bail!("licences of {folder}:\n  {}", faults.join("\n  "));
    }
    println!("licences: {} packages of {folder}", packages.len());
    Ok(())
}

/// The packages that `cargo metadata` tells of.
fn read(metadata: &Value) -> Vec<Package<'_>> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    packages.filter_map(Package::read).collect()
}

/// What counts of a package here.
struct Package<'a> {
    name: &'a str,
    version: &'a str,
    licence: Option<&'a str>,
}

impl<'a> Package<'a> {
    fn read(value: &'a Value) -> Option<Self> {
        Some(Self {
            name: value["name"].as_str()?,
            version: value["version"].as_str()?,
            licence: value["license"].as_str(),
        })
    }
}

fn refused(packages: &[Package<'_>]) -> Vec<String> {
    let mut faults = Vec::new();
    for Package {
        name,
        version,
        licence,
    } in packages
    {
        match licence {
            None => faults.push(format!("{name} {version} states no licence")),
            Some(licence) if !spdx::admits(licence, ALLOWED) => faults.push(format!(
                "{name} {version} is under {licence}, which xtask/src/licences.rs does not list"
            )),
            Some(_) => {}
        }
    }
    faults
}

fn doubled<'a>(packages: &[Package<'a>]) -> BTreeMap<&'a str, Vec<&'a str>> {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in packages {
        versions
            .entry(package.name)
            .or_default()
            .push(package.version);
    }
    versions.retain(|_, versions| versions.len() > 1);
    versions
}
