//! `cargo xtask roots --wheel`: certificates that Mozilla dropped, out of old wheels of certifi.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use countersign_roots::table::{self, to_hex};
use countersign_x509::{pem, sha256};

/// Writes `kept.pem` anew: what is needed and there stays, what is missing comes from the first wheel
/// that has it, each by its fingerprint in the table; the rest goes.
pub(super) fn run(wheels: &[&str]) -> Result<()> {
    let mut sources = kept()?;
    for wheel in wheels {
        let path = Path::new(wheel);
        let version = version(path)?;
        for der in certificates(path)? {
            sources
                .entry(sha256(&der))
                .or_insert_with(|| (format!("certifi {version}"), der));
        }
    }
    let mozilla: BTreeSet<[u8; 32]> = countersign_roots::mozilla()
        .map(|root| *root.sha256())
        .collect();
    let mut text = HEAD.to_owned();
    let mut missing = Vec::new();
    for row in table::rows() {
        if mozilla.contains(&row.sha256) {
            continue;
        }
        let Some((from, der)) = sources.get(&row.sha256) else {
            missing.push(format!("{} ({})", row.name, to_hex(&row.sha256)));
            continue;
        };
        write!(
            text,
            "\n# {}; {from}\n{}",
            row.name,
            pem::encode(pem::CERTIFICATE, der)
        )?;
    }
    if !missing.is_empty() {
        bail!(
            "no wheel given has these; give older ones too; nothing was written:\n  {}",
            missing.join("\n  ")
        );
    }
    super::write("kept.pem", &text)
}

/// Certificates by their fingerprint: where each is from, and its DER.
type Sources = BTreeMap<[u8; 32], (String, Vec<u8>)>;

/// What `kept.pem` has.
fn kept() -> Result<Sources> {
    let path = super::data("kept.pem");
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let mut found = Sources::new();
    for section in text.split("\n\n# ").skip(1) {
        let Some((comment, block)) = section.split_once('\n') else {
            continue;
        };
        let (_, from) = comment
            .rsplit_once("; ")
            .with_context(|| format!("kept.pem says `{comment}` and not where it is from"))?;
        for der in pem::blocks(block.as_bytes(), pem::CERTIFICATE)? {
            found.insert(sha256(&der), (from.to_owned(), der));
        }
    }
    Ok(found)
}

/// `2019.3.9` of `certifi-2019.3.9-py2.py3-none-any.whl`.
fn version(wheel: &Path) -> Result<&str> {
    wheel
        .file_name()
        .and_then(|name| name.to_str()?.strip_prefix("certifi-")?.split('-').next())
        .with_context(|| format!("{} is not named like a wheel of certifi", wheel.display()))
}

fn certificates(wheel: &Path) -> Result<Vec<Vec<u8>>> {
    let text = super::output(Command::new("python3").args(["-c", UNZIP]).arg(wheel))?;
    pem::blocks(text.as_bytes(), pem::CERTIFICATE)
        .with_context(|| format!("reading certifi/cacert.pem in {}", wheel.display()))
}

/// A wheel is a zip archive.
const UNZIP: &str = "import sys, zipfile; \
    sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read('certifi/cacert.pem'))";

const HEAD: &str = "\
# Roots that a release of ESP-IDF ships and Mozilla no longer trusts for servers.
# Written by `cargo xtask roots --wheel`; each checked against its SHA-256 in roots.csv, and in that order.
# Before each certificate: its label, and the version of certifi that its bytes were taken from.
";
