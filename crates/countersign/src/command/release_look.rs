//! `countersign release list` and `show`.

use anyhow::Result;
use countersign_operations::view::ReleaseView;

use crate::{
    cli::Global,
    operator::{self, Operator},
    output::{self, or_dash},
};

pub(super) async fn list(global: &Global) -> Result<()> {
    let releases: Vec<ReleaseView> = Operator::reach(global).await?.get("/v1/releases").await?;
    if global.json {
        return output::json(&releases);
    }
    if releases.is_empty() {
        println!("no release yet; `countersign release publish` makes one");
        return Ok(());
    }
    let row = |release: ReleaseView| {
        vec![
            release.id.to_string(),
            release.product,
            release.version,
            release.chip,
            output::bytes(release.size.into()),
            release.counter.to_string(),
            release.published_at,
        ]
    };
    let heading = [
        "ID",
        "PRODUCT",
        "VERSION",
        "CHIP",
        "SIZE",
        "COUNTER",
        "PUBLISHED",
    ];
    output::table(&heading, releases.into_iter().map(row).collect());
    Ok(())
}

pub(super) async fn show(global: &Global, name: &str) -> Result<()> {
    let path = operator::path("/v1/releases/", name, "");
    let release: ReleaseView = Operator::reach(global).await?.get(&path).await?;
    if global.json {
        return output::json(&release);
    }
    output::pairs(&[
        ("release", release.id.to_string()),
        ("product", release.product),
        ("version", release.version),
        ("project", release.project),
        ("ESP-IDF", release.idf_version),
        ("chip", release.chip),
        ("size", format!("{} bytes", release.size)),
        ("SHA-256 of the file", release.image),
        ("counter", release.counter.to_string()),
        ("secure version", release.secure_version.to_string()),
        ("author", release.author),
        ("published", release.published_at),
        ("good until", or_dash(release.not_after.as_deref())),
        (
            "supported until",
            match (release.supported_until, release.after_support) {
                (Some(day), true) => format!("{day}: published after it"),
                (day, _) => or_dash(day.as_deref()),
            },
        ),
    ]);
    Ok(())
}
