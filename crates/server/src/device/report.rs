//! `POST /v1/report`.

use axum::{body::Bytes, extract::State};
use countersign_operations::report;
use countersign_protocol::Report;
use http::StatusCode;

use crate::{
    ApiError,
    peer::{Caller, Shared},
};

/// Takes a report: 204, also where it was taken before.
pub(super) async fn report(
    State(shared): State<Shared>,
    Caller { device, .. }: Caller,
    body: Bytes,
) -> Result<StatusCode, ApiError> {
    let said = Report::decode(&body)
        .map_err(|error| ApiError::bad_request("bad-message", error.to_string()))?;
    report::report(&shared.context, &device, &said).await?;
    Ok(StatusCode::NO_CONTENT)
}
