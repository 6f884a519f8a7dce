//! `countersign trust check`.

use std::{path::Path, process::ExitCode};

use anyhow::{Result, bail};
use countersign_operations::{
    Clock as _,
    text::{chain, rfc3339},
};
use countersign_trust::lock::Lock;
use countersign_x509::name::escaped;
use serde_json::json;

use crate::{
    cli::{Global, TrustCheck},
    files::{self, Mode},
    output,
    system::SystemClock,
    trust::{
        checked::{Checked, Level, check, metrics},
        hosts::{Asked, Look, chain_argument, look},
        lock,
        pool::Pool,
        releases::ranges,
    },
};

pub(super) fn run(global: &Global, args: &TrustCheck) -> Result<ExitCode> {
    if !args.lock.exists() {
        bail!(
            "there is no lock file {}; it is named before the hosts: trust check trust.lock HOST",
            escaped(&args.lock.to_string_lossy())
        );
    }
    let lock = lock::read(&args.lock)?;
    let seen = see(args, &lock)?;
    let pool = Pool::open(args.asking.roots.as_deref(), &global.state)?;
    let now = SystemClock.now();
    let checked = check(&lock, seen.hosts, seen.silent, &pool, args.days, now)?;
    if let Some(path) = &args.prometheus {
        let text = metrics(&checked);
        if path == Path::new("-") {
            print!("{text}");
            return Ok(ExitCode::from(checked.level().exit_code()));
        }
        files::write(path, text.as_bytes(), Mode::Public)?;
    }
    if global.json {
        show_json(&checked)?;
    } else {
        show(&checked);
    }
    for note in seen.notes {
        eprintln!("note: {note}");
    }
    Ok(ExitCode::from(checked.level().exit_code()))
}

fn see(args: &TrustCheck, lock: &Lock) -> Result<Look> {
    let chains: Vec<_> = args
        .chains
        .iter()
        .map(|text| chain_argument(text))
        .collect();
    let mut others = Vec::new();
    if args.hosts.is_empty() {
        others.extend(lock.host.iter().map(|host| host.host.clone()));
    }
    if args.hosts.is_empty() && others.is_empty() && chains.is_empty() {
        bail!(
            "{} knows no hosts; name some, or make it anew by `trust bundle --host`",
            args.lock.display()
        );
    }
    if args.offline {
        let mut known = lock.hosts()?;
        known.retain(|host| args.hosts.is_empty() || args.hosts.contains(&host.label));
        if known.is_empty() {
            bail!("{} knows none of these hosts", args.lock.display());
        }
        return Ok(Look {
            hosts: known,
            ..Look::default()
        });
    }
    super::block_on(look(&Asked {
        hosts: args.hosts.clone(),
        others,
        names: lock.names(),
        chains,
        asking: args.asking.clone(),
    }))
}

fn show(checked: &Checked) {
    for finding in &checked.findings {
        let about = match &finding.host {
            // Refusals name it themselves.
            Some(host) if !finding.what.contains(host) => format!("{host}: "),
            _ => String::new(),
        };
        println!("{:8} {about}{}", finding.level.name(), finding.what);
    }
    let hosts = match checked.hosts.len() {
        1 => "1 host".to_owned(),
        several => format!("{several} hosts"),
    };
    let targets = ranges(checked.proofs.iter().map(|proof| proof.target.as_str()));
    if checked.level() == Level::Fine {
        println!(
            "fine     {hosts}, ESP-IDF {targets}: every device verifies, and nothing has changed"
        );
    }
}

fn show_json(checked: &Checked) -> Result<()> {
    let findings = checked.findings.iter().map(|finding| {
        json!({
            "level": finding.level.name(),
            "host": finding.host,
            "what": finding.what,
        })
    });
    let verdicts = checked.proofs.iter().map(|proof| {
        let refusal = proof.verdict.outcome.as_ref().err();
        json!({
            "host": proof.host,
            "chain": proof.chain,
            "idf": proof.target,
            "accepted": refusal.is_none(),
            "refusal": refusal.map(|refusal| chain(refusal)),
        })
    });
    output::json(&json!({
        "level": checked.level().name(),
        "exit_code": checked.level().exit_code(),
        "at": rfc3339(checked.now),
        "findings": findings.collect::<Vec<_>>(),
        "verdicts": verdicts.collect::<Vec<_>>(),
    }))
}
