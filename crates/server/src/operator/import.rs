//! Many devices at once.

use axum::{
    Json,
    extract::{Path, State},
};
use countersign_fleet::Importing;
use countersign_operations::{
    import::{self, Entry},
    view::ImportView,
};
use serde::Deserialize;

use super::{
    Operator,
    registered::{authority, product},
    to_the_end,
};
use crate::ApiError;

/// The body of `POST /v1/authorities/NAME/import`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Import {
    /// The product of devices for which none is said.
    product: Option<String>,
    entries: Vec<Entry>,
    /// The CAs between, PEM.
    #[serde(default)]
    intermediates: String,
    #[serde(default)]
    dry_run: bool,
    /// Pass over what is refused.
    #[serde(default)]
    skip_bad: bool,
}

/// `POST /v1/authorities/NAME/import`: devices of that authority.
pub(super) async fn import(
    State(operator): State<Operator>,
    Path(name): Path<String>,
    Json(asked): Json<Import>,
) -> Result<Json<ImportView>, ApiError> {
    let request = import::Request {
        authority: authority(&name)?,
        product: product(asked.product)?,
        entries: asked.entries,
        intermediates: asked.intermediates,
        how: match (asked.dry_run, asked.skip_bad) {
            (true, _) => Importing::Try,
            (false, true) => Importing::SkipRefused,
            (false, false) => Importing::AllOrNothing,
        },
    };
    to_the_end(async move { import::import(&operator.context, request).await }).await
}
