//! What a plane answers where it cannot do as asked, and what can keep the server from starting.

use std::{io, net::SocketAddr, path::PathBuf};

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use countersign_operations::{Error as Operation, text::chain};
use http::StatusCode;
use serde_json::json;

use crate::requests::closing;

/// An answer that is not what was asked for: the client sees status, code and public text; the log sees the cause.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    public: String,
    /// Whether the connection ends with it.
    closes: bool,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &'static str, public: impl Into<String>) -> Self {
        Self {
            status,
            code,
            public: public.into(),
            closes: false,
        }
    }

    pub(crate) fn bad_request(code: &'static str, public: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, public)
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "there is nothing here")
    }

    /// The stable code.
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// What the client is told beside it.
    pub(crate) fn public(&self) -> &str {
        &self.public
    }
}

impl From<Operation> for ApiError {
    fn from(error: Operation) -> Self {
        let status = status(&error);
        if status.is_server_error() {
            tracing::error!(code = error.code(), cause = %chain(&error), "a request failed");
        }
        Self {
            status,
            code: error.code(),
            public: chain(&error),
            // Who may not come keeps no place.
            closes: matches!(error, Operation::NotAdmitted(_)),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (
            self.status,
            Json(json!({ "error": self.code, "message": self.public })),
        )
            .into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response
                .headers_mut()
                .insert(http::header::RETRY_AFTER, RETRY_AFTER_S);
        }
        if self.closes {
            response = closing(response);
        }
        response
    }
}

/// The one place where a workflow's error becomes a status.
fn status(error: &Operation) -> StatusCode {
    use countersign_fleet::StoreError;
    match error {
        Operation::NotAdmitted(_) | Operation::BadUrl(_) => StatusCode::FORBIDDEN,
        Operation::UnknownDevice(_)
        | Operation::UnknownOffer
        | Operation::UnknownProduct { .. }
        | Operation::UnknownRelease(_)
        | Operation::ImageMissing(_)
        | Operation::NoCrl(_)
        | Operation::NoSuchAuthority(_)
        | Operation::UnknownSerial(_)
        | Operation::Store(
            StoreError::UnknownDevice(_)
            | StoreError::UnknownAuthority(_)
            | StoreError::UnknownCertificate(_),
        ) => StatusCode::NOT_FOUND,
        Operation::AmbiguousSerial { .. }
        | Operation::KeyElsewhere(_)
        | Operation::NothingRequested(_)
        | Operation::OldCounter { .. }
        | Operation::StillInUse { .. }
        | Operation::Store(
            StoreError::AuthorSetExists { .. }
            | StoreError::AuthorityExists(_)
            | StoreError::CertificateExists(_)
            | StoreError::OtherKey(_)
            | StoreError::DeviceExists(_)
            | StoreError::DeviceRetired(_)
            | StoreError::DeviceRevoked(_)
            | StoreError::ReleaseExists { .. },
        ) => StatusCode::CONFLICT,
        Operation::Store(StoreError::Full(_))
        | Operation::Images(countersign_images::StoreError::Full { .. }) => {
            StatusCode::INSUFFICIENT_STORAGE
        }
        Operation::Store(_) | Operation::Images(_) => StatusCode::SERVICE_UNAVAILABLE,
        Operation::Custody(_)
        | Operation::IssuerEnded { .. }
        | Operation::Pki(_)
        | Operation::GivenUp => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// What can keep the server from starting.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A listener could not be had.
    #[error("the {plane} plane cannot listen on {address}; another address is set by `{setting}`")]
    Listen {
        /// The plane.
        plane: &'static str,
        /// The address that was asked for.
        address: SocketAddr,
        /// The setting that names it.
        setting: &'static str,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// The operator socket could not be made.
    #[error("the operator socket {path} cannot be made")]
    Socket {
        /// Where.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// The server's chain is more than small devices can take in one record.
    #[error(
        "the server's part of a handshake needs up to {size} bytes with this certificate chain, and devices with small \
         buffers take {most}; a shorter chain, or P-256 keys, need less"
    )]
    ChainTooLarge {
        /// The most that our part of a handshake takes, in bytes.
        size: usize,
        /// The most that is admitted.
        most: usize,
    },
    /// The server's key and its certificate do not belong together.
    #[error("the key is not that of the certificate")]
    OtherKey,
    /// The server's key or chain, or the device root, is not usable for TLS.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

/// Seconds after which a client may try again what failed for a reason of ours.
const RETRY_AFTER_S: http::HeaderValue = http::HeaderValue::from_static("30");
