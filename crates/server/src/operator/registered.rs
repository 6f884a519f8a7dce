//! Registered authorities.

use axum::{
    Json,
    extract::{Path, State},
};
use countersign_fleet::{
    AuthorityName, NameError, NameMapping, ProductName, UnknownCode, VouchesFor,
};
use countersign_operations::{
    Error, authority_list, authority_register,
    authority_set::{self, NewUntil},
    text::from_rfc3339,
    view::RegisteredView,
};
use countersign_protocol::UnixTime;
use http::StatusCode;
use serde::Deserialize;

use super::{Operator, to_the_end};
use crate::ApiError;

/// The body of `POST /v1/authorities`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Register {
    /// The name that it shall have.
    name: String,
    /// Its certificate, PEM.
    certificate: String,
    /// `cn`, `uri` or `dns`.
    names: String,
    /// The product of its devices; may be left out where there is one only, or where it brings in none.
    product: Option<String>,
    /// `known`, `new` or `nobody`.
    vouches_for: String,
    /// RFC 3339.
    new_until: Option<String>,
    #[serde(default)]
    known_after_end: bool,
}

/// The body of `POST /v1/authorities/NAME/set`: what is to be different.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Set {
    /// Another one for the same key, PEM.
    certificate: Option<String>,
    names: Option<String>,
    product: Option<String>,
    vouches_for: Option<String>,
    /// RFC 3339, or `never`.
    new_until: Option<String>,
    known_after_end: Option<bool>,
}

/// `GET /v1/authorities`.
pub(super) async fn list(
    State(operator): State<Operator>,
) -> Result<Json<Vec<RegisteredView>>, ApiError> {
    Ok(Json(authority_list::list(&operator.context).await?))
}

/// `POST /v1/authorities`.
pub(super) async fn register(
    State(operator): State<Operator>,
    Json(asked): Json<Register>,
) -> Result<(StatusCode, Json<RegisteredView>), ApiError> {
    let request = authority_register::Request {
        name: authority(&asked.name)?,
        certificate: asked.certificate.into_bytes(),
        names: code(&asked.names)?,
        product: product(asked.product)?,
        vouches_for: code(&asked.vouches_for)?,
        new_until: asked.new_until.as_deref().map(time).transpose()?,
        known_after_end: asked.known_after_end,
    };
    let change = async move { authority_register::register(&operator.context, &request).await };
    Ok((StatusCode::CREATED, to_the_end(change).await?))
}

/// `POST /v1/authorities/NAME/set`.
pub(super) async fn set(
    State(operator): State<Operator>,
    Path(name): Path<String>,
    Json(asked): Json<Set>,
) -> Result<Json<RegisteredView>, ApiError> {
    let name = authority(&name)?;
    let until = |text: &str| match text {
        "never" => Ok(NewUntil::ItsEnd),
        text => time(text).map(NewUntil::At),
    };
    let changes = authority_set::Changes {
        certificate: asked.certificate.map(String::into_bytes),
        names: asked
            .names
            .as_deref()
            .map(code::<NameMapping>)
            .transpose()?,
        product: product(asked.product)?,
        vouches_for: asked
            .vouches_for
            .as_deref()
            .map(code::<VouchesFor>)
            .transpose()?,
        new_until: asked.new_until.as_deref().map(until).transpose()?,
        known_after_end: asked.known_after_end,
    };
    let change = async move { authority_set::set(&operator.context, &name, &changes).await };
    to_the_end(change).await
}

pub(super) fn authority(name: &str) -> Result<AuthorityName, ApiError> {
    let name = name.parse().map_err(|error: NameError| Error::from(error));
    Ok(name?)
}

pub(super) fn product(name: Option<String>) -> Result<Option<ProductName>, ApiError> {
    let name = name.map(|name| name.parse::<ProductName>()).transpose();
    Ok(name.map_err(Error::from)?)
}

fn code<T: std::str::FromStr<Err = UnknownCode>>(text: &str) -> Result<T, ApiError> {
    text.parse()
        .map_err(|error: UnknownCode| ApiError::bad_request("bad-message", error.to_string()))
}

fn time(text: &str) -> Result<UnixTime, ApiError> {
    let wanted = || {
        let ask = format!("`{text}` is no time; write it as 2027-06-30T00:00:00Z");
        ApiError::bad_request("bad-message", ask)
    };
    from_rfc3339(text).ok_or_else(wanted)
}
