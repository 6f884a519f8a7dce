//! Whose releases a product's devices take: its author sets, and its authors in `countersign.toml` before the first.

use countersign_fleet::{AuthorSetRecord, ProductName, Release};
use countersign_images::{KnownAuthors, author_set, manifest};
use countersign_protocol::{SignedAuthorSet, UnixTime};

use crate::{Context, Error, view::AuthorSetView};

/// A product's author sets, newest first.
///
/// # Errors
/// [`Error::UnknownProduct`], [`Error::Store`].
pub async fn list(context: &Context, product: &ProductName) -> Result<Vec<AuthorSetView>, Error> {
    context.settings.product(product)?;
    let sets = context.store.author_sets(product).await?;
    sets.iter().map(view).collect()
}

pub(crate) fn view(record: &AuthorSetRecord) -> Result<AuthorSetView, Error> {
    let malformed = countersign_images::AuthorSetError::Malformed;
    let signed = SignedAuthorSet::parse(&record.signed).map_err(malformed)?;
    let set = signed.unverified().map_err(malformed)?;
    let signers = author_set::signers(&author_set::authors_of(&set), &signed);
    Ok(AuthorSetView::of(record, &set, &signers))
}

/// Whom a product's releases are judged by now.
pub(crate) async fn newest(
    context: &Context,
    product: &ProductName,
) -> Result<KnownAuthors, Error> {
    match context.store.author_sets(product).await?.into_iter().next() {
        Some(newest) => Ok(KnownAuthors::Set(newest.signed)),
        None => factory(context, product),
    }
}

/// The successor of the set that a device goes by, for one that follows any.
pub(crate) async fn successor(
    context: &Context,
    product: &ProductName,
    goes_by: Option<u32>,
) -> Result<Option<Vec<u8>>, Error> {
    let Some(next) = goes_by.and_then(|sequence| sequence.checked_add(1)) else {
        return Ok(None);
    };
    let found = context.store.author_set(product, next).await?;
    Ok(found.map(|set| set.signed))
}

/// Whether a device that goes by that set would take a release for its authors'. Of a device that goes by no set of ours it
/// is not known, and the device decides.
pub(crate) async fn believed_by(
    context: &Context,
    release: &Release,
    goes_by: u32,
    now: UnixTime,
) -> Result<bool, Error> {
    let product = &release.product;
    let known = match goes_by {
        // What a factory put into a device is known here as long as nobody changed the settings since.
        0 if context.store.author_set(product, 1).await?.is_none() => return Ok(true),
        0 => factory(context, product)?,
        sequence => match context.store.author_set(product, sequence).await? {
            Some(set) => KnownAuthors::Set(set.signed),
            None => return Ok(true),
        },
    };
    Ok(manifest::verify_by(&release.manifest, &known, now).is_ok())
}

fn factory(context: &Context, product: &ProductName) -> Result<KnownAuthors, Error> {
    let product = context.settings.product(product)?;
    Ok(KnownAuthors::Keys(product.authors.clone()))
}
