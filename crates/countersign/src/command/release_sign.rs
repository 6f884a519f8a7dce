//! `countersign release sign`: where the author's key is. Needs no server and no state directory.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use countersign_fleet::ProductName;
use countersign_images::{
    FileKind,
    secure_boot::{self, How},
};
use countersign_keys::Passphrases;
use countersign_operations::{
    self as operations, Clock as _,
    sign::{self, Terms},
    text,
};
use countersign_protocol::SignedRelease;
use serde_json::json;

use super::{image_keys, image_sign};
use crate::{
    cli::{Global, ReleaseSign},
    files::{self, Mode},
    output,
    state::resolved,
    system::SystemClock,
};

/// Signs a release and gives where its manifest was written.
pub(crate) fn sign(asked: &ReleaseSign, passphrases: &Passphrases) -> Result<PathBuf> {
    let _: ProductName = asked.product.parse()?;
    let (path, image) = image(asked, passphrases)?;
    let key = countersign_keys::open(&asked.key, passphrases)
        .with_context(|| format!("the author's key {} is of no use", asked.key.display()))?;
    let out = asked.out.clone().unwrap_or_else(|| manifest_beside(path));
    if [path, &asked.image]
        .iter()
        .any(|image| resolved(image) == resolved(&out))
    {
        bail!(
            "the manifest would take the place of the image {}: name another file by --out",
            out.display()
        );
    }
    if asked.add {
        let before = files::read(&out).with_context(|| {
            format!(
                "what another author has signed of {} is missing",
                asked.image.display()
            )
        })?;
        let signed = sign::co_sign(&image, &before, &*key);
        let signed = signed.map_err(|error| match error {
            error @ operations::Error::BadImage(_) => about(&asked.image, &image, error),
            error => anyhow::Error::new(error).context(out.display().to_string()),
        })?;
        files::write(&out, &signed, Mode::Public)?;
        return Ok(out);
    }
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
        sign::sign(&image, &terms, &*key).map_err(|error| about(&asked.image, &image, error))?;
    if !asked.image_keys.is_empty() {
        // Last of all that could be refused, and before the manifest, which speaks of it.
        files::write(path, &image, Mode::Public)?;
    }
    files::write(&out, &manifest, Mode::Public)?;
    Ok(out)
}

/// The image that the release is of, and where it is or will be: signed for Secure Boot, where that is asked for.
fn image<'a>(asked: &'a ReleaseSign, passphrases: &Passphrases) -> Result<(&'a Path, Vec<u8>)> {
    let bytes = files::read(&asked.image)?;
    let Some(out) = &asked.image_out else {
        return Ok((&asked.image, bytes));
    };
    let image = image_keys::image(&asked.image, &bytes)?;
    let signed = image_sign::by_keys(&image, &asked.image_keys, How::New, passphrases);
    let signed = signed.map_err(|error| match error.downcast_ref() {
        Some(secure_boot::Error::AlreadySigned { blocks, .. }) => anyhow!(
            "{shown} is signed for Secure Boot already ({blocks} of 3 blocks): sign its release without --image-key and \
             --image-out; another signature is put beside it by `countersign image sign --append`, before that",
            shown = asked.image.display()
        ),
        _ => error.context(format!("{} is not signed", asked.image.display())),
    })?;
    image_sign::note(&image, &signed);
    Ok((out, signed.bytes))
}

/// Says what a file is that is no image.
fn about(path: &Path, file: &[u8], error: operations::Error) -> anyhow::Error {
    let shown = path.display();
    match FileKind::of(file) {
        FileKind::Image | FileKind::Unknown => anyhow::Error::new(error).context(shown.to_string()),
        FileKind::Sealed => anyhow!(
            "{shown} is a sealed image, whose release cannot be signed: sign and publish the image that was sealed \
             (`countersign image open` gets it back)"
        ),
        other => anyhow!("{shown} is {other}, and no app image"),
    }
}

/// Where an image's manifest is, unless said otherwise.
pub(crate) fn manifest_beside(image: &Path) -> PathBuf {
    image.with_extension("cose")
}

pub(super) fn run(global: &Global, asked: &ReleaseSign) -> Result<()> {
    let end = asked.not_after.as_deref().and_then(text::from_rfc3339);
    if let Some(end) = end.filter(|end| *end < SystemClock.now()) {
        eprintln!(
            "note: the end {} has passed: neither server nor device takes it",
            text::rfc3339(end)
        );
    }
    let out = sign(asked, &global.passphrases())?;
    let bytes = files::read(&out)?;
    let release = SignedRelease::parse(&bytes)?;
    let signed = release.manifest();
    let authors: Vec<String> = release.signatures().map(|(id, _)| id.to_string()).collect();
    let said = signed.unverified()?;
    if global.json {
        return output::json(&json!({
            "manifest": out,
            "signed_image": asked.image_out,
            "author": text::hex(&signed.author().0),
            "authors": authors,
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
    if let Some(image) = &asked.image_out {
        println!("signed {} for Secure Boot", image.display());
    }
    println!("signed {}", out.display());
    output::pairs(&[
        ("  author", authors.join(", ")),
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
