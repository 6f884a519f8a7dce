//! `countersign release sign`: where the author's key is. Needs no server and no state directory.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use countersign_keys::Passphrases;
use countersign_operations::{
    Clock as _,
    sign::{self, Terms},
    text,
};
use countersign_protocol::SignedManifest;
use serde_json::json;

use crate::{
    cli::{Global, ReleaseSign},
    files::{self, Mode},
    output,
    system::SystemClock,
};

/// Signs a release and gives where its manifest was written.
pub(crate) fn sign(asked: &ReleaseSign, passphrases: &Passphrases) -> Result<PathBuf> {
    let image = files::read(&asked.image)?;
    let key = countersign_keys::open(&asked.key, passphrases)
        .with_context(|| format!("the author's key {} is of no use", asked.key.display()))?;
    let now = SystemClock.now();
    let not_after = asked.not_after.as_deref().map(|end| {
        text::from_rfc3339(end)
            .with_context(|| format!("`{end}` is no time; write it as 2027-06-30T00:00:00Z"))
    });
    let terms = Terms {
        product: &asked.product,
        counter: asked.counter.unwrap_or(now.0),
        created: now,
        not_after: not_after.transpose()?,
    };
    let manifest =
        sign::sign(&image, &terms, &*key).with_context(|| asked.image.display().to_string())?;
    let out = asked
        .out
        .clone()
        .unwrap_or_else(|| manifest_beside(&asked.image));
    files::write(&out, &manifest, Mode::Public)?;
    Ok(out)
}

/// Where an image's manifest is, unless said otherwise.
pub(crate) fn manifest_beside(image: &Path) -> PathBuf {
    image.with_extension("cose")
}

pub(super) fn run(global: &Global, asked: &ReleaseSign) -> Result<()> {
    let out = sign(asked, &global.passphrases())?;
    let bytes = files::read(&out)?;
    let signed = SignedManifest::parse(&bytes)?;
    let said = signed.unverified()?;
    if global.json {
        return output::json(&json!({
            "manifest": out,
            "author": text::hex(&signed.author().0),
            "product": said.product,
            "chip": text::chip_name(said.chip),
            "project": said.project,
            "version": said.version,
            "image": said.image.to_string(),
            "size": said.size,
            "counter": said.counter,
            "secure_version": said.secure_version,
            "not_after": said.not_after.map(text::rfc3339),
        }));
    }
    println!("signed {}", out.display());
    output::pairs(&[
        ("  author", text::hex(&signed.author().0)),
        ("  product", said.product.to_owned()),
        (
            "  image",
            format!(
                "{} {} for {}, {}",
                said.project,
                said.version,
                text::chip_name(said.chip),
                output::bytes(said.size.into())
            ),
        ),
        ("  SHA-256", said.image.to_string()),
        ("  counter", said.counter.to_string()),
        (
            "  good until",
            said.not_after
                .map_or_else(|| "no end".to_owned(), text::rfc3339),
        ),
    ]);
    Ok(())
}
