//! The client, and the node's link over it, against a server that others wrote: `openssl s_server`, which demands a
//! certificate of it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "these are tests"
)]

mod authority;
mod client;
#[path = "../../examples/link-heap/heap.rs"]
mod heap;
mod library;
mod link;
mod memory;
#[path = "../../examples/tls-pipe/random.rs"]
mod random;
mod refusals;
mod server;

use countersign_mbedtls_link::{Code, Config, Error, IN_CONTENT_LEN, LIBRARY, UnixTime, Versions};
use esp_formats::bundle::{Bundle, Format};

use self::{
    authority::{Authority, Kind, Leaf, Place, bundle},
    client::{Nibbling, Plain, fetch, identity},
    server::Server,
};

#[global_allocator]
static HEAP: heap::Counting = heap::Counting;

/// The library has what ESP-IDF compiles in by default; the small profile has P-256, AES-GCM and SHA-256 alone.
const FULL: bool = cfg!(any(feature = "full", feature = "prebuilt"));

/// What every handshake needs: a root for servers, one for devices, and a leaf of each, the server's in files.
struct Scene {
    place: Place,
    root: Authority,
    device: Leaf,
}

impl Scene {
    /// Nothing where `openssl` is missing: the test is then counted as skipped.
    fn new(test: &str, kind: Kind) -> Option<Self> {
        let place = Place::new(test)?;
        let root = Authority::root(&place, "servers", "The servers' root", kind);
        root.certify(&place, "server", "DNS:localhost", kind);
        let devices = Authority::root(&place, "devices", "The devices' root", Kind::P256);
        Some(Self {
            device: devices.certify(&place, "device", "URI:urn:dev:ops:device", Kind::P256),
            root,
            place,
        })
    }

    /// Starts the server with a chain, and `more` of what `s_server` takes.
    fn serve(&self, chain: &[&str], more: &[&str]) -> Server {
        let more = [&["-no_ticket"], more].concat();
        Server::start(&self.place, "server", chain, &more)
    }

    /// Fetches a file as the device that trusts `roots`.
    fn fetch(&self, server: &Server, roots: &[&Authority], file: &str) -> Result<Vec<u8>, Error> {
        let bundle = bundle(Format::Offsets, roots);
        let config = self.config(&bundle);
        fetch(&config, Plain::connect(server), file).map(|(_, bytes)| bytes)
    }

    fn config<'a>(&'a self, bundle: &'a [u8]) -> Config<'a> {
        Config {
            bundle: Some(Bundle::parse(bundle).unwrap()),
            identity: Some(identity(&self.device)),
            versions: Versions::Tls12,
            floor: UnixTime(0),
            keep: false,
        }
    }
}

#[test]
fn both_ends_prove_themselves_in_both_versions() {
    let Some(scene) = Scene::new("mbedtls_both_ends", Kind::P256) else {
        return;
    };
    let file = scene.place.file("image", 100_000);
    let bundle = bundle(Format::Offsets, &[&scene.root]);
    for (option, versions, version) in [
        ("-tls1_2", Versions::Tls12, "TLSv1.2"),
        ("-tls1_2", Versions::UpTo13, "TLSv1.2"),
        ("-tls1_3", Versions::UpTo13, "TLSv1.3"),
    ] {
        // Records that any client can take.
        let server = scene.serve(&["server"], &[option, "-max_send_frag", "4096"]);
        let config = Config {
            versions,
            ..scene.config(&bundle)
        };
        let (agreed, bytes) = fetch(&config, Plain::connect(&server), "image").unwrap();
        assert!(bytes == file, "{option} {versions:?}");
        assert_eq!(agreed.version, version);
        let suite = match (version, FULL) {
            ("TLSv1.2", true) => "TLS-ECDHE-ECDSA-WITH-AES-256-GCM-SHA384",
            ("TLSv1.2", false) => "TLS-ECDHE-ECDSA-WITH-AES-128-GCM-SHA256",
            (_, true) => "TLS1-3-AES-256-GCM-SHA384",
            (_, false) => "TLS1-3-AES-128-GCM-SHA256",
        };
        assert_eq!(agreed.suite, suite);
        assert!(LIBRARY.starts_with("Mbed TLS 3."), "{LIBRARY}");
    }
}

#[test]
fn a_transport_that_moves_a_byte_at_a_time_and_often_none_is_enough() {
    let Some(scene) = Scene::new("mbedtls_nibbling", Kind::P256) else {
        return;
    };
    let file = scene.place.file("image", 5_000);
    let bundle = bundle(Format::Offsets, &[&scene.root]);
    for (option, versions) in [("-tls1_2", Versions::Tls12), ("-tls1_3", Versions::UpTo13)] {
        let server = scene.serve(&["server"], &[option, "-max_send_frag", "1024"]);
        let config = Config {
            versions,
            ..scene.config(&bundle)
        };
        let transport = Nibbling::new(Plain::connect(&server));
        let (_, bytes) = fetch(&config, transport, "image").unwrap();
        assert!(bytes == file, "{option}");
    }
}

#[test]
fn bundles_of_both_formats_and_keys_of_all_kinds_vouch() {
    let kinds = [Kind::P256, Kind::P384, Kind::Rsa, Kind::RsaPss];
    for kind in kinds.into_iter().take(if FULL { 4 } else { 1 }) {
        let Some(scene) = Scene::new("mbedtls_kinds", kind) else {
            return;
        };
        scene.place.file("image", 100);
        let server = scene.serve(&["server"], &[]);
        // Others beside it, so that something is searched.
        let others = ["A", "Some other root", "The servers' roo", "zzz"]
            .map(|name| Authority::root(&scene.place, "other", name, Kind::P256));
        let mut roots: Vec<_> = others.iter().collect();
        roots.push(&scene.root);
        for format in [Format::Legacy, Format::Offsets] {
            let bundle = bundle(format, &roots);
            let config = scene.config(&bundle);
            let fetched = fetch(&config, Plain::connect(&server), "image");
            assert!(fetched.is_ok(), "{kind:?} {format:?}: {fetched:?}");
        }
    }
}

#[test]
fn a_chain_ends_at_a_root_that_only_the_bundle_has() {
    let Some(scene) = Scene::new("mbedtls_chain", Kind::P256) else {
        return;
    };
    let (place, root) = (&scene.place, &scene.root);
    place.file("image", 100);
    let upper = root.intermediate(place, "upper", "The upper CA");
    let lower = upper.intermediate(place, "lower", "The lower CA");
    lower.certify(place, "server", "DNS:localhost", Kind::P256);
    let whole = scene.serve(&["server", "lower", "upper"], &[]);
    assert!(scene.fetch(&whole, &[root], "image").is_ok());
    // Sending the root too does no harm; it must then vouch for itself.
    let more = scene.serve(&["server", "lower", "upper", "servers"], &[]);
    assert!(scene.fetch(&more, &[root], "image").is_ok());
    // The bundle vouches for the top of what is sent, be it a root or not.
    let short = scene.serve(&["server", "lower"], &[]);
    assert!(scene.fetch(&short, &[&upper], "image").is_ok());
    assert!(scene.fetch(&short, &[root], "image").is_err());
    // What is sent is the chain, to its end: an intermediate in the bundle does not cut it short.
    assert!(scene.fetch(&whole, &[&upper], "image").is_err());
}

#[test]
fn a_record_of_16_kib_needs_a_buffer_of_16_kib() {
    let Some(scene) = Scene::new("mbedtls_large_record", Kind::P256) else {
        return;
    };
    let file = scene.place.file("image", 100_000);
    let server = scene.serve(&["server"], &["-tls1_2"]);
    let fetched = scene.fetch(&server, &[&scene.root], "image");
    if IN_CONTENT_LEN >= 16384 {
        assert!(fetched.unwrap() == file);
    } else {
        // MBEDTLS_ERR_SSL_BAD_INPUT_DATA: the record is not even fetched.
        assert_eq!(fetched, Err(Error::Read(Code::new(-0x7100))));
    }
    // Records of 4 KiB suit both.
    let server = scene.serve(&["server"], &["-tls1_2", "-max_send_frag", "4096"]);
    assert!(scene.fetch(&server, &[&scene.root], "image").unwrap() == file);
}
