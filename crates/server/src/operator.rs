//! The operator plane: every stateful verb is one request here, from the program or from anything that speaks HTTP.

mod author_sets;
mod ceremonies;
mod certificate;
mod certificates;
mod devices;
mod import;
mod look;
mod products;
mod registered;
mod releases;

use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use countersign_operations::{Context, Error};
use http::{StatusCode, header};

use crate::{
    Addresses, ApiError, IdentityHandle,
    places::{Place, Places},
    stats::Stats,
};

pub use certificate::ServerCertificateView;
pub use look::{ConnectionsView, ServerView};
pub use releases::MANIFEST_HEADER;

/// What the plane's handlers work with.
#[derive(Clone, Debug)]
pub(crate) struct Operator {
    pub(crate) context: Arc<Context>,
    pub(crate) stats: Arc<Stats>,
    /// `None` where no server runs, and the program does the verb itself.
    pub(crate) addresses: Option<Addresses>,
    /// Who we are to devices; `None` where no server runs.
    pub(crate) identity: Option<IdentityHandle>,
    /// The places of the planes, by name.
    pub(crate) planes: Vec<(&'static str, Arc<Places>)>,
}

/// The routes for a program that holds the state directory's lock and no server.
pub fn local_router(context: Arc<Context>) -> Router {
    router(Operator {
        context,
        stats: Arc::default(),
        addresses: None,
        identity: None,
        planes: Vec::new(),
    })
}

/// The routes, for whoever reached the socket in the state directory.
pub(crate) fn router(operator: Operator) -> Router {
    let ceremonies = Router::new()
        .route("/v1/ca/{name}/request", post(ceremonies::request))
        .route("/v1/ca/{name}/replace", post(ceremonies::replace))
        .route("/v1/ca/{name}/offline", post(ceremonies::offline))
        .route("/v1/products/{name}/set", post(products::set));
    whole(routes().merge(ceremonies), operator)
}

/// The routes, for whoever comes over loopback with the operator's token. What changes authorities or
/// products is not among them: it names libraries to load, and files to remove or to read, which a token does not entitle to.
pub(crate) fn router_with_token(operator: Operator, token: Arc<str>) -> Router {
    whole(routes(), operator).layer(from_fn_with_state(token, demand_token))
}

fn whole(routes: Router<Operator>, operator: Operator) -> Router {
    routes
        .fallback(|| async { ApiError::not_found() })
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(operator)
}

/// Does a change to its end, even where who asked for it is gone meanwhile: what was begun is not left half done.
async fn to_the_end<T: Send + 'static>(
    change: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<Json<T>, ApiError> {
    match tokio::spawn(change).await {
        Ok(done) => Ok(Json(done?)),
        Err(error) => {
            tracing::error!(%error, "a change ended half-way");
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            Err(ApiError::new(status, "bad-answer", "the server failed"))
        }
    }
}

/// What is there for everybody.
fn routes() -> Router<Operator> {
    Router::new()
        .route("/health", get(look::health))
        .route("/v1/server", get(look::server))
        .route("/v1/audit", get(look::audit))
        .route("/v1/refusals", get(look::refusals))
        .route(
            "/v1/authorities",
            get(registered::list).post(registered::register),
        )
        .route("/v1/authorities/{name}/set", post(registered::set))
        .route("/v1/authorities/{name}/import", post(import::import))
        .route("/v1/devices", get(devices::list).post(devices::enroll))
        .route("/v1/devices/{id}", get(devices::show))
        .route("/v1/devices/{id}/revoke", post(devices::revoke))
        .route("/v1/devices/{id}/retire", post(devices::retire))
        .route("/v1/devices/{id}/suspend", post(devices::suspend))
        .route("/v1/devices/{id}/resume", post(devices::resume))
        .route("/v1/devices/{id}/repin", post(devices::repin))
        .route("/v1/releases", get(releases::list).post(releases::publish))
        .route("/v1/author-sets", post(author_sets::publish))
        .route("/v1/products", get(products::list))
        .route("/v1/products/{name}", get(products::show))
        .route("/v1/products/{name}/author-sets", get(author_sets::list))
        .route("/v1/releases/{name}", get(releases::show))
        .route("/v1/ca", get(certificates::authorities))
        .route(
            "/v1/ca/certificates",
            get(certificates::find).post(certificates::issue),
        )
        .route(
            "/v1/ca/certificates/{serial}/revoke",
            post(certificates::revoke),
        )
        .route(
            "/v1/ca/crls",
            get(certificates::crls).post(certificates::make_crls),
        )
        .route(
            "/v1/ca/crls/{name}",
            get(certificates::crl).post(certificates::take_crl),
        )
        .route("/v1/ca/crls/{name}/draft", get(certificates::draft_crl))
        .route("/v1/ca/{name}/prove", post(certificates::prove))
        .route("/v1/ca/{name}/proofs", post(certificates::record_proof))
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
