//! Looking at products.

use countersign_fleet::ProductName;

use crate::{Context, Error, view::ProductView};

/// All products, by name.
///
/// # Errors
/// As [`show`].
pub async fn list(context: &Context) -> Result<Vec<ProductView>, Error> {
    let mut views = Vec::new();
    for name in context.settings.products.names() {
        views.push(show(context, &name).await?);
    }
    Ok(views)
}

/// One product, as its releases are judged by now.
///
/// # Errors
/// [`Error::UnknownProduct`], [`Error::Store`]; [`Error::AuthorSet`] where the store's is damaged.
pub async fn show(context: &Context, name: &ProductName) -> Result<ProductView, Error> {
    let product = context.settings.product(name)?;
    let sets = context.store.author_sets(name).await?;
    let newest = context.store.newest_release(name).await?;
    let now = context.clock.now();
    ProductView::of(name, &product, sets.first(), newest.as_ref(), now)
}
