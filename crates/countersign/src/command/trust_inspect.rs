//! `countersign trust inspect`.

use std::{fmt::Write as _, path::Path, process::ExitCode};

use anyhow::Result;
use countersign_trust::survey::{DEFAULT_LISTS, Own};
use countersign_x509::{Certificate, pem};

use crate::{
    cli::{Global, TrustInspect},
    files::{self, Mode},
    inspect::{
        asked::Asked,
        bundle_file::BundleFile,
        gather::{self, Gathered},
        known::Known,
        report::{Judging, Report},
        text, words,
    },
    output,
};

pub(super) async fn run(global: &Global, inspect: &TrustInspect) -> Result<ExitCode> {
    let asked = Asked::read(&inspect.probing)?;
    let known = Known::open(inspect.probing.asking.roots.as_deref(), &global.state)?;
    let own = match (&inspect.bundle, &inspect.probing.asking.roots) {
        (Some(path), _) => Some(BundleFile::read(path)?.own),
        (None, Some(_)) => Some(Own::Certificates(known.trusted().to_vec())),
        (None, None) => None,
    };
    let gathered = gather::all(&inspect.targets, &asked).await?;
    let judging = Judging {
        lists: &DEFAULT_LISTS,
        own: own.as_ref(),
        soundness: true,
    };
    let report = Report::new(&gathered, &known, &asked, &judging, inspect.showcerts);
    if let Some(out) = &inspect.pem {
        write(out, &gathered, &report)?;
    }
    if global.json {
        output::json(&report)?;
    } else {
        text::print(&report, inspect.probing.steps);
    }
    Ok(code(&report))
}

/// 0 only where all that was asked verifies; else says why not.
pub(super) fn code(report: &Report) -> ExitCode {
    for target in report.targets.iter().filter(|target| !target.verified) {
        eprintln!(
            "error: {} does not verify: {}",
            target.target,
            target.reason()
        );
    }
    if report.verified {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Each certificate once, under a comment that says whose it is: what was sent, then the roots.
fn write(out: &Path, gathered: &[Gathered], report: &Report) -> Result<()> {
    let mut text = String::new();
    let mut written: Vec<&[u8]> = Vec::new();
    for found in gathered {
        for (position, der) in found
            .chains
            .iter()
            .flat_map(|chain| chain.iter().enumerate())
        {
            if written.contains(&&**der) {
                continue;
            }
            written.push(der);
            let whose = Certificate::from_der(der).map_or_else(
                |error| format!("cannot be read: {error}"),
                |one| words::short_subject(&one),
            );
            let from = &found.label;
            let _ = writeln!(text, "# {from}, certificate {position}: {whose}");
            text.push_str(&pem::encode(pem::CERTIFICATE, der));
        }
    }
    let chains = report.targets.iter().flat_map(|target| &target.chains);
    for root in chains.flat_map(|chain| &chain.anchors) {
        if written.contains(&root.der()) {
            continue;
        }
        written.push(root.der());
        let _ = writeln!(text, "# root: {}", words::short_subject(root));
        text.push_str(&pem::encode(pem::CERTIFICATE, root.der()));
    }
    files::write(out, text.as_bytes(), Mode::Public)
}
