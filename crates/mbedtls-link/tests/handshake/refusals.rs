//! Who is refused, and with which number.

use countersign_mbedtls_link::{
    Code, Config, Error, Identity, Library, Refusal, Session, VerifyFlags,
};
use esp_formats::bundle::{Bundle, Format};

use crate::{
    FULL, Scene,
    authority::{Authority, Kind, bundle, der, key_der},
    client::{Plain, fetch, fetch_from, identity},
    library::with_library,
    random::System,
};

/// `MBEDTLS_ERR_X509_CERT_VERIFY_FAILED`: findings were left.
const FINDINGS: Code = Code::new(-0x2700);

/// `MBEDTLS_ERR_X509_FATAL_ERROR`: what the library makes of a callback's refusal.
const FATAL: Code = Code::new(-0x3000);

/// The flags that stand for a callback's refusal.
const ALL: VerifyFlags = VerifyFlags::new(u32::MAX);

/// Demands that the bundle refuses the chain of this server.
fn refused_by_bundle(scene: &Scene, chain: &[&str], roots: &[&Authority]) -> Refusal {
    let server = scene.serve(chain, &[]);
    match scene.fetch(&server, roots, "image") {
        Err(Error::Handshake {
            code: FATAL,
            flags: ALL,
            refusal: Some(refusal),
        }) => refusal,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_root_of_the_same_name_with_another_key_is_no_root() {
    let kinds = [
        (Kind::P256, Kind::P256),
        (Kind::Rsa, Kind::Rsa),
        (Kind::Rsa, Kind::P256),
    ];
    for (theirs, ours) in kinds.into_iter().take(if FULL { 3 } else { 1 }) {
        let Some(scene) = Scene::new("mbedtls_same_name", theirs) else {
            return;
        };
        let namesake = Authority::root(&scene.place, "namesake", "The servers' root", ours);
        let refusal = refused_by_bundle(&scene, &["server"], &[&namesake]);
        if theirs == ours {
            assert!(matches!(refusal, Refusal::Signature(_)), "{refusal:?}");
        } else {
            assert!(matches!(refusal, Refusal::Key(_)), "{refusal:?}");
        }
    }
}

#[test]
fn a_small_library_has_nothing_to_say_to_servers_with_other_keys() {
    if FULL {
        return;
    }
    for kind in [Kind::P384, Kind::Rsa] {
        let Some(scene) = Scene::new("mbedtls_small", kind) else {
            return;
        };
        let server = scene.serve(&["server"], &[]);
        let error = scene.fetch(&server, &[&scene.root], "image").unwrap_err();
        assert!(matches!(error, Error::Handshake { .. }), "{error:?}");
    }
}

#[test]
fn a_chain_whose_root_is_not_in_the_bundle_is_refused() {
    let Some(scene) = Scene::new("mbedtls_unknown", Kind::P256) else {
        return;
    };
    let place = &scene.place;
    let other = Authority::root(place, "other", "Another root", Kind::P256);
    let unknown = |chain: &[&str]| {
        assert_eq!(
            refused_by_bundle(&scene, chain, &[&other]),
            Refusal::Unknown
        );
    };
    unknown(&["server"]);
    unknown(&["server", "servers"]);
    let issuing = scene.root.intermediate(place, "issuing", "The issuing CA");
    issuing.certify(place, "server", "DNS:localhost", Kind::P256);
    unknown(&["server", "issuing"]);
}

#[test]
fn a_server_that_vouches_for_itself_is_refused() {
    let Some(scene) = Scene::new("mbedtls_self_signed", Kind::P256) else {
        return;
    };
    // Of a root's name as well.
    for subject in ["Nobody", "The servers' root"] {
        scene.place.self_signed("server", subject, "DNS:localhost");
        let refusal = refused_by_bundle(&scene, &["server"], &[&scene.root]);
        let known = subject != "Nobody";
        assert_eq!(
            known,
            matches!(refusal, Refusal::Signature(_)),
            "{refusal:?}"
        );
    }
}

#[test]
fn another_name_is_found_before_the_bundle_is_asked() {
    let Some(scene) = Scene::new("mbedtls_other_name", Kind::P256) else {
        return;
    };
    let (place, root) = (&scene.place, &scene.root);
    let mismatch = |error: Result<Vec<u8>, Error>, findings: VerifyFlags| {
        let expected = Error::Handshake {
            code: FINDINGS,
            flags: findings,
            refusal: None,
        };
        assert_eq!(error, Err(expected));
    };
    root.certify(place, "server", "DNS:example.com", Kind::P256);
    let server = scene.serve(&["server"], &[]);
    // The one certificate has two faults, so that the bundle may not clear either.
    let both = VerifyFlags::new(0x0C);
    mismatch(scene.fetch(&server, &[root], "image"), both);
    // With a CA between, the bundle vouches for that, and the name is still another.
    let issuing = root.intermediate(place, "issuing", "The issuing CA");
    issuing.certify(place, "server", "DNS:example.com", Kind::P256);
    let server = scene.serve(&["server", "issuing"], &[]);
    mismatch(
        scene.fetch(&server, &[root], "image"),
        VerifyFlags::CN_MISMATCH,
    );
}

#[test]
fn a_server_refuses_a_device_that_it_does_not_know() {
    let Some(scene) = Scene::new("mbedtls_unknown_device", Kind::P256) else {
        return;
    };
    let place = &scene.place;
    let server = scene.serve(&["server"], &["-tls1_2"]);
    let stranger = Authority::root(place, "strangers", "Strangers", Kind::P256).certify(
        place,
        "stranger",
        "URI:urn:dev:ops:x",
        Kind::P256,
    );
    let bundle = bundle(Format::Legacy, &[&scene.root]);
    for identity in [Some(identity(&stranger)), None] {
        let config = Config {
            identity,
            ..scene.config(&bundle)
        };
        let error = fetch(&config, Plain::connect(&server), "image").unwrap_err();
        // Nothing is wrong with the server, and the library gives MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE; where it was still
        // writing its part when the server hung up, MBEDTLS_ERR_NET_CONN_RESET.
        let refused = |code: i32| Error::Handshake {
            code: Code::new(code),
            flags: VerifyFlags::default(),
            refusal: None,
        };
        assert!(
            [refused(-0x7780), refused(-0x50)].contains(&error),
            "{error:?}"
        );
    }
}

#[test]
fn chain_and_key_may_be_der_and_what_is_neither_is_refused() {
    let Some(scene) = Scene::new("mbedtls_identity", Kind::P256) else {
        return;
    };
    let place = &scene.place;
    let file = place.file("image", 10);
    let server = scene.serve(&["server"], &[]);
    let bundle = bundle(Format::Offsets, &[&scene.root]);
    let (chain, key) = (
        der(&place.path("device.pem")),
        key_der(&place.path("device.key")),
    );
    let with = |chain: &[u8], key: &[u8], host: &str| {
        let config = Config {
            bundle: Some(Bundle::parse(&bundle).unwrap()),
            identity: Some(Identity { chain, key }),
            ..scene.config(&bundle)
        };
        fetch_from(host, &config, Plain::connect(&server), "image").map(|(_, bytes)| bytes)
    };
    assert_eq!(with(&chain, &key, "localhost"), Ok(file));
    let half = [
        &scene.device.chain[..],
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ]
    .concat();
    for chain in [&b""[..], b"nothing", &half] {
        let error = with(chain, &key, "localhost").unwrap_err();
        assert!(matches!(error, Error::Certificate(_)), "{error:?}");
    }
    for key in [&b""[..], b"nothing"] {
        let error = with(&chain, key, "localhost").unwrap_err();
        assert!(matches!(error, Error::Key(_)), "{error:?}");
    }
    for host in ["local\0host", &"x".repeat(256)] {
        assert_eq!(with(&chain, &key, host), Err(Error::Name));
    }
}

#[test]
fn there_is_one_library_in_a_process_and_a_failed_session_stays_failed() {
    let Some(scene) = Scene::new("mbedtls_one_library", Kind::P256) else {
        return;
    };
    let other = Authority::root(&scene.place, "other", "Another root", Kind::P256);
    let bundle = bundle(Format::Offsets, &[&other]);
    let server = scene.serve(&["server"], &[]);
    with_library(|library| {
        let second = Library::new(Box::leak(Box::new(System::open().unwrap())));
        assert_eq!(second.map(drop), Err(Error::InUse));

        let config = scene.config(&bundle);
        let mut session =
            Session::new(library, "localhost", &config, Plain::connect(&server)).unwrap();
        let error = session.handshake().unwrap_err();
        assert!(
            error.to_string().contains("no root in the bundle"),
            "{error}"
        );
        assert_eq!(session.handshake(), Err(error));
        assert_eq!(session.read(&mut [0; 10]), Err(error));
        assert_eq!(session.write(b"x"), Err(error));
        assert_eq!(session.close(), Err(error));
    });
}
