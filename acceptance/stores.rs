//! Images from a store: another host, under a root of its own, that our server redirects to.
//!
//! The device has two sets of anchors. The store's vouch for the store alone, and it is never shown who the device is.

mod hosts;

use std::fs;

use countersign_trust::bundle::build;
use countersign_x509::Certificate;
use esp_formats::bundle::Format;
use rcgen::{PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, SignatureAlgorithm};
use serde_json::Value;

use self::hosts::{Chain, STORE, Server, Store};
use crate::harness::{DEVICE, House, Link, ca::pem, image, over_each_library};

// Not over the machine in QEMU: a store's records are longer than those that it takes.
over_each_library! {
    a_device_is_updated_from_a_store_that_its_bundle_vouches_for,
    a_device_refuses_a_store_that_no_bundle_of_its_vouches_for_and_lives,
    a_store_s_root_vouches_for_no_server_of_ours,
}

/// An installation that offers release 1.1.0, a server of it that redirects, and the store.
struct Scene {
    house: House,
    chain: Chain,
    server: Server,
    store: Store,
}

impl Scene {
    fn new(keys: &'static SignatureAlgorithm) -> Self {
        let house = House::new();
        let new = image("1.1.0");
        let manifest = house.sign(&new, 1).with_extension("cose");
        let chain = Chain::new("Public Trust Services", keys);
        let store = Store::start(&house, &chain, new.bytes.clone());
        let manifest = fs::read(manifest).unwrap();
        let server = Server::start(&house, manifest, new.bytes, store.url());
        house.has_devices_at(server.port());
        Self {
            house,
            chain,
            server,
            store,
        }
    }

    /// Enrolls a device that may be sent to the store, and believes there whom `bundle` has.
    fn enroll(&self, bundle: &[u8]) {
        let file = self.house.text("stores.bundle");
        fs::write(&file, bundle).unwrap();
        let args = [
            "device",
            "enroll",
            DEVICE,
            "--out",
            &self.house.text("device"),
            "--store",
            STORE,
            "--store-bundle",
            &file,
        ];
        let said = self.house.json(&args);
        assert_eq!(said["stores"], serde_json::json!([STORE]));
        let places = fs::read_to_string(self.house.path("device/flash_args")).unwrap();
        assert!(
            places.ends_with("0x17000 x509_crt_bundle.stores\n"),
            "{places}"
        );
    }

    /// Switches the device on until it has nothing more to do.
    fn node(&self, link: Link, tls12: bool) -> Vec<Value> {
        link.node(&self.house, &image("1.0.0"), tls12)
    }
}

impl House {
    /// Has devices be enrolled for a server at this port.
    fn has_devices_at(&self, port: u16) {
        let settings = self.state().join("countersign.toml");
        let text = fs::read_to_string(&settings).unwrap();
        let (old, new) = ("0.0.0.0:8443", format!("127.0.0.1:{port}"));
        assert_eq!(text.matches(old).count(), 1);
        fs::write(&settings, text.replace(old, &new)).unwrap();
    }
}

/// Whether the device says so, for this reason where there is one.
fn says(events: &[Value], event: &str, reason: Option<&str>) -> bool {
    let mut all = events.iter();
    all.any(|one| one["event"] == event && reason.is_none_or(|reason| one["reason"] == reason))
}

/// The version that runs in the end.
fn runs(events: &[Value]) -> &str {
    let mut boots = events.iter().filter(|one| one["event"] == "boot");
    boots.next_back().unwrap()["version"].as_str().unwrap()
}

/// An ESP-IDF bundle of one root.
fn bundle(format: Format, root: &[u8]) -> Vec<u8> {
    build(&[Certificate::from_der(root).unwrap()], format).unwrap()
}

fn a_device_is_updated_from_a_store_that_its_bundle_vouches_for(link: Link) {
    // As S3 has it, and one of today; what an operator may have: ESP-IDF's formats, and PEM.
    for (keys, form) in [
        (&PKCS_RSA_SHA256, Some(Format::Offsets)),
        (&PKCS_ECDSA_P256_SHA256, Some(Format::Legacy)),
        (&PKCS_ECDSA_P256_SHA256, None),
    ] {
        let scene = Scene::new(keys);
        let root = &scene.chain.root;
        scene.enroll(&match form {
            Some(format) => bundle(format, root),
            None => pem(root).into_bytes(),
        });
        let events = scene.node(link, form.is_none());
        assert!(says(&events, "confirmed", None), "{events:?}");
        assert_eq!(runs(&events), "1.1.0", "{keys:?} {form:?}");
        // It is asked who it is at both, and says so to the one that is ours.
        let (shown, hidden) = (scene.server.shown(), scene.store.shown());
        assert!(
            !shown.is_empty() && shown.iter().all(|shown| *shown),
            "{shown:?}"
        );
        assert!(
            !hidden.is_empty() && hidden.iter().all(|shown| !shown),
            "{hidden:?}"
        );
    }
}

fn a_device_refuses_a_store_that_no_bundle_of_its_vouches_for_and_lives(link: Link) {
    let foreign = |name, keys| bundle(Format::Offsets, &Chain::new(name, keys).root);
    for (keys, whom) in [
        (&PKCS_RSA_SHA256, "another root"),
        (&PKCS_ECDSA_P256_SHA256, "a root of the same name"),
        (&PKCS_ECDSA_P256_SHA256, "the root of our servers"),
        (&PKCS_RSA_SHA256, "nobody"),
    ] {
        let scene = Scene::new(keys);
        scene.enroll(&match whom {
            "another root" => foreign("Other Trust Services", keys),
            "a root of the same name" => foreign("Public Trust Services", keys),
            "the root of our servers" => {
                fs::read(scene.house.state().join("authorities/server-root.pem")).unwrap()
            }
            _ => bundle(Format::Offsets, &scene.chain.root),
        });
        if whom == "nobody" {
            fs::remove_file(scene.house.path("device/x509_crt_bundle.stores")).unwrap();
        }
        let events = scene.node(link, false);
        let refuses = says(&events, "failed", Some("untrusted-server"));
        assert!(refuses, "{whom}: {events:?}");
        assert_eq!(runs(&events), "1.0.0", "{whom}");
        assert!(scene.store.shown().is_empty(), "{whom}");

        scene.server.serve_by_itself();
        let events = scene.node(link, false);
        assert_eq!(runs(&events), "1.1.0", "{whom}: {events:?}");
    }
}

fn a_store_s_root_vouches_for_no_server_of_ours(link: Link) {
    let scene = Scene::new(&PKCS_ECDSA_P256_SHA256);
    scene.enroll(&bundle(Format::Offsets, &scene.chain.root));
    scene.server.shows(&scene.chain.leaf("localhost"));
    let events = scene.node(link, false);
    assert!(
        says(&events, "check-in-failed", Some("untrusted-server")),
        "{events:?}"
    );
    assert!(scene.server.shown().is_empty());
}

#[test]
fn bad_stores_are_refused_before_a_device_is_enrolled() {
    let house = House::new();
    let good = house.text("good.bundle");
    let chain = Chain::new("Public Trust Services", &PKCS_ECDSA_P256_SHA256);
    fs::write(&good, bundle(Format::Offsets, &chain.root)).unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = house.text(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let text = file("text", b"not a bundle\n");
    let empty = file("empty", b"");
    let blank = file("blank", &[0xFF; 0x4000]);
    let cut = file("cut", &bundle(Format::Offsets, &chain.root)[..60]);
    let key = file("key", chain.leaf(STORE).key.serialize_pem().as_bytes());
    let many: Vec<_> = (0..150)
        .map(|number| {
            let name = format!("Public Trust Services number {number:04}");
            pem(&Chain::new(&name, &PKCS_ECDSA_P256_SHA256).root)
        })
        .collect();
    let many = file("many", many.concat().as_bytes());
    let missing = house.text("missing");
    let nine = [STORE; 9].map(|host| ["--store", host]).concat();
    let one = ["--store", STORE];
    let cases: [(&str, &[&str], &str, &str); 11] = [
        ("text", &one, &text, "is no trust bundle"),
        ("an empty file", &one, &empty, "is no trust bundle"),
        ("a blank partition", &one, &blank, "is no trust bundle"),
        ("cut", &one, &cut, "is no trust bundle"),
        ("a private key", &one, &key, "private key"),
        ("no file", &one, &missing, "missing"),
        ("too many roots", &one, &many, "there is room for 16384"),
        (
            "a URL",
            &["--store", "https://store.example"],
            &good,
            "host0",
        ),
        ("a port", &["--store", "store.example:443"], &good, "host0"),
        ("nothing", &["--store", ""], &good, "host0"),
        ("nine", &nine, &good, "host8"),
    ];
    let out = house.text("device");
    for (name, hosts, bundle, word) in cases {
        let mut args = vec!["device", "enroll", DEVICE, "--out", &out];
        args.extend(hosts);
        args.extend(["--store-bundle", bundle]);
        let said = house.fails(&args);
        assert!(said.contains(word), "{name}: {said}");
        assert!(!house.path("device").exists(), "{name}");
    }
    // Either alone is of no use.
    let args = ["device", "enroll", DEVICE, "--out", &out];
    house.fails(&[&args[..], &one].concat());
    house.fails(&[&args[..], &["--store-bundle", &good]].concat());
    assert_eq!(house.json(&["device", "list"]), serde_json::json!([]));
}
