//! `POST /v1/checkin`.

use axum::{
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
};
use countersign_operations::{Error as Operation, check_in};
use countersign_protocol::{CheckIn, CheckInReply, CoSignatures, MAX_REPLY, MEDIA_TYPE, Offer};
use http::{StatusCode, header};

use crate::{
    ApiError,
    peer::{Caller, Shared},
};

/// Answers a check-in.
pub(super) async fn check_in(
    State(shared): State<Shared>,
    Caller { device, peer }: Caller,
    body: Bytes,
) -> Result<Response, ApiError> {
    let said = CheckIn::decode(&body)
        .map_err(|error| ApiError::bad_request("bad-message", error.to_string()))?;
    let answer = check_in::check_in(&shared.context, &device, &said).await;
    let answer = answer.inspect_err(|error| {
        if let Operation::NotAdmitted(refusal) = error {
            peer.refused(&shared.context, refusal.code(), refusal.to_string());
        }
    })?;
    let offer = answer.offer.as_ref();
    let reply = CheckInReply {
        time: answer.time,
        next_check_in_s: answer.next_check_in_s,
        offer: offer.map(|offer| Offer {
            id: offer.id,
            manifest: &offer.manifest,
            url: &offer.url,
            co_signatures: CoSignatures::parse(&offer.co_signatures).unwrap_or_default(),
        }),
        authors: answer.authors.as_deref(),
    };
    let mut bytes = vec![0; MAX_REPLY];
    let length = reply.encode(&mut bytes).map_err(|error| {
        ApiError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "bad-answer",
            error.to_string(),
        )
    })?;
    bytes.truncate(length);
    shared.stats.count_check_in();
    Ok(([(header::CONTENT_TYPE, MEDIA_TYPE)], bytes).into_response())
}
