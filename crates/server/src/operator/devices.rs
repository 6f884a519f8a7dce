//! Devices.

use axum::{
    Json,
    extract::{Path, State},
};
use countersign_fleet::{DeviceId, ProductName};
use countersign_operations::{
    Error, devices, enroll,
    repin::{self, NewKey},
    resume, retire, revoke, suspend,
    view::{DeviceView, EnrolledView},
};
use http::StatusCode;
use serde::Deserialize;

use super::{Operator, to_the_end};
use crate::ApiError;

/// The body of `POST /v1/devices`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Enroll {
    /// The id that the device shall have.
    id: String,
    /// Its product; may be left out where there is one only.
    product: Option<String>,
    /// A PKCS#10 request, PEM.
    request: String,
}

/// The body of `POST /v1/devices/ID/revoke`, `/retire` and `/suspend`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Because {
    /// Why, for whoever reads it later.
    reason: Option<String>,
}

/// The body of `POST /v1/devices/ID/repin`: one of the two, PEM.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub(super) enum Repin {
    /// Its new certificate.
    Certificate(String),
    /// Its new public key.
    Key(String),
}

/// `GET /v1/devices`.
pub(super) async fn list(
    State(operator): State<Operator>,
) -> Result<Json<Vec<DeviceView>>, ApiError> {
    Ok(Json(devices::list(&operator.context).await?))
}

/// `GET /v1/devices/ID`.
pub(super) async fn show(
    State(operator): State<Operator>,
    Path(id): Path<String>,
) -> Result<Json<DeviceView>, ApiError> {
    Ok(Json(devices::show(&operator.context, &device(&id)?).await?))
}

/// `POST /v1/devices`.
pub(super) async fn enroll(
    State(operator): State<Operator>,
    Json(asked): Json<Enroll>,
) -> Result<(StatusCode, Json<EnrolledView>), ApiError> {
    let product = asked
        .product
        .map(|name| name.parse::<ProductName>())
        .transpose();
    let request = enroll::Request {
        id: device(&asked.id)?,
        product: product.map_err(Error::from)?,
        request: asked.request.into_bytes(),
    };
    Ok((
        StatusCode::CREATED,
        Json(enroll::enroll(&operator.context, &request).await?),
    ))
}

/// `POST /v1/devices/ID/revoke`.
pub(super) async fn revoke(
    State(operator): State<Operator>,
    Path(id): Path<String>,
    Json(asked): Json<Because>,
) -> Result<Json<DeviceView>, ApiError> {
    let id = device(&id)?;
    let change =
        async move { revoke::revoke(&operator.context, &id, asked.reason.as_deref()).await };
    to_the_end(change).await
}

/// `POST /v1/devices/ID/retire`.
pub(super) async fn retire(
    State(operator): State<Operator>,
    Path(id): Path<String>,
    Json(asked): Json<Because>,
) -> Result<Json<DeviceView>, ApiError> {
    let id = device(&id)?;
    let change =
        async move { retire::retire(&operator.context, &id, asked.reason.as_deref()).await };
    to_the_end(change).await
}

/// `POST /v1/devices/ID/suspend`.
pub(super) async fn suspend(
    State(operator): State<Operator>,
    Path(id): Path<String>,
    Json(asked): Json<Because>,
) -> Result<Json<DeviceView>, ApiError> {
    let id = device(&id)?;
    let change =
        async move { suspend::suspend(&operator.context, &id, asked.reason.as_deref()).await };
    to_the_end(change).await
}

/// `POST /v1/devices/ID/resume`; it has no body.
pub(super) async fn resume(
    State(operator): State<Operator>,
    Path(id): Path<String>,
) -> Result<Json<DeviceView>, ApiError> {
    let id = device(&id)?;
    to_the_end(async move { resume::resume(&operator.context, &id).await }).await
}

/// `POST /v1/devices/ID/repin`.
pub(super) async fn repin(
    State(operator): State<Operator>,
    Path(id): Path<String>,
    Json(asked): Json<Repin>,
) -> Result<Json<DeviceView>, ApiError> {
    let id = device(&id)?;
    let new = match asked {
        Repin::Certificate(text) => NewKey::Certificate(text.into_bytes()),
        Repin::Key(text) => NewKey::PublicKey(text.into_bytes()),
    };
    to_the_end(async move { repin::repin(&operator.context, &id, &new).await }).await
}

fn device(id: &str) -> Result<DeviceId, Error> {
    id.parse().map_err(Error::from)
}
