//! What changes our authorities: only for who may open the socket in the state directory.

use axum::{
    Json,
    extract::{Path, State},
};
use countersign_operations::{
    authorities::Kind,
    offline, replace,
    view::{ReplacedView, RequestedView},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Operator, to_the_end};
use crate::ApiError;

/// The body of `POST /v1/ca/KIND/request`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// A PKCS#11 URI, where the key shall be on a token.
    key: Option<String>,
}

/// The body of `POST /v1/ca/KIND/replace`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Certified {
    /// What the root made of the request: PEM.
    certificate: String,
}

/// The body of `POST /v1/ca/KIND/offline`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Proof {
    /// A certificate request that the root's key signed where it is now: PEM.
    proof: String,
}

/// `POST /v1/ca/KIND/request`.
pub(super) async fn request(
    State(operator): State<Operator>,
    Path(kind): Path<String>,
    Json(wanted): Json<Wanted>,
) -> Result<Json<RequestedView>, ApiError> {
    let kind: Kind = kind.parse()?;
    to_the_end(async move { replace::request(&operator.context, kind, wanted.key).await }).await
}

/// `POST /v1/ca/KIND/replace`.
pub(super) async fn replace(
    State(operator): State<Operator>,
    Path(kind): Path<String>,
    Json(certified): Json<Certified>,
) -> Result<Json<ReplacedView>, ApiError> {
    let kind: Kind = kind.parse()?;
    let pem = certified.certificate.into_bytes();
    to_the_end(async move { replace::replace(&operator.context, kind, &pem).await }).await
}

/// `POST /v1/ca/KIND/offline`.
pub(super) async fn offline(
    State(operator): State<Operator>,
    Path(kind): Path<String>,
    Json(proof): Json<Proof>,
) -> Result<Json<Value>, ApiError> {
    let kind: Kind = kind.parse()?;
    let proof = proof.proof.into_bytes();
    to_the_end(async move {
        offline::offline(&operator.context, kind, &proof).await?;
        Ok(json!({ "authority": kind.root(), "key": "elsewhere" }))
    })
    .await
}
