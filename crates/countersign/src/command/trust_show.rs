//! `countersign trust show`.

use std::path::Path;

use anyhow::Result;
use countersign_operations::text::hex;
use esp_formats::bundle::Format;
use serde_json::json;

use crate::{
    cli::Global,
    inspect::bundle_file::{BundleFile, Entry, Kind},
    output,
};

pub(super) fn run(global: &Global, path: &Path) -> Result<()> {
    let bundle = BundleFile::read(path)?;
    if global.json {
        let entries: Vec<_> = bundle.entries.iter().map(value).collect();
        let (format, sorted) = match bundle.kind {
            Kind::Bundle { format, sorted } => (name_of(format), Some(sorted)),
            Kind::Certificates => ("certificates", None),
        };
        return output::json(&json!({
            "format": format,
            "size": bundle.size,
            "sorted": sorted,
            "entries": entries,
            "notes": bundle.notes,
        }));
    }
    let roots = match bundle.entries.len() {
        1 => "1 root".to_owned(),
        several => format!("{several} roots"),
    };
    let for_whom = match bundle.kind {
        Kind::Bundle {
            format: Format::Legacy,
            ..
        } => "for ESP-IDF before v5.4",
        Kind::Bundle {
            format: Format::Offsets,
            ..
        } => "for ESP-IDF v5.4 and later",
        Kind::Certificates => "as certificates",
    };
    println!("{roots} in {} bytes, {for_whom}", bundle.size);
    for note in &bundle.notes {
        println!("{note}");
    }
    println!();
    let dated = bundle.kind == Kind::Certificates;
    let row = |entry: &Entry| {
        let certificate = entry.certificate.as_ref();
        let mut row = vec![
            entry.subject_text(),
            entry.key_text(),
            hex(&entry.key_sha256()).chars().take(16).collect(),
        ];
        if dated {
            let ends = certificate.map(|certificate| output::date(certificate.not_after()));
            row.push(ends.unwrap_or_default());
        }
        row.push(entry.known_name().unwrap_or("-").to_owned());
        row
    };
    let mut heading = vec!["SUBJECT", "KEY", "SHA-256 OF KEY"];
    heading.extend(dated.then_some("ENDS"));
    heading.push("KNOWN AS");
    output::table(&heading, bundle.entries.iter().map(row).collect());
    Ok(())
}

fn value(entry: &Entry) -> serde_json::Value {
    let certificate = entry.certificate.as_ref();
    json!({
        "subject": entry.subject_text(),
        "key": entry.key_text(),
        "key_sha256": hex(&entry.key_sha256()),
        "known_as": entry.known_name(),
        "sha256": certificate.map(|certificate| hex(&certificate.fingerprint())),
        "not_after": certificate.map(|certificate| output::date(certificate.not_after())),
    })
}

const fn name_of(format: Format) -> &'static str {
    match format {
        Format::Legacy => "legacy",
        Format::Offsets => "offsets",
    }
}
