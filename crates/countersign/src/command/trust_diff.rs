//! `countersign trust diff`.

use std::process::ExitCode;

use anyhow::Result;
use countersign_operations::text::hex;
use serde_json::{Value, json};

use crate::{
    cli::{Global, TrustDiff},
    inspect::bundle_file::{BundleFile, Entry},
    output,
};

pub(super) fn run(global: &Global, diff: &TrustDiff) -> Result<ExitCode> {
    let (before, after) = (
        BundleFile::read(&diff.before)?,
        BundleFile::read(&diff.after)?,
    );
    // A device knows a root by its name and key alone.
    let lacks = |bundle: &BundleFile, entry: &Entry| {
        let same = |other: &Entry| other.subject == entry.subject && other.key == entry.key;
        !bundle.entries.iter().any(same)
    };
    let removed: Vec<&Entry> = missing(&before, |entry| lacks(&after, entry));
    let added: Vec<&Entry> = missing(&after, |entry| lacks(&before, entry));
    // Of several roots of one name it tries one, and which depends on their order.
    let hides = |one: &BundleFile, other: &BundleFile, entry: &Entry| {
        !lacks(other, entry) && one.reaches(entry) && !other.reaches(entry)
    };
    let hidden: Vec<&Entry> = missing(&before, |entry| hides(&before, &after, entry));
    let uncovered: Vec<&Entry> = missing(&after, |entry| hides(&after, &before, entry));
    let same = [&removed, &added, &hidden, &uncovered]
        .iter()
        .all(|entries| entries.is_empty());
    let rekeyed = |entry: &Entry| {
        let of_name = |other: &&&Entry| other.subject == entry.subject;
        removed.iter().find(of_name).is_some() && added.iter().find(of_name).is_some()
    };
    if global.json {
        let all = |entries: &[&Entry]| entries.iter().map(|entry| value(entry)).collect::<Vec<_>>();
        output::json(&json!({
            "same": same,
            "removed": all(&removed),
            "added": all(&added),
            "hidden": all(&hidden),
            "uncovered": all(&uncovered),
            "before": before.entries.len(),
            "after": after.entries.len(),
        }))?;
    } else {
        let of_one_name = |entry: &Entry| {
            if rekeyed(entry) {
                "; one of this name is on the other side, with another key"
            } else {
                ""
            }
        };
        for (sign, entries) in [("-", &removed), ("+", &added)] {
            for entry in entries {
                println!("{sign} {}{}", said(entry), of_one_name(entry));
            }
        }
        for (entries, what) in [
            (&hidden, "devices find it no more, but another of its name"),
            (&uncovered, "devices find it now, and no other of its name"),
        ] {
            for entry in entries {
                println!("~ {}: {what}", said(entry));
            }
        }
        if same {
            println!("both vouch for the same {}", before.entries.len());
        }
    }
    Ok(if same {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn missing(bundle: &BundleFile, lacks: impl Fn(&Entry) -> bool) -> Vec<&Entry> {
    let mut missing: Vec<&Entry> = Vec::new();
    for entry in bundle.entries.iter().filter(|entry| lacks(entry)) {
        let same = |other: &&Entry| other.subject == entry.subject && other.key == entry.key;
        if !missing.iter().any(same) {
            missing.push(entry);
        }
    }
    missing
}

/// An entry for people.
fn said(entry: &Entry) -> String {
    let digest: String = hex(&entry.key_sha256()).chars().take(16).collect();
    let known = entry.known_name().map(|name| format!(", {name}"));
    format!(
        "{} ({}, key {digest}{})",
        entry.subject_text(),
        entry.key_text(),
        known.unwrap_or_default()
    )
}

fn value(entry: &Entry) -> Value {
    json!({
        "subject": entry.subject_text(),
        "key": entry.key_text(),
        "key_sha256": hex(&entry.key_sha256()),
        "known_as": entry.known_name(),
    })
}
