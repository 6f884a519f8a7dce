//! A server, a device, and the link between them.

use std::cell::Cell;

use countersign_mbedtls_link::{Identity, Library, LinkSettings, TlsLink, UnixTime, Versions};
use countersign_node::{Link as _, LinkError, Peer};
use embedded_io_async::{Read as _, Write as _};
use esp_formats::bundle::{Bundle, Format};

use super::machine::{Loopback, Uptime};
use crate::{
    authority::{Authority, Kind, Leaf, Place, bundle},
    server::Server,
};

/// The link of a test.
pub(crate) type TestLink<'a> = TlsLink<'a, Loopback, Uptime<'a>>;

/// A root for servers, one for devices, and a leaf of each, the server's in files.
pub(crate) struct Scene {
    pub(crate) place: Place,
    bundle: Vec<u8>,
    device: Leaf,
}

impl Scene {
    /// Nothing where `openssl` is missing: the test is then counted as skipped.
    pub(crate) fn new(test: &str) -> Option<Self> {
        let place = Place::new(test)?;
        let root = Authority::root(&place, "servers", "The servers' root", Kind::P256);
        root.certify(&place, "server", "DNS:localhost", Kind::P256);
        let devices = Authority::root(&place, "devices", "The devices' root", Kind::P256);
        place.file("image", 5_000);
        Some(Self {
            device: devices.certify(&place, "device", "URI:urn:dev:ops:device", Kind::P256),
            bundle: bundle(Format::Offsets, &[&root]),
            place,
        })
    }

    /// Has the device believe this root, and no other.
    pub(crate) fn trust(&mut self, root: &Authority) {
        self.bundle = bundle(Format::Offsets, &[root]);
    }

    pub(crate) fn serve(&self, chain: &[&str], more: &[&str]) -> Server {
        let more = [&["-max_send_frag", "4096"], more].concat();
        Server::start(&self.place, "server", chain, &more)
    }

    pub(crate) fn link<'a>(
        &'a self,
        library: &'a Library,
        versions: Versions,
        more_ms: &'a Cell<u64>,
    ) -> TestLink<'a> {
        let bundle = Bundle::parse(&self.bundle).unwrap();
        let identity = Identity {
            chain: &self.device.chain,
            key: &self.device.key,
        };
        let settings = LinkSettings {
            versions,
            ..LinkSettings::new(bundle, bundle, identity)
        };
        TlsLink::new(library, settings, Loopback, Uptime::new(more_ms))
    }
}

/// Connects and fetches the file; says whether the session was resumed.
pub(crate) async fn fetch(
    link: &mut TestLink<'_>,
    peer: Peer,
    server: &Server,
    floor: UnixTime,
) -> Result<bool, LinkError> {
    let port = server.address.port();
    let mut connection = link.connect(peer, "localhost", port, floor).await?;
    let resumed = connection.is_resumed();
    connection.write_all(b"GET /image HTTP/1.0\r\n\r\n").await?;
    let mut len = 0;
    let mut buffer = [0; 700];
    // `s_server` ends without a word.
    while let Ok(read @ 1..) = connection.read(&mut buffer).await {
        len += read;
    }
    assert!(len > 5_000, "{len} bytes");
    Ok(resumed)
}
