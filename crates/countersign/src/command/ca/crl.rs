//! `countersign ca crl`.

use std::{fs, path::Path, process::ExitCode, sync::Arc};

use anyhow::{Context as _, Result, anyhow};
use countersign_operations::{
    authorities::Kind,
    view::{CrlDraftView, CrlView},
};
use countersign_pki::crl::{self, RevocationList, Revoked};
use countersign_protocol::UnixTime;
use countersign_x509::{Crl, ReasonCode};
use serde_json::json;

use super::root;
use crate::{
    cli::{CaCrl, Global},
    files::{self, Mode},
    operator::Operator,
    output,
};

pub(super) async fn run(global: &Global, asked: &CaCrl) -> Result<ExitCode> {
    let passphrases = global.passphrases();
    let mut operator = Operator::reach_with(global, Arc::clone(&passphrases)).await?;
    if let Some(hierarchy) = asked.root {
        let kind = Kind::from(hierarchy);
        let given = asked.root_key.as_deref();
        let root = root::open(global, &passphrases, &mut operator, kind, given).await?;
        let path = format!("/v1/ca/crls/{}", kind.root());
        let draft: CrlDraftView = operator.get(&format!("{path}/draft")).await?;
        let made = crl::sign(&root, &list(&draft)?)?;
        let body = json!({ "pem": made.to_pem() });
        let _: CrlView = operator.post(&path, &body).await?;
    }
    let all: Vec<CrlView> = operator.post("/v1/ca/crls", &json!({})).await?;
    if let Some(out) = &asked.out {
        write(out, &all)?;
    }
    let mut missing = false;
    if global.json {
        output::json(&all)?;
    } else {
        let row = |one: &CrlView| {
            vec![
                one.authority.clone(),
                one.number.to_string(),
                one.this_update.clone(),
                one.next_update.clone(),
                one.revoked.to_string(),
                if one.made { "made now" } else { "" }.to_owned(),
            ]
        };
        let heading = ["AUTHORITY", "NUMBER", "MADE", "NEXT", "REVOKED", ""];
        output::table(&heading, all.iter().map(row).collect());
    }
    for one in &all {
        if let Some(what) = &one.repaired {
            eprintln!("warning: {}: {what}", one.authority);
        }
        if let Some(fault) = &one.fault {
            eprintln!("error: {}: {fault}", one.authority);
            missing = true;
        }
    }
    Ok(if missing {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Writes them in DER and PEM, each whole.
pub(super) fn write(folder: &Path, all: &[CrlView]) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    for one in all.iter().filter(|one| !one.pem.is_empty()) {
        let crl = Crl::from_pem(one.pem.as_bytes()).context("the answer holds no CRL")?;
        let path = |ending: &str| folder.join(format!("{}.{ending}", one.authority));
        files::write(&path("pem"), one.pem.as_bytes(), Mode::Public)?;
        files::write(&path("crl"), crl.der(), Mode::Public)?;
    }
    Ok(())
}

fn list(draft: &CrlDraftView) -> Result<RevocationList> {
    let revoked = draft.revoked.iter().map(|one| {
        let code = |known: &ReasonCode| known.code() == one.reason;
        let reason = REASONS.into_iter().find(code);
        let digits = one.serial.as_bytes().chunks(2);
        let serial = digits.map(|pair| {
            u8::from_str_radix(std::str::from_utf8(pair)?, 16).map_err(anyhow::Error::from)
        });
        Ok(Revoked {
            serial: serial.collect::<Result<_>>()?,
            at: UnixTime(one.at),
            reason: reason.ok_or_else(|| anyhow!("the answer has a reason that is none"))?,
        })
    });
    Ok(RevocationList {
        number: draft.number,
        this_update: UnixTime(draft.this_update),
        next_update: UnixTime(draft.next_update),
        revoked: revoked.collect::<Result<_>>()?,
    })
}

const REASONS: [ReasonCode; 4] = [
    ReasonCode::Unspecified,
    ReasonCode::KeyCompromise,
    ReasonCode::Superseded,
    ReasonCode::CessationOfOperation,
];
