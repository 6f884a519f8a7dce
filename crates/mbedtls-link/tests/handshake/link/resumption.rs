//! What is kept of a session, for whom, and for how long.

use std::cell::Cell;

use countersign_mbedtls_link::{UnixTime, Versions};
use countersign_node::Peer;

use super::{
    machine::block_on,
    scene::{Scene, fetch},
};
use crate::library::with_library;

/// How a server has sessions resumed: its options, and what the link offers.
const WAYS: [(&[&str], Versions); 3] = [
    // By its own memory.
    (&["-tls1_2", "-no_ticket"], Versions::Tls12),
    (&["-tls1_2"], Versions::UpTo13),
    (&["-tls1_3"], Versions::UpTo13),
];

#[test]
fn the_next_connection_to_a_server_goes_on_with_the_last() {
    let Some(scene) = Scene::new("mbedtls_resumed") else {
        return;
    };
    for (options, versions) in WAYS {
        let server = scene.serve(&["server"], options);
        with_library(|library| {
            let more_ms = Cell::new(0);
            let mut link = scene.link(library, versions, &more_ms);
            let mut next = || {
                block_on(fetch(&mut link, Peer::Server, &server, UnixTime(0)))
                    .unwrap_or_else(|error| panic!("{options:?}: {error}"))
            };
            assert!(!next(), "{options:?}");
            assert!(next(), "{options:?}");
            assert!(next(), "{options:?}: a session that was resumed");
            link.forget_sessions();
            let resumed = block_on(fetch(&mut link, Peer::Server, &server, UnixTime(0)));
            assert_eq!(resumed, Ok(false), "{options:?}");
        });
    }
}

#[test]
fn what_our_server_proved_is_nothing_to_a_store_at_the_same_address() {
    let Some(scene) = Scene::new("mbedtls_resumed_store") else {
        return;
    };
    for (options, versions) in WAYS {
        // A store asks for no certificate.
        let options = [options, &["-verify", "0"]].concat();
        let server = scene.serve(&["server"], &options);
        let store = scene.serve(&["server"], &[]);
        with_library(|library| {
            let more_ms = Cell::new(0);
            let mut link = scene.link(library, versions, &more_ms);
            let mut next = |peer, server| {
                block_on(fetch(&mut link, peer, server, UnixTime(0)))
                    .unwrap_or_else(|error| panic!("{options:?}: {error}"))
            };
            // The last one is kept, as what it proved itself, and no other beside it.
            assert!(!next(Peer::Server, &server));
            assert!(!next(Peer::Store, &server));
            assert!(next(Peer::Store, &server));
            assert!(!next(Peer::Server, &store));
            assert!(!next(Peer::Store, &server));
            assert!(!next(Peer::Server, &server));
            assert!(next(Peer::Server, &server));
        });
    }
}

#[test]
fn what_was_proved_stands_as_long_as_the_certificates_and_a_day() {
    let Some(scene) = Scene::new("mbedtls_resumed_time") else {
        return;
    };
    for (options, versions) in WAYS {
        let server = scene.serve(&["server"], options);
        with_library(|library| {
            let more_ms = Cell::new(0);
            let mut link = scene.link(library, versions, &more_ms);
            let mut next = |floor| block_on(fetch(&mut link, Peer::Server, &server, floor));
            assert_eq!(next(UnixTime(0)), Ok(false));
            more_ms.set(23 * 3600 * 1000);
            assert_eq!(next(UnixTime(0)), Ok(true));
            more_ms.set(25 * 3600 * 1000);
            assert_eq!(
                next(UnixTime(0)),
                Ok(false),
                "a day after the proof, not after its last use"
            );
            assert_eq!(next(UnixTime(1_795_447_801)), Ok(true));
            // Some day in 2106: the certificate has ended, and the server shows it again.
            assert!(next(UnixTime(4_300_000_000)).is_err());
            assert_eq!(
                next(UnixTime(0)),
                Ok(false),
                "a session that was doubted is gone"
            );
        });
    }
}
