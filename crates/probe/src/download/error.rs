//! Why a file was not fetched.

use std::{error::Error as StdError, io, time::Duration};

use rustls::{CertificateError, Error};

use super::NotAUrl;
use crate::handshake::{failure, of_rustls};
use crate::{Failure, Unresolved, bounded::Bounded};

/// Why a file was not fetched.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// The server did not prove who it is.
    #[error("the server's certificate is not accepted: {reason}")]
    Certificate {
        /// What is wrong with it.
        reason: String,
    },
    /// There is no connection, or no TLS on it.
    #[error(transparent)]
    Connection(Failure),
    /// The connection ended before the file did.
    #[error("the file is cut: {came} bytes came{}", stated.map_or_else(String::new, |stated| format!(" of {stated}")))]
    Cut {
        /// How many bytes came.
        came: usize,
        /// How many the server said that there are.
        stated: Option<usize>,
    },
    /// The file is packed in a way that was not asked for.
    #[error("the server packs the file as {encoding}, which was not asked for")]
    Encoded {
        /// How.
        encoding: String,
    },
    /// What the server says is no HTTP.
    #[error("the server's answer is no HTTP that can be read: {reason}")]
    Http {
        /// What is wrong with it.
        reason: String,
    },
    /// It ended the connection in place of an answer.
    #[error("the server closed the connection without an answer")]
    NoAnswer,
    /// A redirect leads where nobody goes.
    #[error("it redirects to a place that is not followed: {0}")]
    Redirect(NotAUrl),
    /// Not 200.
    #[error("the server answered with status {status}{}", .meaning(*status))]
    Status {
        /// The status.
        status: u16,
    },
    /// More bytes than are taken.
    #[error("it has more than {limit} bytes, which is the most that is taken")]
    TooLong {
        /// The limit that was reached.
        limit: usize,
    },
    /// Redirects without end.
    #[error("it redirects more than {max} times")]
    TooManyRedirects {
        /// How many are followed.
        max: usize,
    },
    /// It took too long.
    #[error("it did not come within {} s", after.as_secs_f32())]
    TooSlow {
        /// How long was waited.
        after: Duration,
    },
    /// The host has no address.
    #[error(transparent)]
    Unresolved(#[from] Unresolved),
}

impl DownloadError {
    pub(super) fn of_handshake(error: &io::Error, socket: &Bounded, limit: usize) -> Self {
        let Some(Error::InvalidCertificate(fault)) = of_rustls(error) else {
            return Self::Connection(failure::of_handshake(error, socket, limit));
        };
        let reason = match fault {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                "no root that is trusted here vouches for it".to_owned()
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "it has ended".to_owned()
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "it has not begun; is this machine's clock right?".to_owned()
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "it is for other names".to_owned()
            }
            other => other.to_string(),
        };
        Self::Certificate { reason }
    }

    /// What went wrong before there was a whole answer.
    pub(super) fn of_answer(error: &hyper::Error) -> Self {
        let ended = error.source().is_some_and(<dyn StdError>::is::<io::Error>);
        if ended || error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
            return Self::NoAnswer;
        }
        Self::Http {
            reason: error.to_string(),
        }
    }
}

const fn meaning(status: u16) -> &'static str {
    match status {
        401 | 403 => ": it is not for everybody",
        404 | 410 => ": there is nothing at this URL",
        500..=599 => ": try again later",
        _ => "",
    }
}
