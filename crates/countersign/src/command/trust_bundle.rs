//! `countersign trust bundle`.

use std::path::{Component, Path};

use anyhow::{Result, bail};
use countersign_operations::{Clock as _, text::hex};
use countersign_x509::sha256;
use serde_json::{Value, json};

use crate::{
    cli::{Global, TrustBundle},
    output,
    system::SystemClock,
    trust::{
        config::Plan,
        hosts::{Look, look},
        made::{Made, Proved, Roots, make},
        outputs::{Output, bundle_name, outputs, sizes::beside, texts::line},
        place::put,
        releases::ranges,
    },
};

pub(super) fn run(global: &Global, args: &TrustBundle) -> Result<()> {
    let plan = Plan::read(args)?;
    let needs_look = !plan.asked.hosts.is_empty() || !plan.asked.chains.is_empty();
    let seen = if needs_look {
        super::block_on(look(&plan.asked))?
    } else {
        Look::default()
    };
    if !seen.silent.is_empty() {
        let lines = seen
            .silent
            .iter()
            .map(|(host, why)| format!("{host}: {why}"));
        bail!(
            "nothing was written, since not all hosts could be asked: {}",
            lines.collect::<Vec<_>>().join("; ")
        );
    }
    let roots = Roots::new(plan.roots.as_deref(), &global.state);
    let made = make(&plan, seen, &roots, SystemClock.now())
        .map_err(|error| error.context("nothing was written"))?;
    let outputs = outputs(&made, &plan, &called(&args.out));
    let written = put(&args.out, &outputs)?;
    if global.json {
        return output::json(&as_json(&made, &outputs, &written));
    }
    show(args, &made, &outputs, &written);
    Ok(())
}

/// What the folder is called in a project: as it was named where that is a path downwards, or else its last part.
fn called(out: &Path) -> String {
    let downwards = out
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let parts: Vec<String> = out
        .components()
        .filter_map(|part| match part {
            Component::Normal(part) => Some(part.to_string_lossy().into_owned()),
            _ => None,
        })
        .collect();
    match (downwards, parts.last()) {
        (_, None) => ".".to_owned(),
        (true, _) => parts.join("/"),
        (false, Some(last)) => last.clone(),
    }
}

fn show(args: &TrustBundle, made: &Made, outputs: &[Output], written: &[&str]) {
    let rows = made.roots.iter().map(|root| {
        vec![
            root.name.clone(),
            output::date(root.certificate.not_after()),
            root.sha256.chars().take(16).collect(),
            line(root),
        ]
    });
    output::table(&["ROOT", "UNTIL", "SHA-256", "WHY"], rows.collect());
    println!();
    for (format, packed) in &made.packs {
        let of_format: Vec<_> = made
            .targets
            .iter()
            .filter(|target| target.format == *format)
            .collect();
        let labels = ranges(of_format.iter().map(|target| target.label.as_str()));
        let besides = of_format
            .last()
            .and_then(|target| Some((target.label.as_str(), beside(target)?)))
            .map(|(label, [full, common])| {
                format!("; the lists of {label} are {full} (full) and {common} (common)")
            });
        println!(
            "{}  {} bytes, for ESP-IDF {labels}{}",
            bundle_name(made, *format),
            packed.bytes.len(),
            besides.unwrap_or_default()
        );
    }
    if !made.proofs.is_empty() {
        println!("\nproved with this bundle alone:");
        for (host, chains, labels, anchors) in proofs_by_host(made) {
            let chains = match chains {
                1 => "1 chain".to_owned(),
                several => format!("{several} chains"),
            };
            println!("  {host}, {chains}: ESP-IDF {labels}, under {anchors}");
        }
    }
    if args.steps {
        for proof in &made.proofs {
            println!(
                "\n{} chain {} on ESP-IDF {}",
                proof.host, proof.chain, proof.target
            );
            for step in &proof.verdict.steps {
                println!("  {step}");
            }
        }
    }
    println!();
    for output in outputs {
        let state = if written.contains(&output.name.as_str()) {
            "written"
        } else {
            "as it was"
        };
        println!("{}  {state}", args.out.join(&output.name).display());
    }
    for note in &made.notes {
        eprintln!("note: {note}");
    }
}

/// For each host and root that vouches: how many chains, on which releases.
fn proofs_by_host(made: &Made) -> Vec<(&str, usize, String, String)> {
    let anchors = |proof: &Proved| {
        let accepted = proof.verdict.outcome.as_ref().ok()?;
        let root = made.roots.iter().find(|root| {
            root.certificate.subject() == accepted.anchor_subject
                && root.certificate.public_key() == accepted.anchor_key
        })?;
        Some(root.name.clone())
    };
    let mut all = Vec::new();
    for host in &made.hosts {
        let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
        for proof in made.proofs.iter().filter(|proof| proof.host == host.label) {
            let anchor = anchors(proof).unwrap_or_default();
            match groups.iter_mut().find(|(known, _)| *known == anchor) {
                Some((_, targets)) => targets.push(&proof.target),
                None => groups.push((anchor, vec![&proof.target])),
            }
        }
        for (anchor, targets) in groups {
            let labels = ranges(targets.into_iter());
            all.push((host.label.as_str(), host.chains.len(), labels, anchor));
        }
    }
    all
}

fn as_json(made: &Made, outputs: &[Output], written: &[&str]) -> Value {
    let roots = made.roots.iter().map(|root| {
        json!({
            "name": root.name,
            "subject": root.certificate.subject_text(),
            "sha256": root.sha256,
            "not_after": output::date(root.certificate.not_after()),
            "why": crate::trust::outputs::why_name(root.why),
            "from": root.from,
            "hosts": root.hosts,
        })
    });
    let bundles = made.packs.iter().map(|(format, packed)| {
        let of_format = made.targets.iter().rfind(|target| target.format == *format);
        let beside = of_format.and_then(beside);
        json!({
            "file": bundle_name(made, *format),
            "format": crate::trust::releases::format_name(*format),
            "bytes": packed.bytes.len(),
            "sha256": hex(&sha256(&packed.bytes)),
            "esp_idf_full_bytes": beside.map(|[full, _]| full),
            "esp_idf_common_bytes": beside.map(|[_, common]| common),
        })
    });
    let proofs = made.proofs.iter().map(|proof| {
        json!({
            "host": proof.host,
            "chain": proof.chain,
            "idf": proof.target,
            "accepted": proof.verdict.outcome.is_ok(),
            "steps": proof.verdict.steps.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    });
    let files = outputs.iter().map(
        |output| json!({ "name": output.name, "written": written.contains(&output.name.as_str()) }),
    );
    json!({
        "roots": roots.collect::<Vec<_>>(),
        "bundles": bundles.collect::<Vec<_>>(),
        "proofs": proofs.collect::<Vec<_>>(),
        "files": files.collect::<Vec<_>>(),
        "chosen_from": made.chosen_from,
        "notes": made.notes,
    })
}
