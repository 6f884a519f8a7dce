//! An operator changes what must hold for a product's releases.

use std::collections::BTreeMap;

use countersign_fleet::ProductName;

use crate::{Context, Error, context::OPERATOR, products, view::ProductView};

/// Changes a product's settings where they are kept, all that are named or none, and goes by them from then on. An empty
/// value takes a setting out.
///
/// # Errors
/// [`Error::UnknownProduct`]; [`Error::BadSetting`], with which nothing is changed; [`Error::Store`] where the line of audit
/// could not be written, or the product not be looked at: the change stands then.
pub async fn set(
    context: &Context,
    name: &ProductName,
    changes: &BTreeMap<String, String>,
) -> Result<ProductView, Error> {
    // Whoever publishes at the same moment is judged by the one or the other, not by both.
    let _alone = context.publishing.lock().await;
    context.settings.products.change(name, changes)?;
    let named: Vec<String> = changes
        .iter()
        .map(|(setting, value)| format!("{setting}={value}"))
        .collect();
    let audit = context.entry(OPERATOR, "product.set", name, named.join(" "));
    context.store.audit(&audit).await?;
    tracing::info!(product = %name, "settings changed");
    products::show(context, name).await
}
