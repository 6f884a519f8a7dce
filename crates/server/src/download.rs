//! The download plane: images, by range, under addresses that we signed for the device that asks.

use axum::{
    Router,
    body::Body,
    extract::{Path, RawQuery, State},
    response::{IntoResponse, Response},
    routing::get,
};
use countersign_operations::{admit::Admitted, download};
use countersign_protocol::Digest;
use http::{HeaderMap, Method, StatusCode, header};

use crate::{
    ApiError,
    body::ImageBody,
    peer::{Caller, Shared},
    range::{self, Asked},
};

/// The plane's routes.
pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/d/{digest}", get(image))
        .fallback(|| async { ApiError::not_found() })
        .with_state(shared)
}

/// `GET` and `HEAD /d/DIGEST?…`: 200, 206, 416; 403 where the address is not good.
async fn image(
    State(shared): State<Shared>,
    Caller { device, peer }: Caller,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let context = &shared.context;
    let opened = download::open(context, &device, &name, &query.unwrap_or_default());
    let (digest, image) = opened.inspect_err(|error| {
        if let countersign_operations::Error::BadUrl(url) = error {
            peer.refused(context, error.code(), url.to_string());
        }
    })?;
    let size = image.size();
    let etag = format!("\"{digest}\"");
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &http::HeaderValue| value.to_str().ok())
    };
    // A range of something else than what the client has the beginning of would splice two images.
    let same = text(header::IF_RANGE).is_none_or(|wanted| wanted == etag);
    let asked = if same {
        range::parse(text(header::RANGE), size)
    } else {
        Asked::All
    };
    let answer = Response::builder()
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::ETAG, &etag)
        .header(header::CACHE_CONTROL, "private, no-store")
        .header(header::CONTENT_TYPE, "application/octet-stream");
    let (answer, first, last) = match asked {
        Asked::Beyond => {
            let answer = answer
                .status(StatusCode::RANGE_NOT_SATISFIABLE)
                .header(header::CONTENT_RANGE, format!("bytes */{size}"))
                .header(header::CONTENT_LENGTH, 0)
                .body(Body::empty());
            return built(answer);
        }
        Asked::All => (answer.status(StatusCode::OK), 0, size.saturating_sub(1)),
        Asked::Part { first, last } => {
            let range = format!("bytes {first}-{last}/{size}");
            let answer = answer.status(StatusCode::PARTIAL_CONTENT);
            (answer.header(header::CONTENT_RANGE, range), first, last)
        }
    };
    let length = last.saturating_sub(first).saturating_add(1);
    let answer = answer.header(header::CONTENT_LENGTH, length);
    let body = if method == Method::HEAD {
        Body::empty()
    } else {
        let body = ImageBody::new(image, first, last);
        Body::new(if last.saturating_add(1) == size {
            body.and_then(move || {
                tokio::spawn(delivered(shared, device, digest));
            })
        } else {
            body
        })
    };
    built(answer.body(body))
}

/// The last byte of an image is with its device.
async fn delivered(shared: Shared, device: Admitted, image: Digest) {
    if let Err(error) = download::delivered(&shared.context, &device, &image).await {
        tracing::warn!(device = %device.device().id, %error, "a delivery could not be counted");
    }
}

/// An answer that was put together of parts that are all ours.
pub(crate) fn built(answer: Result<Response, http::Error>) -> Result<Response, ApiError> {
    answer.map(IntoResponse::into_response).map_err(|error| {
        ApiError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "bad-answer",
            error.to_string(),
        )
    })
}
