//! Author sets.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
};
use countersign_operations::{Error, author_publish, author_sets, view::AuthorSetView};
use http::StatusCode;

use super::Operator;
use crate::ApiError;

/// `GET /v1/products/NAME/author-sets`.
pub(super) async fn list(
    State(operator): State<Operator>,
    Path(product): Path<String>,
) -> Result<Json<Vec<AuthorSetView>>, ApiError> {
    let product = product.parse().map_err(Error::BadName)?;
    Ok(Json(author_sets::list(&operator.context, &product).await?))
}

/// `POST /v1/author-sets`: the signed set is the body.
pub(super) async fn publish(
    State(operator): State<Operator>,
    set: Bytes,
) -> Result<(StatusCode, Json<AuthorSetView>), ApiError> {
    let published = author_publish::publish(&operator.context, &set).await?;
    Ok((StatusCode::CREATED, Json(published)))
}
