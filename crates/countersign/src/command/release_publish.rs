//! `countersign release publish`.

use std::path::Path;

use anyhow::{Context, Result};
use base64ct::{Base64, Encoding};
use countersign_operations::view::ReleaseView;
use countersign_server::MANIFEST_HEADER;
use http::{Method, header};
use http_body_util::Full;

use super::release_sign::manifest_beside;
use crate::{
    cli::{Global, ReleasePublish},
    files,
    operator::{self, Operator},
    output,
};

/// Publishes an image under its manifest.
pub(crate) async fn publish(
    operator: &mut Operator,
    image: &Path,
    manifest: &Path,
) -> Result<ReleaseView> {
    let bytes = files::read(image)?;
    let manifest = files::read(manifest).with_context(|| {
        format!(
            "the signed manifest of {} is missing; `countersign release sign` makes it",
            image.display()
        )
    })?;
    let request = operator::request(Method::POST, "/v1/releases")
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .header(MANIFEST_HEADER, Base64::encode_string(&manifest))
        .body(Full::new(bytes.into()))?;
    operator
        .call(request)
        .await
        .with_context(|| image.display().to_string())
}

pub(super) async fn run(global: &Global, asked: &ReleasePublish) -> Result<()> {
    let manifest = asked
        .manifest
        .clone()
        .unwrap_or_else(|| manifest_beside(&asked.image));
    let mut operator = Operator::reach(global).await?;
    let release = publish(&mut operator, &asked.image, &manifest).await?;
    if global.json {
        return output::json(&release);
    }
    if release.after_support {
        let until = release.supported_until.as_deref().unwrap_or_default();
        eprintln!(
            "note: support of `{}` ended on {until}; the release is out all the same, and offered to its devices",
            release.product
        );
    }
    println!(
        "published {} {} for {}: release {}, {}",
        release.product,
        release.version,
        release.chip,
        release.id,
        output::bytes(release.size.into())
    );
    Ok(())
}
