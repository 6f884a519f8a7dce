//! Where an image may be fetched from (step 3).

use countersign_protocol::Reason;

use crate::{Peer, Settings, settings::MAX_HOST};

/// A URL that the device may go to. Only [`Address::check`] makes one, so that every redirect passes it too.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Address<'u> {
    /// Who must answer there, and what is shown to him.
    pub(crate) peer: Peer,
    /// The host's name.
    pub(crate) host: &'u str,
    /// The port, 443 where the URL has none.
    pub(crate) port: u16,
    /// Path and query, beginning with a slash.
    pub(crate) target: &'u str,
}

impl<'u> Address<'u> {
    /// Takes an absolute `https` URL (RFC 3986 §4.3, RFC 9110 §4.2.2) apart and checks its host.
    ///
    /// The host is that of our server, to which the device shows its certificate, or one of the settings' stores, to
    /// which it does not. User information, IP literals in brackets, and bytes that a request line cannot carry are
    /// refused: nothing that two readers could take for two hosts gets through.
    pub(crate) fn check(url: &'u str, settings: &Settings<'_>) -> Result<Self, Reason> {
        Self::split(url, settings).ok_or(Reason::ForbiddenAddress)
    }

    fn split(url: &'u str, settings: &Settings<'_>) -> Option<Self> {
        let (scheme, rest) = url.split_at_checked(SCHEME.len())?;
        let plain = url
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'#');
        if !scheme.eq_ignore_ascii_case(SCHEME) || !plain {
            return None;
        }
        let (authority, target) = rest.split_at_checked(rest.find('/')?)?;
        let (host, port) = host_and_port(authority)?;
        let peer = if host.eq_ignore_ascii_case(settings.server_host) {
            Peer::Server
        } else if settings
            .stores
            .iter()
            .any(|store| host.eq_ignore_ascii_case(store))
        {
            Peer::Store
        } else {
            return None;
        };
        Some(Self {
            peer,
            host,
            port,
            target,
        })
    }
}

/// A host's name and a port, 443 where there is none (RFC 3986 §3.2, without user information and brackets).
pub(crate) fn host_and_port(authority: &str) -> Option<(&str, u16)> {
    let (host, port) = match authority.split_once(':') {
        None => (authority, 443),
        Some((host, digits)) => {
            // `parse` alone would take a sign.
            let plain = digits.bytes().all(|digit| digit.is_ascii_digit());
            let port = digits.parse().ok().filter(|&port| plain && port > 0)?;
            (host, port)
        }
    };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    let named = !host.is_empty() && host.len() <= MAX_HOST && host.bytes().all(is_name);
    named.then_some((host, port))
}

const SCHEME: &str = "https://";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pace;
    use countersign_protocol::UnixTime;

    #[test]
    fn knows_whom_it_may_ask_and_what_to_show() {
        let settings = Settings {
            server_host: "ota.example",
            server_port: 8443,
            product: "lamp",
            authors: &[],
            stores: &["bucket.s3.example"],
            secure_boot: None,
            secure_version: 0,
            built: UnixTime(0),
            running_slot: Some(0),
            rollback: true,
            partition_table: 0x8000,
            pace: Pace::default(),
        };
        let allowed = [
            (
                "https://ota.example/a",
                Peer::Server,
                "ota.example",
                443,
                "/a",
            ),
            (
                "HTTPS://OTA.example:8445/a?b=/c",
                Peer::Server,
                "OTA.example",
                8445,
                "/a?b=/c",
            ),
            (
                "https://bucket.s3.example/k?X=1",
                Peer::Store,
                "bucket.s3.example",
                443,
                "/k?X=1",
            ),
        ];
        for (url, peer, host, port, target) in allowed {
            assert_eq!(
                Address::check(url, &settings),
                Ok(Address {
                    peer,
                    host,
                    port,
                    target
                })
            );
        }
        let forbidden = [
            "",
            "https://",
            "https:///a",
            "https://ota.example",
            "http://ota.example/a",
            "/relative",
            "//ota.example/a",
            "https://other.example/a",
            "https://ota.example.evil/a",
            "https://ota.example@evil/a",
            "https://evil@ota.example/a",
            "https://evil:pw@ota.example/a",
            "https://ota.example:/a",
            "https://ota.example:0/a",
            "https://ota.example:+443/a",
            "https://ota.example:65536/a",
            "https://ota.example\\evil/a",
            "https://ota.example/a b",
            "https://ota.example/a\r\nHost: evil",
            "https://ota.example/a#b",
            "https://[::1]/a",
            "https://ota.example./a",
            "https://ota.ex\u{e4}mple/a",
            "https:\u{e4}",
        ];
        for url in forbidden {
            assert_eq!(
                Address::check(url, &settings),
                Err(Reason::ForbiddenAddress),
                "{url}"
            );
        }
    }
}
