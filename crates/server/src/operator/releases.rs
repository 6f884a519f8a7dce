//! Releases.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
};
use base64ct::{Base64, Encoding};
use countersign_operations::{publish, releases, view::ReleaseView};
use http::{HeaderMap, StatusCode};

use super::Operator;
use crate::ApiError;

/// `GET /v1/releases`.
pub(super) async fn list(
    State(operator): State<Operator>,
) -> Result<Json<Vec<ReleaseView>>, ApiError> {
    Ok(Json(releases::list(&operator.context).await?))
}

/// `GET /v1/releases/NUMBER` or `/v1/releases/VERSION`.
pub(super) async fn show(
    State(operator): State<Operator>,
    Path(name): Path<String>,
) -> Result<Json<ReleaseView>, ApiError> {
    Ok(Json(releases::show(&operator.context, &name).await?))
}

/// `POST /v1/releases`: the image is the body, its manifest the header [`MANIFEST_HEADER`] in base64.
pub(super) async fn publish(
    State(operator): State<Operator>,
    headers: HeaderMap,
    image: Bytes,
) -> Result<(StatusCode, Json<ReleaseView>), ApiError> {
    let Some(manifest) = headers.get(MANIFEST_HEADER) else {
        let ask = format!("the manifest is missing: header {MANIFEST_HEADER}, in base64");
        return Err(ApiError::bad_request("manifest-missing", ask));
    };
    let manifest = manifest
        .to_str()
        .ok()
        .and_then(|text| Base64::decode_vec(text).ok());
    let Some(manifest) = manifest else {
        let ask = format!("header {MANIFEST_HEADER} is not base64");
        return Err(ApiError::bad_request("manifest-malformed", ask));
    };
    let published = publish::publish(&operator.context, &manifest, &image).await?;
    Ok((StatusCode::CREATED, Json(published)))
}

/// The header that carries a release's manifest, a `COSE_Sign1`, in base64.
pub const MANIFEST_HEADER: &str = "countersign-manifest";
