//! Looking at releases.

use countersign_fleet::{ProductName, Release, ReleaseId};

use crate::{Context, Error, view::ReleaseView};

/// All releases, newest first.
///
/// # Errors
/// [`Error::Store`].
pub async fn list(context: &Context) -> Result<Vec<ReleaseView>, Error> {
    Ok(context
        .store
        .releases()
        .await?
        .iter()
        .map(ReleaseView::of)
        .collect())
}

/// One release, by its number, or by its version where only one product has that.
///
/// # Errors
/// [`Error::UnknownRelease`], [`Error::Store`].
pub async fn show(context: &Context, name: &str) -> Result<ReleaseView, Error> {
    let release = match name.parse().map(ReleaseId) {
        Ok(id) => context.store.release(id).await?,
        Err(_) => by_version(context, name).await?,
    };
    release
        .map(|release| ReleaseView::of(&release))
        .ok_or_else(|| Error::UnknownRelease(name.to_owned()))
}

async fn by_version(context: &Context, version: &str) -> Result<Option<Release>, Error> {
    let mut found = None;
    let products: Vec<&ProductName> = context.settings.products.keys().collect();
    for product in products {
        let release = context.store.release_by_version(product, version).await?;
        if release.is_some() && found.is_some() {
            return Ok(None);
        }
        found = found.or(release);
    }
    Ok(found)
}
