//! The requests of one connection, within limits.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, Request, StatusCode, header};
use hyper::{
    body::{Body as _, Frame, Incoming, SizeHint},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
    time::{Instant, Sleep, sleep_until},
};
use tower::ServiceExt as _;

use crate::{
    ApiError,
    listener::{Guest, Plane},
    paced::Pace,
};

/// Answers requests until the peer goes, is too slow, or the server stops.
pub(crate) async fn answer_all<I>(
    plane: &Plane,
    io: I,
    guest: &Guest,
    pace: &Arc<Pace>,
    mut stop: watch::Receiver<bool>,
) where
    I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let limits = &plane.limits;
    pace.answer_within(limits.patience);
    let service = service_fn(|request| async {
        let response = answer(plane, guest, pace, request).await;
        Ok::<_, Infallible>(response)
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(limits.head_bytes.max(crate::limits::SMALLEST_HEAD));
    // Another number than hyper's own costs it an allocation for each request.
    if limits.headers != HYPER_HEADERS {
        builder.max_headers(limits.headers);
    }
    let connection = builder.serve_connection(TokioIo::new(io), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = async { drop(stop.wait_for(|stop| *stop).await) } => None,
    };
    let ended = if let Some(ended) = ended {
        ended
    } else {
        connection.as_mut().graceful_shutdown();
        connection.await
    };
    let Err(error) = ended else {
        return;
    };
    if let Some((code, reason)) = pace.limit() {
        guest.met_limit(plane, code, reason);
    } else if error.is_timeout() {
        // One that merely said nothing more has kept a connection open, as it may.
        if pace.has_begun_another() {
            let reason = format!("no whole request within {:?}", limits.head);
            guest.met_limit(plane, "request-too-slow", reason);
        }
    } else if error.is_parse_too_large() {
        let reason = format!(
            "a request's head has more than {} bytes or {} headers",
            limits.head_bytes, limits.headers
        );
        guest.met_limit(plane, "request-too-large", reason);
    } else if error.is_parse() {
        guest.refused(plane, "malformed-request", error.to_string());
    } else {
        let from = guest.address;
        tracing::debug!(plane = plane.name, %from, %error, "a connection ended early");
    }
}

/// Answers one request.
async fn answer(plane: &Plane, guest: &Guest, pace: &Pace, request: Request<Incoming>) -> Response {
    let limits = &plane.limits;
    let late = Arc::new(AtomicBool::new(false));
    let response = match admissible(plane, &request) {
        Err(error) => {
            guest.refused(plane, error.code(), error.public().to_owned());
            closing(error.into_response())
        }
        Ok(length) => {
            let mut request = request.map(|body| {
                if body.is_end_stream() {
                    Body::empty()
                } else {
                    Body::new(InTime::new(body, limits.for_body(length), &late))
                }
            });
            guest.enter_into(request.extensions_mut());
            let Ok(response) = plane.router.clone().oneshot(request).await;
            response
        }
    };
    let response = if late.load(Ordering::Relaxed) {
        let reason = format!(
            "no whole body within {:?} and what its length needs",
            limits.body
        );
        guest.met_limit(plane, "request-too-slow", reason.clone());
        let error = ApiError::new(StatusCode::REQUEST_TIMEOUT, "request-too-slow", reason);
        closing(error.into_response())
    } else {
        response
    };
    let length = response.body().size_hint().upper().unwrap_or(0);
    pace.answer_within(limits.for_answer(length));
    pace.answered();
    response
}

/// The length of a request's body, where it is one that this plane takes.
fn admissible(plane: &Plane, request: &Request<Incoming>) -> Result<u64, ApiError> {
    // Where a request ends is said in one way only. No device sends pieces, and nobody can hide a request in them.
    if request.headers().contains_key(header::TRANSFER_ENCODING) {
        return Err(ApiError::new(
            StatusCode::LENGTH_REQUIRED,
            "length-required",
            "a body is sent with Content-Length, and never with Transfer-Encoding",
        ));
    }
    let most = plane.largest_body;
    let length = request.body().size_hint().upper();
    match length.filter(|length| *length <= most) {
        Some(length) => Ok(length),
        None => Err(ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body-too-large",
            format!("a body has {most} bytes at most here"),
        )),
    }
}

/// An answer after which there is nothing more to say: whatever else the peer sent is not read.
pub(crate) fn closing(mut response: Response) -> Response {
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
    response
}

/// A request's body that comes in time, or fails.
#[derive(Debug)]
struct InTime {
    body: Incoming,
    by: Option<Instant>,
    /// Made only where there is something to wait for.
    timer: Option<Pin<Box<Sleep>>>,
    late: Arc<AtomicBool>,
}

impl InTime {
    fn new(body: Incoming, time: Duration, late: &Arc<AtomicBool>) -> Self {
        Self {
            body,
            by: Instant::now().checked_add(time),
            timer: None,
            late: Arc::clone(late),
        }
    }
}

impl hyper::body::Body for InTime {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let Some(by) = self.by else {
            return Poll::Pending;
        };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(by)));
        ready!(timer.as_mut().poll(context));
        self.late.store(true, Ordering::Relaxed);
        Poll::Ready(Some(Err("the body came too slowly".into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// How many headers hyper takes by itself.
const HYPER_HEADERS: usize = 100;
