//! Device planes that answer badly, slowly or not at all, and what the node makes of when to come again.

use countersign_node::{Event, LinkError};
use countersign_protocol::Reason;

use crate::{
    author::{Signer, image},
    device::{Device, End},
    world::{World, status},
};

fn device() -> (World, Device) {
    let world = World::new();
    let device = Device::new(&image("1.0", 9_000), &world, &Signer::new());
    (world, device)
}

#[test]
fn no_answer_that_breaks_the_protocol_is_believed() {
    let reply = |length: &str, body: &[u8]| {
        [
            format!("HTTP/1.1 200 OK\r\n{length}\r\n\r\n").as_bytes(),
            body,
        ]
        .concat()
    };
    // {0: 1, 1: 1900000000, 2: 600}
    let good = [0xA3, 0, 1, 1, 0x1A, 0x71, 0x3F, 0xB3, 0, 2, 0x19, 2, 0x58];
    let answers = [
        (status("400 Bad Request"), Reason::BadAnswer),
        (status("401 Unauthorized"), Reason::NotAdmitted),
        (status("403 Forbidden"), Reason::NotAdmitted),
        (status("500 Oops"), Reason::BadAnswer),
        (
            status("302 Found\r\nLocation: https://ota.example/v1/checkin"),
            Reason::BadAnswer,
        ),
        (reply("X: no length", &good), Reason::BadAnswer),
        (reply("Content-Length: 0", &[]), Reason::BadAnswer),
        (reply("Content-Length: 4097", &good), Reason::BadAnswer),
        (reply("Content-Length: 12", &good[..12]), Reason::BadAnswer),
        (reply("Content-Length: 14", &good), Reason::Connection),
        (
            reply("Transfer-Encoding: chunked", &good),
            Reason::BadAnswer,
        ),
        (b"HTTP/1.1 200 OK\r\n".to_vec(), Reason::Connection),
        ("X: y\r\n".repeat(1000).into_bytes(), Reason::BadAnswer),
        (b"\x16\x03\x01 not HTTP\r\n\r\n".to_vec(), Reason::BadAnswer),
        (Vec::new(), Reason::Connection),
    ];
    for (answer, reason) in answers {
        let (world, device) = device();
        let text = String::from_utf8_lossy(&answer).into_owned();
        world.inner().check_in = Some(answer);
        assert_eq!(device.boot(1), device.boot(1), "{text}");
        assert_eq!(device.events()[0], Event::CheckInFailed(reason), "{text}");
        assert_eq!(device.state(0).time.0, 0, "{text}");
    }
    let (world, device) = device();
    world.inner().check_in = Some(reply("Content-Length: 13", &good));
    device.boot(1);
    assert_eq!(device.state(0).time.0, 1_900_000_000);
}

#[test]
fn comes_again_within_its_own_bounds() {
    for (asked, least) in [(0, 30), (10, 30), (600, 600), (u32::MAX, 7 * 24 * 3600)] {
        let (world, device) = device();
        world.inner().next_check_in_s = asked;
        let End::Asleep { seconds } = device.boot(1) else {
            panic!("it must sleep")
        };
        assert!(
            (least..=least + least / 10).contains(&seconds),
            "{asked}: {seconds}"
        );
    }
}

#[test]
fn waits_longer_with_every_failure_up_to_an_hour() {
    let (world, device) = device();
    world.inner().unreachable = vec![("ota.example".to_owned(), LinkError::TimedOut)];
    let mut last = 0;
    for failures in 1..=12 {
        let End::Asleep { seconds } = device.boot(failures) else {
            panic!("it must sleep")
        };
        assert!(
            seconds > last || last >= 3600,
            "{failures}: {seconds} after {last}"
        );
        assert!(seconds <= 3960);
        last = seconds;
    }
    assert!(last >= 3600);
    assert!(
        device
            .events()
            .contains(&Event::CheckInFailed(Reason::Connection))
    );
}

#[test]
fn says_where_a_server_could_not_prove_itself() {
    let (world, device) = device();
    world.inner().unreachable = vec![("ota.example".to_owned(), LinkError::Untrusted)];
    device.boot(1);
    assert_eq!(
        device.events(),
        [Event::CheckInFailed(Reason::UntrustedServer)]
    );
}

#[test]
fn a_check_in_that_comes_drop_by_drop_ends() {
    let (world, device) = device();
    world.inner().check_in = Some(vec![b'a'; 100_000]);
    world.inner().drip = Some((device.uptime.clone(), 119_000));
    assert!(matches!(device.boot(1), End::Asleep { .. }));
    assert_eq!(device.events(), [Event::CheckInFailed(Reason::Connection)]);
}
