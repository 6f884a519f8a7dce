//! `countersign ca export`: what servers of others need of ours.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use countersign_operations::{
    authorities::Kind,
    view::{AuthorityView, CrlView},
};
use serde_json::json;

use super::crl;
use crate::{
    cli::{CaExport, Global},
    files::{self, Mode},
    operator::Operator,
    output,
};

pub(super) async fn run(global: &Global, asked: &CaExport) -> Result<()> {
    let mut operator = Operator::reach(global).await?;
    let all: Vec<AuthorityView> = operator.get("/v1/ca").await?;
    let folder = &asked.out;
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let mut rows = Vec::new();
    let mut put = |name: String, text: &str, what: String| {
        rows.push((name.clone(), what));
        write(folder, &name, text)
    };
    for one in &all {
        let what = format!("the certificate of {}", one.subject);
        put(format!("{}.pem", one.name), &one.certificate, what)?;
    }
    let mut without = Vec::new();
    for kind in Kind::ALL {
        let own: Vec<_> = all
            .iter()
            .filter(|one| one.hierarchy == kind.as_str())
            .collect();
        let chain: String = own.iter().map(|one| one.certificate.as_str()).collect();
        let what =
            "all of them, for nginx: ssl_client_certificate, or proxy_ssl_trusted_certificate";
        put(format!("{kind}-chain.pem"), &chain, what.to_owned())?;
        let crls: String = own
            .iter()
            .filter_map(|one| one.crl.as_ref())
            .map(|crl| crl.pem.as_str())
            .collect();
        let what = "their CRLs, for nginx: ssl_crl, or proxy_ssl_crl";
        put(format!("{kind}-crl.pem"), &crls, what.to_owned())?;
        without.extend(
            own.iter()
                .filter(|one| one.crl.is_none())
                .map(|one| (kind, one.name.clone())),
        );
    }
    let crls: Vec<CrlView> = all.into_iter().filter_map(|one| one.crl).collect();
    let place = folder.join("crl");
    crl::write(&place, &crls)?;
    for (kind, name) in &without {
        let make = if *name == kind.root() {
            format!("countersign ca crl --root {kind}")
        } else {
            "countersign ca crl".to_owned()
        };
        eprintln!(
            "warning: there is no CRL of {name} yet, and nginx refuses everybody without one of each: {make}"
        );
    }
    if global.json {
        let names: Vec<_> = rows.iter().map(|(name, _)| name).collect();
        return output::json(&json!({ "folder": folder, "files": names }));
    }
    rows.push((
        "crl/".to_owned(),
        "each CRL by itself, in DER and PEM".to_owned(),
    ));
    let heading = [&*format!("in {}", folder.display()), ""];
    let rows = rows.into_iter().map(|(name, what)| vec![name, what]);
    output::table(&heading, rows.collect());
    Ok(())
}

fn write(folder: &Path, name: &str, text: &str) -> Result<()> {
    files::write(&folder.join(name), text.as_bytes(), Mode::Public)
}
