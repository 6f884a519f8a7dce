//! A release becomes visible, after everything that could be wrong with it was looked at and its last byte is stored.

use std::sync::Arc;

use countersign_fleet::{ProductName, Release, ReleaseId};
use countersign_images::{ManifestError, check_image, manifest};
use countersign_protocol::{Manifest, SignedRelease};

use crate::{
    Context, Error, Product, author_sets, context::OPERATOR, text::rfc3339, view::ReleaseView,
};

/// Publishes an image under its authors' manifest, which as many have signed as the product's newest author set asks for.
///
/// # Errors
/// The first thing found wrong: the manifest's form, its author, its signature, its end; the image; whether one is the
/// other's; the product's policy; the counter; the stores. Nothing is stored then.
pub async fn publish(
    context: &Context,
    signed_manifest: &[u8],
    image: &[u8],
) -> Result<ReleaseView, Error> {
    let (name, product) = product_of(context, signed_manifest)?;
    let now = context.clock.now();
    let known = author_sets::newest(context, &name).await?;
    let verified = manifest::verify_by(signed_manifest, &known, now)?;
    let said = verified.manifest();
    if let Some(end) = said.not_after.filter(|end| *end < now) {
        return Err(Error::ManifestEnded(rfc3339(end)));
    }
    product.policy.check_file(&name, image)?;
    let checked = check_image(image)?;
    manifest::matches(said, &checked).map_err(Error::ManifestMismatch)?;
    // From here on alone: of two at once, neither shall pass the other's counter unseen, or take back its image.
    let _alone = context.publishing.lock().await;
    let newest = context.store.newest_release(&name).await?;
    product
        .policy
        .check(&name, image, &checked, newest.as_ref())?;
    check_counter(&name, said, newest.as_ref())?;

    let mut release = Release {
        id: ReleaseId(0),
        product: name,
        version: checked.version.clone(),
        project: checked.project.clone(),
        idf_version: checked.idf_version.clone(),
        chip: checked.chip,
        counter: said.counter,
        secure_version: checked.secure_version,
        image: checked.digest,
        size: checked.size,
        manifest: signed_manifest.to_vec(),
        author: verified.author(),
        published_at: now,
        not_after: said.not_after,
    };
    let was_there = context.images.open(&release.image)?.is_some();
    context.images.put(image)?;
    let audit = context.entry(
        OPERATOR,
        "release.publish",
        format_args!("{} {}", release.product, release.version),
        release.image,
    );
    match context.store.add_release(&release, &audit).await {
        Ok(id) => release.id = id,
        Err(error) => {
            if !was_there {
                context.images.remove(&release.image)?;
            }
            return Err(error.into());
        }
    }
    tracing::info!(product = %release.product, version = release.version, "published");
    Ok(ReleaseView::of(&release, Some(&product.policy)))
}

/// The product that a manifest names, before anything of it is believed: only to know whose authors to ask.
fn product_of(
    context: &Context,
    signed_manifest: &[u8],
) -> Result<(ProductName, Arc<Product>), Error> {
    let claimed = SignedRelease::parse(signed_manifest)
        .and_then(|signed| {
            signed
                .manifest()
                .unverified()
                .map(|manifest| manifest.product.to_owned())
        })
        .map_err(ManifestError::Malformed)?;
    let name: ProductName = claimed.parse()?;
    let product = context.settings.product(&name)?;
    Ok((name, product))
}

fn check_counter(
    name: &ProductName,
    said: &Manifest<'_>,
    newest: Option<&Release>,
) -> Result<(), Error> {
    match newest {
        Some(newest) if newest.counter >= said.counter => Err(Error::OldCounter {
            product: name.clone(),
            offered: said.counter,
            newest: newest.counter,
            version: newest.version.clone(),
        }),
        _ => Ok(()),
    }
}
