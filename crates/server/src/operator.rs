//! The operator plane: every stateful verb is one request here, from the program or from anything that speaks HTTP.

mod authorities;
mod devices;
mod import;
mod look;
mod releases;

use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use countersign_operations::Context;
use http::{StatusCode, header};

use crate::{
    Addresses, ApiError,
    places::{Place, Places},
    stats::Stats,
};

pub use look::{ConnectionsView, ServerView};
pub use releases::MANIFEST_HEADER;

/// What the plane's handlers work with.
#[derive(Clone, Debug)]
pub(crate) struct Operator {
    pub(crate) context: Arc<Context>,
    pub(crate) stats: Arc<Stats>,
    /// `None` where no server runs, and the program does the verb itself.
    pub(crate) addresses: Option<Addresses>,
    /// The places of the planes, by name.
    pub(crate) planes: Vec<(&'static str, Arc<Places>)>,
}

/// The routes for a program that holds the state directory's lock and no server.
pub fn local_router(context: Arc<Context>) -> Router {
    router(Operator {
        context,
        stats: Arc::default(),
        addresses: None,
        planes: Vec::new(),
    })
}

/// The routes, for whoever reached the socket in the state directory.
pub(crate) fn router(operator: Operator) -> Router {
    Router::new()
        .route("/health", get(look::health))
        .route("/v1/server", get(look::server))
        .route("/v1/audit", get(look::audit))
        .route("/v1/refusals", get(look::refusals))
        .route(
            "/v1/authorities",
            get(authorities::list).post(authorities::register),
        )
        .route("/v1/authorities/{name}/set", post(authorities::set))
        .route("/v1/authorities/{name}/import", post(import::import))
        .route("/v1/devices", get(devices::list).post(devices::enroll))
        .route("/v1/devices/{id}", get(devices::show))
        .route("/v1/devices/{id}/revoke", post(devices::revoke))
        .route("/v1/devices/{id}/retire", post(devices::retire))
        .route("/v1/devices/{id}/suspend", post(devices::suspend))
        .route("/v1/devices/{id}/resume", post(devices::resume))
        .route("/v1/devices/{id}/repin", post(devices::repin))
        .route("/v1/releases", get(releases::list).post(releases::publish))
        .route("/v1/releases/{name}", get(releases::show))
        .fallback(|| async { ApiError::not_found() })
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(operator)
}

/// The routes, for whoever comes over loopback with the operator's token.
pub(crate) fn router_with_token(operator: Operator, token: Arc<str>) -> Router {
    router(operator).layer(from_fn_with_state(token, demand_token))
}

async fn demand_token(State(token): State<Arc<str>>, request: Request, next: Next) -> Response {
    let given = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    // In a time that does not tell where the two differ.
    let good = given.is_some_and(|given| verify_slices_are_equal(given, token.as_bytes()).is_ok());
    if good && let Some(place) = request.extensions().get::<Arc<Place>>() {
        place.prove(None);
    }
    // A liveness probe has no token, and learns nothing.
    if good || request.uri().path() == "/health" {
        return next.run(request).await;
    }
    let ask = "an operator's token is demanded: Authorization: Bearer …";
    let mut refused = ApiError::new(StatusCode::UNAUTHORIZED, "token-missing", ask).into_response();
    refused.headers_mut().insert(
        header::WWW_AUTHENTICATE,
        http::HeaderValue::from_static("Bearer"),
    );
    refused
}

/// The largest image that any chip's slot can hold, and some room.
pub(crate) const LARGEST_BODY: usize = 17 * 1024 * 1024;
