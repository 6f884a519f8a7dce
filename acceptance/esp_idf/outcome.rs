//! How an update ends that does not succeed.

use std::fmt;

/// An `esp_err_t` that is not `ESP_OK`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum EspErr {
    Fail,
    HttpConnect,
    HttpConnectionClosed,
    HttpEagain,
    HttpFetchHeader,
    HttpHeaderTooLong,
    HttpIncompleteData,
    HttpMaxRedirect,
    HttpNotModified,
    HttpRangeNotSatisfiable,
    HttpReadTimeout,
    HttpRedirectDowngrade,
    HttpWriteData,
    InvalidArg,
    InvalidSize,
    InvalidVersion,
    /// `-ESP_ERR_HTTP_EAGAIN`: what `esp_http_client_fetch_headers` gives is handed on as it is.
    MinusHttpEagain,
    NotSupported,
    OtaValidateFailed,
}

impl EspErr {
    fn name(self) -> &'static str {
        match self {
            Self::Fail => "ESP_FAIL",
            Self::HttpConnect => "ESP_ERR_HTTP_CONNECT",
            Self::HttpConnectionClosed => "ESP_ERR_HTTP_CONNECTION_CLOSED",
            Self::HttpEagain => "ESP_ERR_HTTP_EAGAIN",
            Self::HttpFetchHeader => "ESP_ERR_HTTP_FETCH_HEADER",
            Self::HttpHeaderTooLong => "ESP_ERR_HTTP_HEADER_TOO_LONG",
            Self::HttpIncompleteData => "ESP_ERR_HTTP_INCOMPLETE_DATA",
            Self::HttpMaxRedirect => "ESP_ERR_HTTP_MAX_REDIRECT",
            Self::HttpNotModified => "ESP_ERR_HTTP_NOT_MODIFIED",
            Self::HttpRangeNotSatisfiable => "ESP_ERR_HTTP_RANGE_NOT_SATISFIABLE",
            Self::HttpReadTimeout => "ESP_ERR_HTTP_READ_TIMEOUT",
            Self::HttpRedirectDowngrade => "ESP_ERR_HTTP_REDIRECT_DOWNGRADE",
            Self::HttpWriteData => "ESP_ERR_HTTP_WRITE_DATA",
            Self::InvalidArg => "ESP_ERR_INVALID_ARG",
            Self::InvalidSize => "ESP_ERR_INVALID_SIZE",
            Self::InvalidVersion => "ESP_ERR_INVALID_VERSION",
            Self::MinusHttpEagain => "-ESP_ERR_HTTP_EAGAIN",
            Self::NotSupported => "ESP_ERR_NOT_SUPPORTED",
            Self::OtaValidateFailed => "ESP_ERR_OTA_VALIDATE_FAILED",
        }
    }

    /// The error, and what the client logs about it.
    pub(crate) fn because(self, words: impl Into<String>) -> Failure {
        Failure::Err(self, words.into())
    }
}

impl fmt::Display for EspErr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why there is no update.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Failure {
    /// The client gives an error; with it the words that it logs, ours where it logs none.
    Err(EspErr, String),
    /// The client ends the program: the device restarts.
    Aborts(String),
    /// A redirect loop; the bound is ours, the client has none.
    LoopsForEver,
    /// The release has no such mode.
    NoSuchMode(&'static str),
    /// `ESP_OK`, and yet the slot is not what boots next.
    NotSelected,
    /// The device loses its power here, as it was told to.
    PowerCut,
    /// The client reads again after each timeout; the bound is ours, the client has none.
    WaitsForEver,
}

impl Failure {
    /// The `esp_err_t`, where it is one.
    pub(crate) fn err(&self) -> Option<EspErr> {
        match self {
            Self::Err(err, _) => Some(*err),
            _ => None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Err(err, words) => write!(f, "{err}: {words}"),
            Self::Aborts(words) => write!(f, "the device restarts: {words}"),
            Self::LoopsForEver => f.write_str("would loop for ever"),
            Self::NoSuchMode(mode) => write!(f, "no such mode: {mode}"),
            Self::NotSelected => f.write_str("ESP_OK, and the slot is not selected"),
            Self::PowerCut => f.write_str("power cut"),
            Self::WaitsForEver => f.write_str("would wait for ever"),
        }
    }
}
