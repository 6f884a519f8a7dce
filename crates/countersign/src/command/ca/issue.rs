//! `countersign ca issue`.

use anyhow::Result;
use countersign_operations::view::IssuedView;
use serde_json::json;

use crate::{
    cli::{CaIssue, Global},
    files::{self, Mode},
    operator::Operator,
    output,
};

pub(super) async fn run(global: &Global, asked: &CaIssue) -> Result<()> {
    let body = json!({
        "profile": asked.profile.code(),
        "names": asked.names,
        "product": asked.product,
        "request": files::read_text(&asked.csr)?,
    });
    let mut operator = Operator::reach(global).await?;
    let issued: IssuedView = operator.post("/v1/ca/certificates", &body).await?;
    write(global, &issued, asked.out.as_deref())
}

/// Gives a certificate to whoever asked for it, as a file or on standard output.
pub(super) fn write(
    global: &Global,
    issued: &IssuedView,
    out: Option<&std::path::Path>,
) -> Result<()> {
    if let Some(out) = out {
        files::write(out, issued.chain.as_bytes(), Mode::Public).map_err(|error| {
            error.context(format!(
                "the certificate with the serial number {} is issued and recorded, and was not written; `countersign ca \
                 show --certificates --serial {} --json` has it",
                issued.serial, issued.serial
            ))
        })?;
    }
    if global.json {
        return output::json(issued);
    }
    match out {
        None => print!("{}", issued.chain),
        Some(out) => {
            println!("issued {}", out.display());
            output::pairs(&[
                ("  by", issued.issuer.clone()),
                ("  as", issued.profile.clone()),
                ("  subject", issued.subject.clone()),
                ("  serial", issued.serial.clone()),
                ("  ends", issued.not_after.clone()),
            ]);
        }
    }
    Ok(())
}
