//! `countersign ca replace`: with the root's key at hand in one go, else in two, with `ca sign` between them.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use countersign_operations::{
    authorities::Kind,
    view::{ReplacedView, RequestedView},
};
use countersign_x509::pem;
use serde_json::json;

use super::{root, sign};
use crate::{
    cli::{CaReplace, Global},
    files::{self, Mode},
    operator::Operator,
    output,
};

pub(super) async fn run(global: &Global, asked: &CaReplace) -> Result<()> {
    let kind = Kind::from(asked.hierarchy);
    if let Some(path) = &asked.certificate {
        let certificate = root::read(path)?;
        let mut operator = Operator::reach(global).await?;
        let text = pem::to_pem(std::slice::from_ref(&certificate));
        let done = install(&mut operator, kind, &text).await;
        return show(
            global,
            kind,
            &done.with_context(|| path.display().to_string())?,
        );
    }
    let passphrases = global.passphrases();
    let mut operator = Operator::reach_with(global, Arc::clone(&passphrases)).await?;
    if let Some(path) = &asked.request {
        let requested = request(&mut operator, kind, asked).await?;
        files::write(path, requested.request.as_bytes(), Mode::Public)?;
        if global.json {
            return output::json(&requested);
        }
        println!("requested `{}`: {}", requested.name, path.display());
        println!(
            "Take it to where the root's key is, and the root's certificate, authorities/{}.pem, with it:",
            kind.root()
        );
        println!(
            "  countersign ca sign --root-key KEY --root {}.pem --csr {} --out NEW.pem",
            kind.root(),
            path.display()
        );
        println!("and with what that makes, here:");
        println!("  countersign ca replace {kind} --certificate NEW.pem");
        return Ok(());
    }
    // The root's key first: where it cannot be had, nothing is begun.
    let given = asked.root_key.as_deref();
    let root = root::open(global, &passphrases, &mut operator, kind, given).await?;
    let requested = request(&mut operator, kind, asked).await?;
    let certificate = sign::certify(&root, requested.request.as_bytes())?;
    let text = pem::to_pem(std::slice::from_ref(&certificate));
    let done = install(&mut operator, kind, &text).await?;
    show(global, kind, &done)
}

async fn request(operator: &mut Operator, kind: Kind, asked: &CaReplace) -> Result<RequestedView> {
    let body = json!({ "key": asked.key });
    operator
        .post(&format!("/v1/ca/{kind}/request"), &body)
        .await
}

async fn install(operator: &mut Operator, kind: Kind, certificate: &str) -> Result<ReplacedView> {
    let body = json!({ "certificate": certificate });
    operator
        .post(&format!("/v1/ca/{kind}/replace"), &body)
        .await
}

fn show(global: &Global, kind: Kind, done: &ReplacedView) -> Result<()> {
    if global.json {
        return output::json(done);
    }
    println!("{} is another one from now on", kind.issuing());
    let pairs = [
        ("  subject", done.subject.clone()),
        ("  serial", done.serial.clone()),
        ("  ends", done.not_after.clone()),
        ("  before it", done.superseded.clone()),
    ];
    output::pairs(&pairs);
    if kind == Kind::Server {
        println!(
            "  a running `serve` has its own certificate made anew by it within seconds, another one when it starts"
        );
    }
    Ok(())
}
