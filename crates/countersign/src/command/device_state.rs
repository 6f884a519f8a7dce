//! `countersign device revoke`, `retire`, `suspend`, `resume` and `repin`.

use anyhow::{Context as _, Result, bail};
use countersign_operations::view::DeviceView;
use countersign_x509::pem;
use serde_json::{Value, json};

use crate::{
    cli::{DeviceRepin, Global},
    files,
    operator::{self, Operator},
    output,
    trust::certificates,
};

pub(super) async fn revoke(global: &Global, id: &str, reason: Option<&str>) -> Result<()> {
    let device = change(global, id, "/revoke", &json!({ "reason": reason })).await?;
    show(
        global,
        &device,
        "revoked",
        "it is refused from now on, and its connections are cut",
    )
}

pub(super) async fn retire(global: &Global, id: &str, reason: Option<&str>) -> Result<()> {
    let device = change(global, id, "/retire", &json!({ "reason": reason })).await?;
    let what = "it is out of service, and refused from now on";
    show(global, &device, "retired", what)
}

pub(super) async fn suspend(global: &Global, id: &str, reason: Option<&str>) -> Result<()> {
    let device = change(global, id, "/suspend", &json!({ "reason": reason })).await?;
    let what = "it is refused from now on, until `countersign device resume`";
    show(global, &device, "suspended", what)
}

pub(super) async fn resume(global: &Global, id: &str) -> Result<()> {
    let device = change(global, id, "/resume", &json!({})).await?;
    show(
        global,
        &device,
        "resumed",
        "it is served from its next request on",
    )
}

pub(super) async fn repin(global: &Global, asked: &DeviceRepin) -> Result<()> {
    let body = match (&asked.certificate, &asked.key) {
        (Some(file), _) => {
            let read = certificates::parse(&files::read(file)?);
            let read = read.with_context(|| format!("{} is of no use", file.display()))?;
            json!({ "certificate": pem::to_pem(&read) })
        }
        (None, Some(file)) => {
            let text = files::read_text(file)?;
            // It is not sent anywhere.
            if text.contains("PRIVATE KEY-----") {
                bail!(
                    "{} holds a private key; give the public one",
                    file.display()
                );
            }
            json!({ "key": text })
        }
        (None, None) => bail!("say by what it is known from now on: --certificate or --key"),
    };
    let device = change(global, &asked.id, "/repin", &body).await?;
    let what =
        "it is known by its new key alone, and what was certified for the old one is revoked";
    show(global, &device, "repinned", what)
}

async fn change(global: &Global, id: &str, verb: &str, body: &Value) -> Result<DeviceView> {
    let path = operator::path("/v1/devices/", id, verb);
    Operator::reach(global).await?.post(&path, body).await
}

fn show(global: &Global, device: &DeviceView, done: &str, what: &str) -> Result<()> {
    if global.json {
        return output::json(device);
    }
    println!("{done} {}: {what}", device.id);
    Ok(())
}
