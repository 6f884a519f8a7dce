//! What a session is good for, where, and how long.

use countersign_operations::gate::Bar;
use rustls::HandshakeKind::{self, Full, Resumed};

use crate::{
    client::{BOTH, Client, Version},
    world::{DAY, START, World},
};

fn kinds(client: &Client, at: std::net::SocketAddr, times: usize) -> Vec<HandshakeKind> {
    (0..times).map(|_| client.kind(at).unwrap()).collect()
}

#[test]
fn a_session_of_one_plane_is_nothing_on_another() {
    for version in BOTH {
        let world = World::new();
        let client = world.resuming(&world.enroll("d1", None), version);
        let (device, download) = (world.at.device, world.at.download);
        assert_eq!(kinds(&client, device, 3), [Full, Resumed, Resumed]);
        // The client shows the ticket, or the session's id, that the device plane gave.
        assert_eq!(client.kind(download), Ok(Full), "{version:?}");
        assert_eq!(client.kind(download), Ok(Resumed), "{version:?}");
        assert_eq!(client.kind(device), Ok(Full), "{version:?}");
        assert_eq!(world.view().resumed, 3);
        assert_eq!(world.view().handshakes, 6);
    }
}

#[test]
fn who_is_barred_comes_in_by_no_session_and_by_no_handshake() {
    for version in BOTH {
        for (bar, alert, code) in [
            (Bar::Revoked, "CertificateRevoked", "device-revoked"),
            (Bar::Suspended, "AccessDenied", "device-suspended"),
        ] {
            let world = World::new();
            let board = world.enroll("d1", None);
            let other = world.resuming(&world.enroll("d2", None), version);
            let (resuming, full) = (
                world.resuming(&board, version),
                world.client(&board, version),
            );
            let at = world.at.device;
            assert_eq!(kinds(&resuming, at, 2), [Full, Resumed]);
            assert_eq!(kinds(&other, at, 2), [Full, Resumed]);
            let chains = world.chains();
            world.context.gate.bar(&[board.fingerprint()], bar);
            for client in [&resuming, &full] {
                assert_eq!(client.come(at).unwrap_err(), alert, "{version:?}");
                assert!(world.refuses(code));
            }
            // They cost no validation, and no one else's session is gone.
            assert_eq!(world.chains(), chains);
            assert_eq!(other.kind(at), Ok(Resumed));
            // A suspended device comes again when it may, and proves its key first; its chain is still known.
            world.context.gate.lift(&[board.fingerprint()]);
            let again = resuming.kind(at);
            if bar == Bar::Suspended {
                assert_eq!(again, Ok(Full));
                assert_eq!(world.chains(), [chains[0], chains[1] + 1]);
            } else {
                assert_eq!(again.unwrap_err(), alert);
            }
        }
    }
}

#[test]
fn a_session_does_not_outlive_its_certificate() {
    for version in BOTH {
        let world = World::new();
        let end = START + 3600;
        let client = world.resuming(&world.enroll("d1", Some(end)), version);
        let at = world.at.device;
        assert_eq!(kinds(&client, at, 2), [Full, Resumed]);
        world.clock.set(end);
        assert_eq!(client.kind(at), Ok(Resumed));
        world.clock.set(end + 1);
        assert_eq!(client.come(at).unwrap_err(), "CertificateExpired");
        assert!(world.refuses("certificate-ended"));
        world.clock.set(end);
        assert_eq!(client.kind(at), Ok(Full));
    }
}

#[test]
fn a_session_is_good_for_a_day_after_the_key_was_proved_however_often_it_was_used() {
    for version in BOTH {
        let world = World::new();
        let client = world.resuming(&world.enroll("d1", None), version);
        let at = world.at.device;
        assert_eq!(client.kind(at), Ok(Full));
        for hours in [1, 12, 23, 24] {
            world.clock.set(START + hours * 3600);
            assert_eq!(client.kind(at), Ok(Resumed), "{version:?} {hours}");
        }
        world.clock.set(START + DAY + 1);
        assert_eq!(client.kind(at), Ok(Full), "{version:?}");
        assert_eq!(client.kind(at), Ok(Resumed), "{version:?}");
        // To a clock that went back, the proof is still to come.
        world.clock.set(START);
        assert_eq!(client.kind(at), Ok(Full), "{version:?}");
    }
}

#[test]
fn a_session_ends_with_the_authorities_of_its_time() {
    for version in BOTH {
        let world = World::new();
        let client = world.resuming(&world.enroll("d1", None), version);
        let at = world.at.device;
        assert_eq!(kinds(&client, at, 2), [Full, Resumed]);
        world.register("acme", "Acme device CA");
        assert_eq!(kinds(&client, at, 2), [Full, Resumed]);
    }
}

#[test]
fn who_resumes_is_admitted_as_who_he_is() {
    let world = World::new();
    let board = world.enroll("d1", None);
    for version in BOTH {
        let client = world.resuming(&board, version);
        for _ in 0..2 {
            // 404: admitted, and nothing to fetch.
            assert_eq!(client.come(world.at.device).unwrap().status, 404);
        }
    }
    // One that was never recorded is refused with its request, resumed or not.
    let unknown = world.unrecorded("d2");
    let client = world.resuming(&unknown, Version::Tls13);
    for kind in [Full, Resumed] {
        let answer = client.come(world.at.device).unwrap();
        assert_eq!((answer.status, answer.kind), (403, kind));
        assert!(world.refuses("unknown-certificate"));
    }
}
