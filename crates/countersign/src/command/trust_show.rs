//! `countersign trust show`.

use std::path::Path;

use anyhow::{Context, Result};
use countersign_operations::text::hex;
use countersign_x509::{PublicKey, name, sha256};
use esp_formats::bundle::{Bundle, Format};
use serde_json::json;

use crate::{cli::Global, files, output};

pub(super) fn run(global: &Global, path: &Path) -> Result<()> {
    let bytes = files::read(path)?;
    let bundle = Bundle::parse_prefix(&bytes)
        .with_context(|| format!("{} is no ESP-IDF trust bundle", path.display()))?;
    let format = match bundle.format() {
        Format::Legacy => "legacy",
        Format::Offsets => "offsets",
    };
    let entries: Vec<_> = bundle
        .iter()
        .map(|entry| {
            let key = PublicKey::from_der(entry.key).map_or_else(
                |error| format!("unreadable: {error}"),
                |key| key.kind.to_string(),
            );
            let subject =
                name::text(entry.name).unwrap_or_else(|error| format!("unreadable: {error}"));
            (subject, key, hex(&sha256(entry.key)))
        })
        .collect();
    if global.json {
        let entries: Vec<_> = entries
            .iter()
            .map(|(subject, key, digest)| json!({ "subject": subject, "key": key, "key_sha256": digest }))
            .collect();
        return output::json(&json!({
            "format": format,
            "size": bundle.as_bytes().len(),
            "sorted": bundle.is_sorted(),
            "entries": entries,
        }));
    }
    let releases = match bundle.format() {
        Format::Legacy => "ESP-IDF before v5.4",
        Format::Offsets => "ESP-IDF v5.4 and later",
    };
    let roots = match bundle.len() {
        1 => "1 root".to_owned(),
        several => format!("{several} roots"),
    };
    println!(
        "{} in {} bytes, for {releases}",
        roots,
        bundle.as_bytes().len()
    );
    if !bundle.is_sorted() {
        println!("not sorted: a device searches by halving, and will not find all of them");
    }
    println!();
    let row = |(subject, key, digest): (String, String, String)| {
        vec![subject, key, digest.chars().take(16).collect()]
    };
    output::table(
        &["SUBJECT", "KEY", "SHA-256 OF KEY"],
        entries.into_iter().map(row).collect(),
    );
    Ok(())
}
