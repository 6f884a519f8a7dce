//! What ESP-IDF's HTTP client and `esp_https_ota` do in some releases and not in others.

/// A behaviour that some releases have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Quirk {
    AlwaysByRange,
    AnyStatus,
    BadRedirectAborts,
    BadRedirectIgnored,
    ChecksRevision,
    ConnectsAnew,
    ContentLengthZero,
    CountsHeadTwice,
    DropsAuthorization,
    EndByFinOnly,
    EndIsFailure,
    ErasesFirst,
    FailsOnBadHttp,
    FewStatuses,
    FixedUserAgent,
    HeadNotModified,
    HostWithoutPort,
    HttpsOnly,
    InitAfterHead,
    KeepsConnection,
    KeepsTransport,
    KnowsNotModified,
    LocationGrows,
    LocationStays,
    NoBundle,
    NoCommonName,
    NoFragmentedHandshake,
    NoInitCallback,
    NoIpNames,
    NoPartialDownload,
    NoResumption,
    OldCurves,
    PartialByOption,
    PiecesReplace,
    RawInPlace,
    ShortHead,
    SilentTimeouts,
    StrictHeaderBuffer,
    ThreeRedirects,
    UnauthorizedFails,
    UnauthorizedForEver,
    UncheckedHead,
    ValueCut,
}

/// Major, minor, patch.
pub(crate) type Version = (u16, u16, u16);

impl Quirk {
    /// Where it is: in the releases from the first to before the second.
    pub(crate) fn spans(self) -> &'static [(Version, Version)] {
        self.facts().0
    }

    /// What a reader is told of it.
    pub(crate) fn words(self) -> &'static str {
        self.facts().1
    }

    /// Where in ESP-IDF it is.
    pub(crate) fn source(self) -> &'static str {
        self.facts().2
    }

    /// All, in the order in which a reader meets them: the request, the answer, the redirect, the download, TLS.
    pub(crate) const ALL: [Self; 43] = [
        Self::FixedUserAgent,
        Self::NoInitCallback,
        Self::InitAfterHead,
        Self::HostWithoutPort,
        Self::ContentLengthZero,
        Self::StrictHeaderBuffer,
        Self::PiecesReplace,
        Self::ValueCut,
        Self::RawInPlace,
        Self::SilentTimeouts,
        Self::EndIsFailure,
        Self::EndByFinOnly,
        Self::FailsOnBadHttp,
        Self::ThreeRedirects,
        Self::LocationStays,
        Self::LocationGrows,
        Self::HttpsOnly,
        Self::DropsAuthorization,
        Self::ConnectsAnew,
        Self::KeepsTransport,
        Self::BadRedirectIgnored,
        Self::BadRedirectAborts,
        Self::UnauthorizedForEver,
        Self::UnauthorizedFails,
        Self::AnyStatus,
        Self::FewStatuses,
        Self::KnowsNotModified,
        Self::ErasesFirst,
        Self::UncheckedHead,
        Self::ShortHead,
        Self::CountsHeadTwice,
        Self::ChecksRevision,
        Self::NoPartialDownload,
        Self::PartialByOption,
        Self::HeadNotModified,
        Self::KeepsConnection,
        Self::NoResumption,
        Self::AlwaysByRange,
        Self::NoBundle,
        Self::NoCommonName,
        Self::NoIpNames,
        Self::NoFragmentedHandshake,
        Self::OldCurves,
    ];

    fn facts(self) -> (&'static [(Version, Version)], &'static str, &'static str) {
        match self {
            Self::AlwaysByRange => (
                &[((5, 5, 4), END)],
                "resumption asks by range from the first byte on, and takes nothing but 206 for an answer",
                "esp_https_ota_begin",
            ),
            Self::AnyStatus => (
                &[(FIRST, (4, 3, 0))],
                "whatever is no redirect is the image, 403, 404 and 503 too",
                "_http_handle_response_code",
            ),
            Self::BadRedirectAborts => (
                &[((5, 0, 1), (5, 0, 2))],
                "a redirect of HEAD without a good Location restarts the device",
                "esp_http_check_response",
            ),
            Self::BadRedirectIgnored => (
                &[(FIRST, (5, 0, 1))],
                "a redirect of HEAD without a good Location is asked again at the same place",
                "esp_http_check_response",
            ),
            Self::ChecksRevision => (
                &[((5, 5, 0), END)],
                "an image for another chip revision is refused before it is written",
                "esp_ota_verify_chip_revision",
            ),
            Self::ConnectsAnew => (
                &[((6, 0, 0), (6, 0, 2))],
                "every request opens a connection, and leaves the one before open",
                "esp_http_client_connect",
            ),
            Self::ContentLengthZero => (
                &[(FIRST, (5, 4, 0))],
                "GET and HEAD carry `Content-Length: 0`",
                "http_client_prepare_first_line",
            ),
            Self::CountsHeadTwice => (
                &[((4, 4, 1), (5, 0, 6)), ((5, 1, 0), (5, 1, 3))],
                "the bytes of the image's head are counted twice, so that the second part begins too late and the image \
                 is refused, unless `esp_https_ota_get_img_desc` was called first (espressif/esp-idf#13065)",
                "esp_https_ota_perform, read_header",
            ),
            Self::DropsAuthorization => (
                &[((6, 2, 0), END)],
                "`Authorization` does not go to another host",
                "esp_http_client_set_url",
            ),
            Self::EndByFinOnly => (
                &[
                    (FIRST, (5, 0, 8)),
                    ((5, 1, 0), (5, 1, 6)),
                    ((5, 2, 0), (5, 2, 4)),
                    ((5, 3, 0), (5, 3, 3)),
                ],
                "a body without a length ends well by a bare FIN only, not by TLS's close_notify",
                "esp_http_client_read",
            ),
            Self::EndIsFailure => (
                &[(FIRST, (4, 2, 2))],
                "a body without a length ends badly where it fills the app's buffer to the last byte",
                "esp_http_client_read",
            ),
            Self::ErasesFirst => (
                &[(FIRST, (4, 3, 0))],
                "the whole slot is erased before the first byte of the body is read",
                "esp_https_ota_perform",
            ),
            Self::FailsOnBadHttp => (
                &[((6, 2, 0), END)],
                "an answer that breaks HTTP is an error at once; before, the client reads on",
                "esp_http_client_fetch_headers",
            ),
            Self::FewStatuses => (
                &[((4, 3, 0), (4, 3, 1))],
                "of the statuses from 400 on, only 403, 404 and 500 are errors",
                "_http_handle_response_code",
            ),
            Self::FixedUserAgent => (
                &[(FIRST, (4, 2, 1))],
                "the `User-Agent` cannot be set",
                "esp_http_client_init",
            ),
            Self::HeadNotModified => (
                &[((6, 0, 3), END)],
                "304 to HEAD is told as `ESP_ERR_HTTP_NOT_MODIFIED`",
                "esp_https_ota_begin",
            ),
            Self::HostWithoutPort => (
                &[(FIRST, (4, 3, 0))],
                "`Host` never has a port",
                "esp_http_client_init",
            ),
            Self::HttpsOnly => (
                &[((5, 5, 5), (6, 0, 0)), ((6, 0, 3), END)],
                "from https, only `https://…` is followed: no relative Location",
                "esp_http_client_set_redirection",
            ),
            Self::InitAfterHead => (
                &[(FIRST, (4, 4, 3))],
                "headers that `http_client_init_cb` sets are not in the HEAD",
                "esp_https_ota_begin",
            ),
            Self::KeepsConnection => (
                &[((5, 4, 4), (5, 5, 0)), ((5, 5, 2), END)],
                "all parts come over one connection, where the server keeps it open; else each has its own",
                "esp_https_ota_perform",
            ),
            Self::KeepsTransport => (
                &[((6, 0, 2), END)],
                "what began with `http` goes on without TLS, also where a redirect says `https`, and the other way round",
                "esp_http_client_connect",
            ),
            Self::KnowsNotModified => (
                &[((5, 5, 0), END)],
                "304 and 416 have results of their own",
                "_http_handle_response_code",
            ),
            Self::LocationGrows => (
                &[
                    ((4, 2, 3), (4, 3, 0)),
                    ((4, 3, 1), (4, 3, 3)),
                    ((4, 4, 0), (4, 4, 2)),
                ],
                "a second redirect's Location is appended to the first's",
                "http_on_header_value",
            ),
            Self::LocationStays => (
                &[(FIRST, (4, 3, 3)), ((4, 4, 0), (4, 4, 2))],
                "a redirect without Location leads where the one before it led",
                "esp_http_client_prepare",
            ),
            Self::NoBundle => (
                &[(FIRST, (4, 3, 4))],
                "no certificate bundle in the HTTP client: the root is given as `cert_pem`",
                "esp_http_client_init",
            ),
            Self::NoCommonName => (
                &[(FIRST, (5, 1, 0))],
                "no `common_name`",
                "esp_http_client_init",
            ),
            Self::NoFragmentedHandshake => (
                &[
                    (FIRST, (5, 0, 9)),
                    ((5, 1, 0), (5, 1, 7)),
                    ((5, 2, 0), (5, 2, 6)),
                    ((5, 3, 0), (5, 3, 4)),
                    ((5, 4, 0), (5, 4, 2)),
                ],
                "a handshake message that is split over records ends the handshake (mbedTLS before 3.6.3)",
                "components/mbedtls/mbedtls",
            ),
            Self::NoInitCallback => (
                &[(FIRST, (4, 3, 0))],
                "no `http_client_init_cb`, so no headers of the app's own",
                "esp_https_ota_begin",
            ),
            Self::NoIpNames => (
                &[(FIRST, (5, 0, 5)), ((5, 1, 0), (5, 1, 2))],
                "an address is no name: a server by its IP address is not believed (mbedTLS before 3.5)",
                "components/mbedtls/mbedtls",
            ),
            Self::NoPartialDownload => (
                &[(FIRST, (4, 4, 0))],
                "no `partial_http_download`",
                "esp_https_ota_begin",
            ),
            Self::NoResumption => (
                &[(FIRST, (5, 5, 0))],
                "no `ota_resumption`",
                "esp_https_ota_begin",
            ),
            Self::OldCurves => (
                &[(FIRST, (5, 0, 0))],
                "the largest curve is offered first, and no X25519 (mbedTLS 2)",
                "components/mbedtls/mbedtls",
            ),
            Self::PartialByOption => (
                &[((6, 0, 0), END)],
                "`partial_http_download` needs CONFIG_ESP_HTTPS_OTA_ENABLE_PARTIAL_DOWNLOAD; where HEAD is not answered \
                 200, the length is asked for by `Range: bytes=0-0`",
                "esp_https_ota_begin",
            ),
            Self::PiecesReplace => (
                &[(FIRST, (4, 2, 3)), ((4, 3, 0), (4, 3, 1))],
                "of a header's name that is split between two reads only the second piece is kept, of its value the first",
                "http_on_header_field, http_on_header_value",
            ),
            Self::RawInPlace => (
                &[(FIRST, (4, 3, 3)), ((4, 4, 0), (4, 4, 1))],
                "of a chunked body's beginning, what came with the head is taken for one piece",
                "http_on_body",
            ),
            Self::ShortHead => (
                &[(FIRST, (5, 0, 0))],
                "the image's head is 289 bytes; later 1024",
                "IMAGE_HEADER_SIZE",
            ),
            Self::SilentTimeouts => (
                &[(FIRST, (5, 0, 0))],
                "a head that does not come in time is told as `ESP_FAIL`; later as -`ESP_ERR_HTTP_EAGAIN`",
                "esp_http_client_fetch_headers",
            ),
            Self::StrictHeaderBuffer => (
                &[((6, 0, 3), END)],
                "headers that do not fit are told as `ESP_ERR_HTTP_HEADER_TOO_LONG`; before, a part of the request or \
                 nothing goes out, and the client waits",
                "esp_http_client_request_send",
            ),
            Self::ThreeRedirects => (
                &[(FIRST, (4, 3, 3)), ((4, 4, 0), (4, 4, 2))],
                "303 and 308 are not followed",
                "process_again, esp_http_check_response",
            ),
            Self::UnauthorizedFails => (
                &[((5, 5, 0), END)],
                "401 without a scheme that is compiled in is an error at once",
                "esp_http_client_add_auth",
            ),
            Self::UnauthorizedForEver => (
                &[(FIRST, (5, 1, 0))],
                "401 is asked again for ever; later ten times",
                "_http_handle_response_code",
            ),
            Self::UncheckedHead => (
                &[(FIRST, (4, 3, 3)), ((4, 4, 0), (4, 4, 1))],
                "an image for another chip is refused only when all of it is written",
                "esp_https_ota_perform",
            ),
            Self::ValueCut => (
                &[
                    (FIRST, (4, 2, 3)),
                    ((4, 3, 0), (4, 3, 1)),
                    ((4, 4, 7), (4, 4, 8)),
                    ((5, 0, 5), (5, 0, 7)),
                    ((5, 1, 2), (5, 1, 4)),
                    ((5, 2, 0), (5, 2, 2)),
                ],
                "a Location that is split between two reads (`buffer_size`, 512 bytes) is cut there",
                "http_on_header_value",
            ),
        }
    }
}

/// The first release that we speak of.
const FIRST: Version = (4, 2, 0);

/// After all that there are.
const END: Version = (u16::MAX, 0, 0);
