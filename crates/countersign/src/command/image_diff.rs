//! `countersign image diff`.

use std::collections::BTreeSet;

use anyhow::{Result, anyhow, bail};
use countersign_images::diff::{Diff, Facts, Field, Place, SegmentPair, Side, Value, diff};
use esp_formats::{app_image::Memory, sealed_image::is_sealed};
use serde_json::{Map, json};

use super::sealing::LONGEST;
use crate::{
    cli::{Global, ImageDiff},
    output, streams,
};

pub(super) fn run(global: &Global, asked: &ImageDiff) -> Result<()> {
    if streams::is_standard(&asked.old) && streams::is_standard(&asked.new) {
        bail!("stdin holds one image, and two are compared");
    }
    let mut files = Vec::new();
    for path in [&asked.old, &asked.new] {
        let bytes = streams::read(path, LONGEST)?;
        if is_sealed(&bytes) {
            bail!(
                "{} is sealed: open it first (`image open`), there is nothing to compare in it",
                streams::name(path)
            );
        }
        files.push(bytes);
    }
    let [old, new] = files.as_slice() else {
        bail!("two images are compared");
    };
    let found = diff(old, new).map_err(|(side, error)| {
        let path = match side {
            Side::Old => &asked.old,
            Side::New => &asked.new,
        };
        anyhow!(error).context(streams::name(path))
    })?;
    if global.json {
        return output::json(&value(&found, new.len().max(old.len())));
    }
    text(&found, new.len().max(old.len()));
    Ok(())
}

fn changed(found: &Diff) -> impl Iterator<Item = (&Field, &Field)> {
    let both = found.old.fields.iter().zip(&found.new.fields);
    both.filter(|(old, new)| old.value != new.value)
}

fn value(found: &Diff, longest: usize) -> serde_json::Value {
    let segments: Vec<_> = found
        .segments
        .iter()
        .map(|pair| {
            json!({
                "change": word(pair),
                "old": pair.old.map(place),
                "new": pair.new.map(place),
            })
        })
        .collect();
    let memory: Vec<_> = found
        .memory
        .iter()
        .map(|(memory, (old, new))| json!({ "memory": kind(*memory), "old": old, "new": new }))
        .collect();
    let changed: Vec<_> = changed(found)
        .map(|(old, new)| {
            json!({
                "field": old.name,
                "setting": old.setting,
                "old": plain(&old.value),
                "new": plain(&new.value),
            })
        })
        .collect();
    let obstacles: Vec<_> = found.obstacles.iter().map(ToString::to_string).collect();
    json!({
        "same": found.first_difference.is_none(),
        "changed": changed,
        "old": fields(&found.old),
        "new": fields(&found.new),
        "segments": segments,
        "memory": memory,
        "bytes": {
            "equal": found.equal_bytes,
            "of": longest,
            "first_difference": found.first_difference,
        },
        "obstacles": obstacles,
    })
}

fn fields(facts: &Facts) -> Map<String, serde_json::Value> {
    let fields = facts.fields.iter();
    let mut all: Map<_, _> = fields
        .map(|field| (field.name.replace(' ', "_"), plain(&field.value)))
        .collect();
    let blocks = facts.blocks.iter();
    let blocks: Vec<_> = blocks
        .map(|block| json!({ "scheme": block.scheme_name(), "key": block.key.to_string() }))
        .collect();
    all.insert("signature_blocks".to_owned(), blocks.into());
    all
}

fn place(of: Place) -> serde_json::Value {
    json!({
        "memory": kind(of.memory),
        "load_address": of.load_addr,
        "offset": of.offset,
        "length": of.len,
    })
}

fn plain(value: &Value) -> serde_json::Value {
    match value {
        Value::Digest(digest) => digest.to_string().into(),
        Value::Flag(flag) => (*flag).into(),
        Value::None => serde_json::Value::Null,
        Value::Number(number, _) => (*number).into(),
        Value::Text(text) => text.clone().into(),
    }
}

fn said(value: &Value) -> String {
    match value {
        // Enough to tell two apart; programs get all of it.
        Value::Digest(digest) => digest.to_string().chars().take(16).chain(['…']).collect(),
        Value::Flag(true) => "yes".to_owned(),
        Value::Flag(false) => "no".to_owned(),
        Value::None => "-".to_owned(),
        Value::Number(_, said) => said.clone(),
        Value::Text(text) => text.clone(),
    }
}

fn kind(memory: Option<Memory>) -> String {
    memory.map_or_else(|| "unknown".to_owned(), |memory| memory.to_string())
}

fn word(pair: &SegmentPair) -> &'static str {
    match (pair.old, pair.new) {
        (Some(old), Some(new)) => match (old.load_addr == new.load_addr, pair.same_data) {
            (true, true) => "same",
            (true, false) => "changed",
            (false, true) => "moved",
            (false, false) => "moved and changed",
        },
        (None, _) => "added",
        (Some(_), None) => "gone",
    }
}

fn text(found: &Diff, longest: usize) {
    for obstacle in &found.obstacles {
        eprintln!("note: {obstacle}");
    }
    let Some(first) = found.first_difference else {
        println!("the same, byte for byte");
        return;
    };
    let rows = changed(found).map(|(old, new)| {
        let setting = old.setting.unwrap_or_default();
        vec![
            old.name.to_owned(),
            said(&old.value),
            said(&new.value),
            setting.to_owned(),
        ]
    });
    output::table(&["FIELD", "OLD", "NEW", "BY"], rows.collect());
    println!();
    let rows = found.segments.iter().map(|pair| {
        let length = |place: Option<Place>| place.map_or("-".to_owned(), |p| p.len.to_string());
        let address = |place: Option<Place>| {
            place.map_or("-".to_owned(), |p| format!("{:#010x}", p.load_addr))
        };
        vec![
            kind(pair.new.or(pair.old).and_then(|place| place.memory)),
            address(pair.old),
            address(pair.new),
            length(pair.old),
            length(pair.new),
            word(pair).to_owned(),
        ]
    });
    let heading = ["SEGMENT", "OLD AT", "NEW AT", "OLD BYTES", "NEW BYTES", ""];
    output::table(&heading, rows.collect());
    println!();
    // With one segment for each memory, the table above says it all.
    let kinds: BTreeSet<_> = found.memory.keys().collect();
    if kinds.len() < found.segments.len() {
        let rows = found.memory.iter().map(|(memory, (old, new))| {
            let more = i64::from(*new) - i64::from(*old);
            let numbers = [old.to_string(), new.to_string(), format!("{more:+}")];
            [&[kind(*memory)], &numbers[..]].concat()
        });
        output::table(&["MEMORY", "OLD BYTES", "NEW BYTES", ""], rows.collect());
        println!();
    }
    println!(
        "{} of {longest} bytes are the same at the same place; the first other one is at {first:#x}",
        found.equal_bytes
    );
}
