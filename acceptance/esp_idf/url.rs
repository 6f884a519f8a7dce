//! URLs as `http_parser_parse_url` takes them apart, and as `esp_http_client_set_url` keeps them.

/// The parts of a URL; those that it does not have are `None`.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Parts<'a> {
    pub(super) scheme: Option<&'a str>,
    pub(super) host: Option<&'a str>,
    pub(super) port: Option<u16>,
    pub(super) path: Option<&'a str>,
    pub(super) query: Option<&'a str>,
}

impl<'a> Parts<'a> {
    /// Takes a URL apart: `scheme://host…`, or a path that begins with `/`. Anything else is no URL to it, `a/b` and
    /// `?a` not either. A fragment is passed over. User names are not looked at, for nothing here has one.
    pub(super) fn of(url: &'a str) -> Option<Self> {
        if url.is_empty() || url.bytes().any(|byte| byte <= b' ' || byte == 0x7F) {
            return None;
        }
        let url = url.split_once('#').map_or(url, |(before, _)| before);
        let mut parts = Self::default();
        let local = if url.starts_with(['/', '*']) {
            url
        } else {
            let (scheme, rest) = url.split_once("://")?;
            let letters = scheme.bytes().all(|byte| byte.is_ascii_alphabetic());
            if scheme.is_empty() || !letters {
                return None;
            }
            parts.scheme = Some(scheme);
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            let (authority, local) = rest.split_at(end);
            let (host, port) = match authority.rsplit_once(':') {
                Some((host, port)) if !authority.ends_with(']') => (host, Some(port)),
                _ => (authority, None),
            };
            let host = host.trim_start_matches('[').trim_end_matches(']');
            if host.is_empty() {
                return None;
            }
            parts.host = Some(host);
            parts.port = match port {
                Some(port) if !port.is_empty() => Some(port.parse().ok()?),
                _ => None,
            };
            local
        };
        let (path, query) = match local.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (local, None),
        };
        parts.path = Some(path).filter(|path| !path.is_empty());
        parts.query = query.filter(|query| !query.is_empty());
        Some(parts)
    }
}

/// Where the client is about to ask (`connection_info_t`).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Target {
    pub(super) scheme: String,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) path: String,
    pub(super) query: Option<String>,
}

impl Target {
    /// The place that a URL names as seen from this one.
    pub(super) fn then(&self, parts: &Parts<'_>) -> Self {
        let mut next = self.clone();
        if let Some(host) = parts.host {
            host.clone_into(&mut next.host);
        }
        if let Some(scheme) = parts.scheme {
            scheme.clone_into(&mut next.scheme);
            match scheme.to_ascii_lowercase().as_str() {
                "http" => next.port = HTTP_PORT,
                "https" => next.port = HTTPS_PORT,
                _ => {}
            }
        }
        if let Some(port) = parts.port {
            next.port = port;
        }
        parts.path.unwrap_or("/").clone_into(&mut next.path);
        next.query = parts.query.map(str::to_owned);
        next
    }

    /// Whether TLS is spoken there.
    pub(super) fn is_https(&self) -> bool {
        self.scheme.eq_ignore_ascii_case("https")
    }

    /// What stands in the request line.
    pub(super) fn path_and_query(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    /// The `Host` header of the first request: the port is left out where it is 80 or 443, whatever the scheme.
    pub(super) fn host_header(&self) -> String {
        match self.port {
            HTTP_PORT | HTTPS_PORT => self.host.clone(),
            port => format!("{}:{port}", self.host),
        }
    }
}

/// `DEFAULT_HTTP_PORT`.
const HTTP_PORT: u16 = 80;

/// `DEFAULT_HTTPS_PORT`.
const HTTPS_PORT: u16 = 443;
