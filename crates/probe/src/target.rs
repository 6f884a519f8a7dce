//! What a person types to say whom to ask.

use std::{fmt, net::Ipv6Addr, str::FromStr};

/// A host and a port.
///
/// Of a URL nothing else is kept: its user, its path and its query are secrets, as in a pre-signed one.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Target {
    /// A DNS name or an IP address, without brackets, without a dot at its end, in lower case.
    pub host: String,
    /// The TCP port.
    pub port: u16,
}

/// Where to connect to, whatever the target is called.
///
/// Reads what [`Target`] reads; a port that is not named is the target's.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Place {
    /// A DNS name or an IP address, as in [`Target::host`].
    pub host: String,
    /// The TCP port, where it is another than the target's.
    pub port: Option<u16>,
}

/// The text names no host. It is not repeated, since it may hold secrets.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NotATarget {
    /// The host is empty, or no DNS name and no IP address.
    #[error("it names no host: HOST, HOST:PORT, [IPv6]:PORT or https://HOST/... is wanted")]
    Host,
    /// The name has letters beyond ASCII.
    #[error("the host name has letters beyond ASCII: write its `xn--` form")]
    NotAscii,
    /// A URL of plain HTTP.
    #[error("a URL of plain http has no certificates: write https://")]
    PlainHttp,
    /// The port is not one.
    #[error("the port is no number between 1 and 65535")]
    Port,
    /// A URL of another kind.
    #[error("only https URLs have certificates here")]
    Scheme,
}

impl Target {
    /// A host and a port.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        let host = host.into();
        Self { host, port }
    }
}

/// Reads `HOST`, `HOST:PORT`, `[IPv6]:PORT`, a bare IPv6 address, or an https URL.
impl FromStr for Target {
    type Err = NotATarget;

    fn from_str(text: &str) -> Result<Self, NotATarget> {
        let (host, port) = read(text)?;
        Ok(Self::new(host, port.unwrap_or(HTTPS)))
    }
}

impl FromStr for Place {
    type Err = NotATarget;

    fn from_str(text: &str) -> Result<Self, NotATarget> {
        let (host, port) = read(text)?;
        Ok(Self { host, port })
    }
}

/// The host, and the port where one is named.
fn read(text: &str) -> Result<(String, Option<u16>), NotATarget> {
    let authority = match text.split_once("://") {
        None => text,
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => {
            let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
            let authority = rest.get(..end).unwrap_or_default();
            authority.rsplit_once('@').map_or(authority, |(_, at)| at)
        }
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("http") => {
            return Err(NotATarget::PlainHttp);
        }
        Some(_) => return Err(NotATarget::Scheme),
    };
    let (host, port) = split(authority)?;
    let port = match port {
        None => None,
        Some(port) => Some(number(port).ok_or(NotATarget::Port)?),
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    if !host.is_ascii() {
        return Err(NotATarget::NotAscii);
    }
    if host.parse::<Ipv6Addr>().is_err() && !is_name(host) {
        return Err(NotATarget::Host);
    }
    Ok((host.to_ascii_lowercase(), port))
}

/// `host:port`, `[v6]:port`; without the port where it is 443.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.host.contains(':'), self.port) {
            (false, HTTPS) => f.write_str(&self.host),
            (true, HTTPS) => write!(f, "[{}]", self.host),
            (false, port) => write!(f, "{}:{port}", self.host),
            (true, port) => write!(f, "[{}]:{port}", self.host),
        }
    }
}

fn split(authority: &str) -> Result<(&str, Option<&str>), NotATarget> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, behind) = rest.split_once(']').ok_or(NotATarget::Host)?;
        host.parse::<Ipv6Addr>().map_err(|_| NotATarget::Host)?;
        return match behind {
            "" => Ok((host, None)),
            _ => Ok((
                host,
                Some(behind.strip_prefix(':').ok_or(NotATarget::Port)?),
            )),
        };
    }
    if authority.parse::<Ipv6Addr>().is_ok() {
        return Ok((authority, None));
    }
    Ok(match authority.split_once(':') {
        None => (authority, None),
        Some((host, port)) => (host, Some(port)),
    })
}

/// IPv4 addresses are names here, too; DNS lets `_` pass, and so do servers.
fn is_name(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_')
    };
    host.len() <= 253 && host.split('.').all(label)
}

fn number(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|c| c.is_ascii_digit());
    let port = digits.then(|| text.parse().ok()).flatten();
    port.filter(|port| *port != 0)
}

const HTTPS: u16 = 443;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_name_a_host_is_read() {
        for (text, host, port, shown) in [
            ("example.com", "example.com", 443, "example.com"),
            ("Example.COM.:8443", "example.com", 8443, "example.com:8443"),
            ("127.0.0.1:1", "127.0.0.1", 1, "127.0.0.1:1"),
            ("::1", "::1", 443, "[::1]"),
            (
                "[2001:DB8::1]:8443",
                "2001:db8::1",
                8443,
                "[2001:db8::1]:8443",
            ),
            ("[::1]", "::1", 443, "[::1]"),
            ("_a.b-c.d", "_a.b-c.d", 443, "_a.b-c.d"),
            ("https://h/p?q#f", "h", 443, "h"),
            ("HTTPS://user:pa:ss@h:1/p@x:9", "h", 1, "h:1"),
            ("https://[::1]:2?X-Amz-Signature=0", "::1", 2, "[::1]:2"),
            ("https://h?a=https://x", "h", 443, "h"),
        ] {
            let target: Target = text.parse().unwrap();
            assert_eq!(target, Target::new(host, port), "{text}");
            assert_eq!(target.to_string(), shown);
        }
        for (text, host, port) in [
            ("10.0.0.7", "10.0.0.7", None),
            ("10.0.0.7:443", "10.0.0.7", Some(443)),
            ("[::1]:2", "::1", Some(2)),
            ("::1", "::1", None),
        ] {
            let host = host.to_owned();
            assert_eq!(text.parse(), Ok(Place { host, port }), "{text}");
        }
    }

    #[test]
    fn what_names_no_host_is_refused() {
        let long = format!("{}.com", "a".repeat(64));
        for (text, error) in [
            ("", NotATarget::Host),
            ("https://", NotATarget::Host),
            ("https://?q", NotATarget::Host),
            ("a..b", NotATarget::Host),
            ("a b", NotATarget::Host),
            ("*.example.com", NotATarget::Host),
            ("a/b", NotATarget::Host),
            ("a\u{1b}[2J", NotATarget::Host),
            ("[::1", NotATarget::Host),
            ("[x]", NotATarget::Host),
            (&long, NotATarget::Host),
            ("h:", NotATarget::Port),
            ("h:0", NotATarget::Port),
            ("h:65536", NotATarget::Port),
            ("h:+1", NotATarget::Port),
            ("[::1]8", NotATarget::Port),
            ("http://h", NotATarget::PlainHttp),
            ("s3://bucket/key", NotATarget::Scheme),
            ("b\u{fc}cher.example", NotATarget::NotAscii),
        ] {
            assert_eq!(text.parse::<Target>(), Err(error), "{text}");
        }
    }
}
