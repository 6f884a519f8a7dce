//! `countersign trust verify`.

use std::process::ExitCode;

use anyhow::Result;

use super::trust_inspect::code;
use crate::{
    cli::{Global, TrustVerify},
    inspect::{
        asked::Asked,
        bundle_file::BundleFile,
        gather,
        known::Known,
        report::{Judging, Report},
        text,
    },
    output,
};

pub(super) async fn run(global: &Global, verify: &TrustVerify) -> Result<ExitCode> {
    let asked = Asked::read(&verify.probing)?;
    let bundle = BundleFile::read(&verify.bundle)?;
    let known = Known::open(verify.probing.asking.roots.as_deref(), &global.state)?;
    let gathered = gather::all(&verify.targets, &asked).await?;
    let judging = Judging {
        lists: &[],
        own: Some(&bundle.own),
        soundness: false,
    };
    let report = Report::new(&gathered, &known, &asked, &judging, false);
    if global.json {
        output::json(&report)?;
    } else {
        for note in &bundle.notes {
            println!("the bundle: {note}");
        }
        text::print_devices(&report, verify.probing.steps);
    }
    Ok(code(&report))
}
