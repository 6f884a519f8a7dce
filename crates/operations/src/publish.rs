//! A release becomes visible, after everything that could be wrong with it was looked at and its last byte is stored.

use countersign_fleet::{ProductName, Release, ReleaseId};
use countersign_images::{Checked, ManifestError, check::Signed, check_image, manifest};
use countersign_protocol::{Manifest, SignedManifest};

use crate::{
    Context, Error, Product,
    context::OPERATOR,
    text::{chip_name, rfc3339},
    view::ReleaseView,
};

/// Publishes an image under its author's manifest.
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
    let verified = manifest::verify(signed_manifest, &product.authors)?;
    let said = verified.manifest();
    let now = context.clock.now();
    if let Some(end) = said.not_after.filter(|end| *end < now) {
        return Err(Error::ManifestEnded(rfc3339(end)));
    }
    let checked = check_image(image)?;
    manifest::matches(said, &checked).map_err(Error::ManifestMismatch)?;
    // From here on alone: of two at once, neither shall pass the other's counter unseen, or take back its image.
    let _alone = context.publishing.lock().await;
    let newest = context.store.newest_release(&name).await?;
    check_policy(&name, product, &checked, newest.as_ref())?;
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
    Ok(ReleaseView::of(&release))
}

/// The product that a manifest names, before anything of it is believed: only to know whose authors to ask.
fn product_of<'a>(
    context: &'a Context,
    signed_manifest: &[u8],
) -> Result<(ProductName, &'a Product), Error> {
    let claimed = SignedManifest::parse(signed_manifest)
        .and_then(|signed| {
            signed
                .unverified()
                .map(|manifest| manifest.product.to_owned())
        })
        .map_err(ManifestError::Malformed)?;
    let name: ProductName = claimed.parse()?;
    let product = context.settings.product(&name)?;
    Ok((name, product))
}

fn check_policy(
    name: &ProductName,
    product: &Product,
    checked: &Checked,
    newest: Option<&Release>,
) -> Result<(), Error> {
    let wanted = product
        .chip
        .map(|chip| (chip, "as countersign.toml says".to_owned()))
        .or_else(|| {
            newest.map(|newest| (newest.chip, format!("as its release {} is", newest.version)))
        });
    if let Some((chip, because)) = wanted
        && chip != checked.chip
    {
        return Err(Error::WrongChip {
            image: chip_name(checked.chip),
            wanted: chip_name(chip),
            product: name.clone(),
            because,
        });
    }
    if !product.unsigned_images && checked.signed == Signed::No {
        return Err(Error::UnsignedImage(name.clone()));
    }
    Ok(())
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
