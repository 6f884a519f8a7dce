//! The device plane: what our own node says, and the one address of stock clients.

mod check_in;
mod ota;
mod report;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};

use crate::{ApiError, peer::Shared};

/// The plane's routes.
pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/v1/checkin", post(check_in::check_in))
        .route("/v1/report", post(report::report))
        .route("/ota", get(ota::ota))
        .fallback(|| async { ApiError::not_found() })
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(shared)
}

/// The largest message that a device may send, in bytes.
pub(crate) const LARGEST_BODY: usize = 1024;
