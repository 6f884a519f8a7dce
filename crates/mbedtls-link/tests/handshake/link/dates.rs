//! Certificates that ended.

use std::{cell::Cell, time::SystemTime};

use countersign_mbedtls_link::{UnixTime, Versions};
use countersign_node::{LinkError, Peer};

use super::{
    machine::block_on,
    scene::{Scene, fetch},
};
use crate::{
    authority::{Authority, Kind},
    library::with_library,
};

#[test]
fn every_certificate_that_is_sent_must_not_have_ended_and_the_anchor_may() {
    let Some(mut scene) = Scene::new("mbedtls_dates") else {
        return;
    };
    let root = scene.place.ending_after(2, || {
        Authority::root(&scene.place, "servers", "The servers' root", Kind::P256)
    });
    scene.trust(&root);
    let place = &scene.place;
    let long = root.intermediate(place, "long", "The long-lived CA");
    let short = place.ending_after(2, || {
        root.intermediate(place, "short", "The short-lived CA")
    });
    let tomorrow = UnixTime(now() + 24 * 3600);
    let next_week = UnixTime(now() + 7 * 24 * 3600);
    let cases = [
        ("the anchor alone", &root, 365, &["server"][..], true),
        ("the same, with a CA", &long, 365, &["server", "long"], true),
        ("the server's own", &long, 2, &["server", "long"], false),
        ("a CA between", &short, 365, &["server", "short"], false),
        (
            "the root, which is sent",
            &long,
            365,
            &["server", "long", "servers"],
            false,
        ),
    ];
    for (case, issuer, days, chain, later) in cases {
        place.ending_after(days, || {
            issuer.certify(place, "server", "DNS:localhost", Kind::P256)
        });
        let server = scene.serve(chain, &[]);
        with_library(|library| {
            let more_ms = Cell::new(0);
            for versions in [Versions::Tls12, Versions::UpTo13] {
                let at = |floor| {
                    // A link of its own each time, so that nothing is resumed.
                    let mut link = scene.link(library, versions, &more_ms);
                    block_on(fetch(&mut link, Peer::Server, &server, floor)).map(drop)
                };
                assert_eq!(at(UnixTime(0)), Ok(()), "{case}");
                assert_eq!(at(tomorrow), Ok(()), "{case}");
                let then = if later {
                    Ok(())
                } else {
                    Err(LinkError::Untrusted)
                };
                assert_eq!(at(next_week), then, "{case} {versions:?}");
            }
        });
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "openssl takes the computer's clock too"
)]
fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap().as_secs()
}
