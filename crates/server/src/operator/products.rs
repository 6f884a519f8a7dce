//! Products.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State},
};
use countersign_fleet::ProductName;
use countersign_operations::{Error, product_set, products, view::ProductView};
use serde::Deserialize;

use super::{Operator, to_the_end};
use crate::ApiError;

/// The body of `POST /v1/products/NAME/set`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Set {
    /// What is to be different: values as a person writes them; an empty one takes the setting out.
    settings: BTreeMap<String, String>,
}

/// `GET /v1/products`.
pub(super) async fn list(
    State(operator): State<Operator>,
) -> Result<Json<Vec<ProductView>>, ApiError> {
    Ok(Json(products::list(&operator.context).await?))
}

/// `GET /v1/products/NAME`.
pub(super) async fn show(
    State(operator): State<Operator>,
    Path(name): Path<String>,
) -> Result<Json<ProductView>, ApiError> {
    let name = name.parse().map_err(Error::BadName)?;
    Ok(Json(products::show(&operator.context, &name).await?))
}

/// `POST /v1/products/NAME/set`.
pub(super) async fn set(
    State(operator): State<Operator>,
    Path(name): Path<String>,
    Json(asked): Json<Set>,
) -> Result<Json<ProductView>, ApiError> {
    let name: ProductName = name.parse().map_err(Error::BadName)?;
    to_the_end(async move { product_set::set(&operator.context, &name, &asked.settings).await })
        .await
}
