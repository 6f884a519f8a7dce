//! What the factory put into the flash: settings, identity, trust.

use countersign_protocol::{Author, AuthorId};
use countersign_provision::{layout, nvs, secure_cert};
use zeroize::Zeroizing;

use crate::crypto::sha256;
use crate::flash::FileFlash;
use crate::machine::Error;
use crate::machine::boot::{BootStage, read_partition};
use crate::{Anchors, Identity};

/// What the factory put into the flash.
#[derive(Debug)]
pub(super) struct Provisioned {
    pub(super) server_host: String,
    pub(super) server_port: u16,
    pub(super) product: String,
    pub(super) stores: Vec<String>,
    pub(super) anchors: Anchors,
    pub(super) identity: Identity,
    /// Each author's id and public key.
    authors: Vec<(AuthorId, Vec<u8>)>,
}

impl Provisioned {
    /// Reads it all, as an app does when it starts.
    pub(super) fn read(flash: &mut FileFlash, stage: &BootStage) -> Result<Self, Error> {
        let mut partition = |label| read_partition(flash, &stage.find_label(label)?);
        let settings = nvs::read(&partition(layout::NVS)?).map_err(Error::Provision)?;
        let secret = Zeroizing::new(partition(layout::SECURE_CERT)?);
        let secret = secure_cert::read(&secret).map_err(Error::Provision)?;
        let trust = partition(layout::TRUST)?;

        let (server_host, server_port) =
            parse_server(&settings.server).ok_or_else(|| Error::Server {
                url: settings.server.clone(),
            })?;
        // There is no partition for the anchors of stores yet: a device that is sent to one believes nobody there.
        let anchors = Anchors {
            servers: trust,
            stores: Vec::new(),
        };
        let identity = Identity::new(secret.chain, &secret.key_pem).map_err(Error::Identity)?;
        let named = |key: Vec<u8>| (AuthorId::from_spki_sha256(&sha256(&key)), key);
        Ok(Self {
            server_host,
            server_port,
            product: settings.product,
            stores: settings.allowed_hosts,
            anchors,
            identity,
            authors: settings.authors.into_iter().map(named).collect(),
        })
    }

    /// The authors, as the node wants them.
    pub(super) fn authors(&self) -> Vec<Author<'_>> {
        self.authors
            .iter()
            .map(|(id, public_key)| Author {
                id: *id,
                public_key,
            })
            .collect()
    }
}

/// The host and port of an https URL; nothing else of it is used.
pub(super) fn parse_server(url: &str) -> Option<(String, u16)> {
    let rest = url.strip_prefix("https://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (host, port) = match authority.rsplit_once(':') {
        None => (authority, 443),
        Some((host, digits)) => {
            // `parse` alone would take a sign.
            let plain = digits.bytes().all(|digit| digit.is_ascii_digit());
            let port = digits.parse().ok().filter(|port| plain && *port > 0)?;
            (host, port)
        }
    };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    (!host.is_empty() && host.bytes().all(is_name)).then(|| (host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_host_and_a_port() {
        for (url, server) in [
            ("https://ota.example.com", Some(("ota.example.com", 443))),
            (
                "https://ota.example.com:8443/",
                Some(("ota.example.com", 8443)),
            ),
            ("https://127.0.0.1:1?x", Some(("127.0.0.1", 1))),
            ("http://ota.example.com", None),
            ("https://", None),
            ("https://:8443", None),
            ("https://ota.example.com:65536", None),
            ("https://ota.example.com:0", None),
            ("https://ota.example.com:+443", None),
            ("https://someone@ota.example.com", None),
        ] {
            let server = server.map(|(host, port)| (host.to_owned(), port));
            assert_eq!(parse_server(url), server, "{url}");
        }
    }
}
