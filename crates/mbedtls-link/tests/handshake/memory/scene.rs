//! A server, a device, and the link between them.

use countersign_mbedtls_link::{Identity, Library, LinkSettings, TlsLink, UnixTime, Versions};
use countersign_node::{Link as _, LinkError, Peer};
use embedded_io_async::{Read as _, Write as _};
use esp_formats::bundle::{Bundle, Format};

use super::{socket::Loopback, uptime::Uptime};
use crate::{
    authority::{Authority, Kind, Place, bundle, der, key_der},
    heap::{Use, so_far},
    server::Server,
};

/// A root and an issuing CA for servers, the same for devices, and a leaf of each.
pub(crate) struct Scene {
    place: Place,
    bundle: Vec<u8>,
    chain: Vec<u8>,
    key: Vec<u8>,
}

/// What was seen of a connection.
pub(crate) struct Seen {
    pub(crate) resumed: bool,
    pub(crate) handshake: Use,
}

impl Scene {
    /// Nothing where `openssl` is missing: the test is then counted as skipped.
    pub(crate) fn new(test: &str) -> Option<Self> {
        let place = Place::new(test)?;
        let root = Authority::root(&place, "servers", "The servers' root", Kind::P256);
        let issuing = root.intermediate(&place, "issuing", "The servers' issuing CA");
        issuing.certify(&place, "server", "DNS:localhost", Kind::P256);
        let devices = Authority::root(&place, "devices", "The devices' root", Kind::P256);
        devices
            .intermediate(&place, "making", "The devices' issuing CA")
            .certify(&place, "device", "URI:urn:dev:ops:device", Kind::P256);
        place.file("image", 20_000);
        let certificate = |name: &str| der(&place.path(&format!("{name}.pem")));
        Some(Self {
            bundle: bundle(Format::Offsets, &[&root]),
            chain: [certificate("device"), certificate("making")].concat(),
            key: key_der(&place.path("device.key")),
            place,
        })
    }

    pub(crate) fn serve(&self, options: &[&str]) -> Server {
        let more = [options, &["-max_send_frag", "4096"]].concat();
        Server::start(&self.place, "server", &["server", "issuing"], &more)
    }

    pub(crate) fn link<'a>(
        &'a self,
        library: &'a Library,
        versions: Versions,
        server: &Server,
    ) -> TlsLink<'a, Loopback, Uptime> {
        let bundle = Bundle::parse(&self.bundle).unwrap();
        let identity = Identity {
            chain: &self.chain,
            key: &self.key,
        };
        let settings = LinkSettings {
            versions,
            ..LinkSettings::new(bundle, bundle, identity)
        };
        TlsLink::new(
            library,
            settings,
            Loopback(server.address.ip()),
            Uptime::new(),
        )
    }
}

/// Connects and fetches the file.
pub(crate) async fn fetch(
    link: &mut TlsLink<'_, Loopback, Uptime>,
    peer: Peer,
    port: u16,
) -> Result<Seen, LinkError> {
    let mut connection = link.connect(peer, "localhost", port, UnixTime(0)).await?;
    let handshake = so_far();
    connection.write_all(b"GET /image HTTP/1.0\r\n\r\n").await?;
    let (mut received, mut buffer) = (0, [0; 1024]);
    // `s_server` ends without a word, and so does a connection for which there is no memory.
    while let Ok(len @ 1..) = connection.read(&mut buffer).await {
        received += len;
    }
    if received < 20_000 {
        return Err(LinkError::Broken);
    }
    Ok(Seen {
        resumed: connection.is_resumed(),
        handshake,
    })
}
