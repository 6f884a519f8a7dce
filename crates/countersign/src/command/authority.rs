//! `countersign ca register`, `set` and `list`.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use countersign_operations::{text, view::RegisteredView};
use countersign_x509::pem;
use serde_json::{Map, Value, json};

use crate::{
    cli::{Authority, AuthorityRegister, AuthoritySet, Global},
    files,
    operator::{self, Operator},
    output::{self, or_dash},
    trust::certificates,
};

pub(super) async fn run(global: &Global, verb: &Authority) -> Result<()> {
    match verb {
        Authority::Register(asked) => register(global, asked).await,
        Authority::Set(asked) => set(global, asked).await,
        Authority::List => list(global).await,
    }
}

async fn register(global: &Global, asked: &AuthorityRegister) -> Result<()> {
    let certificate = certificate(&asked.certificate)?;
    if let Some(until) = &asked.new_until {
        check_time(until)?;
    }
    let body = json!({
        "name": asked.name,
        "certificate": certificate,
        "names": asked.names.as_str(),
        "product": asked.product,
        "vouches_for": asked.vouches_for.as_str(),
        "new_until": asked.new_until,
        "known_after_end": asked.known_after_end,
    });
    let mut operator = Operator::reach(global).await?;
    let registered: RegisteredView = operator.post("/v1/authorities", &body).await?;
    show(global, &registered, "registered")
}

async fn set(global: &Global, asked: &AuthoritySet) -> Result<()> {
    let mut body = Map::new();
    let mut say = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            body.insert(name.to_owned(), value);
        }
    };
    let certificate = asked.certificate.as_deref().map(certificate);
    say("certificate", certificate.transpose()?.map(Value::from));
    say("names", asked.names.map(|names| names.as_str().into()));
    say("product", asked.product.as_deref().map(Value::from));
    let vouches_for = asked.vouches_for.map(|of| of.as_str().into());
    say("vouches_for", vouches_for);
    say("known_after_end", asked.known_after_end.map(Value::from));
    if let Some(until) = asked.new_until.as_deref().filter(|until| *until != "never") {
        check_time(until)?;
    }
    say("new_until", asked.new_until.as_deref().map(Value::from));
    if body.is_empty() {
        bail!(
            "nothing to change: say what, by --vouches-for, --new-until, --known-after-end, --product or --names"
        );
    }
    let path = operator::path("/v1/authorities/", &asked.name, "/set");
    let changed = Operator::reach(global).await?.post(&path, &body).await?;
    show(global, &changed, "changed")
}

async fn list(global: &Global) -> Result<()> {
    let mut operator = Operator::reach(global).await?;
    let all: Vec<RegisteredView> = operator.get("/v1/authorities").await?;
    if global.json {
        return output::json(&all);
    }
    if all.is_empty() {
        println!("no other authority vouches for devices; `countersign ca register` lets one");
        return Ok(());
    }
    let row = |one: RegisteredView| {
        let vouches_for = vouches_for(&one);
        vec![
            one.name,
            one.subject,
            one.not_after,
            one.names,
            or_dash(one.product.as_deref()),
            vouches_for,
        ]
    };
    let heading = ["NAME", "SUBJECT", "ENDS", "NAMES", "PRODUCT", "VOUCHES FOR"];
    output::table(&heading, all.into_iter().map(row).collect());
    Ok(())
}

fn show(global: &Global, authority: &RegisteredView, done: &str) -> Result<()> {
    if global.json {
        return output::json(authority);
    }
    println!("{done} {}: its devices are {0}/...", authority.name);
    output::pairs(&[
        ("subject", authority.subject.clone()),
        ("ends", authority.not_after.clone()),
        ("key SHA-256", authority.key.clone()),
        ("names by", authority.names.clone()),
        ("product", or_dash(authority.product.as_deref())),
        ("vouches for", vouches_for(authority)),
    ]);
    Ok(())
}

fn vouches_for(authority: &RegisteredView) -> String {
    let until = authority.new_until.as_ref();
    let until = until.map(|until| format!(" until {until}"));
    let after = if authority.known_after_end {
        ", for known devices after its end"
    } else {
        ""
    };
    format!(
        "{}{}{after}",
        authority.vouches_for,
        until.unwrap_or_default()
    )
}

/// A file's certificates, PEM.
fn certificate(path: &Path) -> Result<String> {
    let read = certificates::parse(&files::read(path)?);
    let read = read.with_context(|| format!("{} is of no use", path.display()))?;
    Ok(pem::to_pem(&read))
}

fn check_time(text: &str) -> Result<()> {
    if text::from_rfc3339(text).is_none() {
        bail!("`{text}` is no time; write it as 2027-06-30T00:00:00Z");
    }
    Ok(())
}
