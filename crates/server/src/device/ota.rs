//! `GET` and `HEAD /ota?v=VERSION`: for clients that are ESP-IDF's `esp_https_ota`, unmodified.

use axum::{
    body::Body,
    extract::{Query, State},
    response::Response,
};
use countersign_operations::stock::{self, Answer, Poll};
use http::{HeaderMap, Method, StatusCode, header};
use serde::Deserialize;

use crate::{
    ApiError,
    download::built,
    peer::{Caller, Shared},
};

/// What a stock client can say: its URL. Anything else in it is passed over.
#[derive(Debug, Deserialize)]
pub(super) struct Said {
    /// The running version, as in the app descriptor.
    v: Option<String>,
    /// The ESP-IDF that it was built with, as `IDF_VER` has it.
    idf: Option<String>,
}

/// `GET`: 302 to the image, empty; `HEAD`: 200 with the image's length, since a client that downloads by ranges asks
/// so first and an address signed for `GET` would refuse it. Where there is nothing new: 304, 404, or, to v4.2, 302
/// to nowhere.
pub(super) async fn ota(
    State(shared): State<Shared>,
    Caller { device, .. }: Caller,
    Query(said): Query<Said>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let Some(version) = said.v.filter(|version| (1..=32).contains(&version.len())) else {
        let ask = "say the running version, 1 to 32 characters: /ota?v=1.2.3";
        return Err(ApiError::bad_request("version-missing", ask));
    };
    let agent = headers
        .get(header::USER_AGENT)
        .and_then(|agent| agent.to_str().ok());
    let poll = Poll {
        version: &version,
        idf: said.idf.and_then(|idf| idf.parse().ok()),
        user_agent: agent,
    };
    let answer = stock::poll(&shared.context, &device, &poll).await?;
    shared.stats.count_stock_poll();
    let response = Response::builder().header(header::CACHE_CONTROL, "private, no-store");
    let response = match answer {
        Answer::Image { digest, size, .. } if method == Method::HEAD => response
            .status(StatusCode::OK)
            .header(header::ETAG, format!("\"{digest}\""))
            .header(header::ACCEPT_RANGES, "bytes")
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .header(header::CONTENT_LENGTH, size),
        Answer::Image { url, .. } => response
            .status(StatusCode::FOUND)
            .header(header::LOCATION, url)
            .header(header::CONTENT_LENGTH, 0),
        Answer::NowhereElse => response
            .status(StatusCode::FOUND)
            .header(header::CONTENT_LENGTH, 0),
        Answer::NotModified => response.status(StatusCode::NOT_MODIFIED),
        Answer::NothingNew => response
            .status(StatusCode::NOT_FOUND)
            .header(header::CONTENT_LENGTH, 0),
    };
    built(response.body(Body::empty()))
}
