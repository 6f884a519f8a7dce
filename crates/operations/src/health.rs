//! Whether all is well.

use crate::{Context, Error, view::HealthView};

/// Asks the stores for something small.
///
/// # Errors
/// [`Error::Store`] where the fleet's store does not answer.
pub async fn health(context: &Context) -> Result<HealthView, Error> {
    context.store.audit_log(1).await?;
    Ok(HealthView {
        status: "ok".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}
