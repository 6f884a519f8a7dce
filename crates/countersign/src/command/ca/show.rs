//! `countersign ca show`.

use anyhow::Result;
use countersign_operations::view::{AuthorityView, CrlView, KeyView, RecordView};

use crate::{
    cli::{CaShow, Global},
    operator::{self, Operator},
    output::{self, or_dash},
};

pub(super) async fn run(global: &Global, asked: &CaShow) -> Result<()> {
    let mut operator = Operator::reach(global).await?;
    if asked.certificates {
        return certificates(global, &mut operator, asked).await;
    }
    let all: Vec<AuthorityView> = operator.get("/v1/ca").await?;
    if global.json {
        return output::json(&all);
    }
    for (n, one) in all.iter().enumerate() {
        if n > 0 {
            println!();
        }
        println!("{}", one.name);
        let days = match one.days_left {
            left @ 0.. => format!("{left} days left"),
            over => format!("ended {} days ago", -over),
        };
        output::pairs(&[
            ("  subject", one.subject.clone()),
            ("  serial", one.serial.clone()),
            ("  SHA-256", one.fingerprint.clone()),
            (
                "  valid",
                format!("{} to {} ({days})", one.not_before, one.not_after),
            ),
            ("  key", key(&one.key)),
            (
                "  issued",
                format!("{}, of them {} revoked", one.issued, one.revoked),
            ),
            (
                "  CRL",
                one.crl.as_ref().map_or_else(|| "none".to_owned(), crl),
            ),
        ]);
    }
    Ok(())
}

fn key(key: &KeyView) -> String {
    let at = or_dash(key.at.as_deref());
    match &*key.place {
        "file" => format!("in {at}, in clear"),
        "encrypted-file" => format!("in {at}, encrypted"),
        "token" => format!("on a token, {at}"),
        "elsewhere" => "not here: offline".to_owned(),
        other => format!("{other}: {at}"),
    }
}

fn crl(crl: &CrlView) -> String {
    format!(
        "number {}, {} to {}, {} certificates",
        crl.number, crl.this_update, crl.next_update, crl.revoked
    )
}

async fn certificates(global: &Global, operator: &mut Operator, asked: &CaShow) -> Result<()> {
    let mut path = format!("/v1/ca/certificates?limit={}", asked.limit);
    for (name, value) in [
        ("serial", &asked.serial),
        ("device", &asked.device),
        ("fingerprint", &asked.fingerprint),
        ("profile", &asked.profile),
        ("ends_before", &asked.ends_before),
    ] {
        if let Some(value) = value {
            path.push_str(&operator::path(&format!("&{name}="), value, ""));
        }
    }
    let found: Vec<RecordView> = operator.get(&path).await?;
    if global.json {
        return output::json(&found);
    }
    if found.is_empty() {
        println!("no such certificate");
        return Ok(());
    }
    let more = u32::try_from(found.len()).is_ok_and(|len| len >= asked.limit);
    let row = |one: RecordView| {
        let revoked = match (one.revoked_at, one.revoked_for) {
            (Some(at), Some(why)) => format!("{at}, {why}"),
            _ => "-".to_owned(),
        };
        vec![
            one.serial,
            one.profile,
            one.subject,
            or_dash(one.issuer.as_deref()),
            one.not_after,
            revoked,
        ]
    };
    let heading = ["SERIAL", "PROFILE", "SUBJECT", "ISSUER", "ENDS", "REVOKED"];
    output::table(&heading, found.into_iter().map(row).collect());
    if more {
        eprintln!(
            "there may be more than these {}; --limit shows them",
            asked.limit
        );
    }
    Ok(())
}
