//! `countersign device revoke`, `retire`, `suspend` and `resume`.

use anyhow::Result;
use countersign_operations::view::DeviceView;
use serde_json::{Value, json};

use crate::{
    cli::Global,
    operator::{self, Operator},
    output,
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
