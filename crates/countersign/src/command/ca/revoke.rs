//! `countersign ca revoke`.

use anyhow::Result;
use countersign_operations::view::RecordView;
use serde_json::json;

use crate::{
    cli::{CaRevoke, Global},
    operator::{self, Operator},
    output,
};

pub(super) async fn run(global: &Global, asked: &CaRevoke) -> Result<()> {
    let path = operator::path("/v1/ca/certificates/", &asked.serial, "/revoke");
    let body = json!({ "reason": asked.reason.code() });
    let revoked: RecordView = Operator::reach(global).await?.post(&path, &body).await?;
    if global.json {
        return output::json(&revoked);
    }
    println!("revoked {}: {}", revoked.serial, revoked.subject);
    if revoked.profile == "authority" {
        println!(
            "It goes into its root's CRL, which is made by hand: countersign ca crl --root device, or server"
        );
    }
    Ok(())
}
