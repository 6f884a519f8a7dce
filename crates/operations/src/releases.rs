//! Looking at releases.

use countersign_fleet::{Release, ReleaseId};

use crate::{Context, Error, view::ReleaseView};

/// All releases, newest first.
///
/// # Errors
/// [`Error::Store`].
pub async fn list(context: &Context) -> Result<Vec<ReleaseView>, Error> {
    let releases = context.store.releases().await?;
    Ok(releases.iter().map(|one| view(context, one)).collect())
}

/// A release, beside what its product's settings say of it now.
pub(crate) fn view(context: &Context, release: &Release) -> ReleaseView {
    // What was taken out of the settings has no policy.
    let product = context.settings.product(&release.product).ok();
    ReleaseView::of(release, product.as_deref().map(|product| &product.policy))
}

/// One release, by its number, or by its version where only one product has that: of several under that version, the one
/// with the highest counter.
///
/// # Errors
/// [`Error::UnknownRelease`], [`Error::Store`].
pub async fn show(context: &Context, name: &str) -> Result<ReleaseView, Error> {
    let release = match name.parse().map(ReleaseId) {
        Ok(id) => context.store.release(id).await?,
        Err(_) => by_version(context, name).await?,
    };
    release
        .map(|release| view(context, &release))
        .ok_or_else(|| Error::UnknownRelease(name.to_owned()))
}

async fn by_version(context: &Context, version: &str) -> Result<Option<Release>, Error> {
    let mut found = None;
    for product in context.settings.products.names() {
        let release = context.store.release_by_version(&product, version).await?;
        if release.is_some() && found.is_some() {
            return Ok(None);
        }
        found = found.or(release);
    }
    Ok(found)
}
