//! Servers and stores that break off, lie, or send elsewhere.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use countersign_node::{Event, LinkError};
use countersign_protocol::{OfferId, Outcome, Reason};

use crate::{
    author::{Signer, image, manifest},
    device::{Device, End, SLOTS},
    world::{Answer, Ask, World, honest, status},
};

pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) device: Device,
    id: OfferId,
    new: Vec<u8>,
}

/// A device before an offer whose image is served by `serve`, which also gets the number of its call.
pub(crate) fn scene(serve: impl Fn(usize, &Ask, &[u8]) -> Answer + Send + 'static) -> Scene {
    let (world, author) = (World::new(), Signer::new());
    let device = Device::new(&image("1.0", 9_000), &world, &author);
    let new = image("2.0", 150_000);
    let id = world.offer(1, author.sign(&manifest("2.0", 5, &new)), &new);
    let calls = AtomicUsize::new(0);
    world.serve(move |ask, image| serve(calls.fetch_add(1, Ordering::Relaxed), ask, image));
    Scene {
        world,
        device,
        id,
        new,
    }
}

impl Scene {
    /// The update must succeed all the same.
    pub(crate) fn succeeds(&self) {
        assert!(matches!(self.device.settle(), End::Asleep { .. }));
        assert_eq!(
            self.world.inner().reports,
            [(self.id, Outcome::Confirmed, None)]
        );
        assert_eq!(self.device.slot(1, self.new.len()), self.new);
    }

    /// The update must end like this, and the old image still run.
    pub(crate) fn ends(&self, outcome: Outcome, reason: Reason) {
        assert!(matches!(self.device.settle(), End::Asleep { .. }));
        assert_eq!(
            self.world.inner().reports,
            [(self.id, outcome, Some(reason))]
        );
        assert!(self.device.state(0).pending.is_none());
    }
}

fn cut(answer: &Answer, len: usize) -> Answer {
    let len = len.min(answer.bytes.len());
    Answer::ends(&answer.bytes[..len])
}

#[test]
fn goes_on_where_a_connection_broke() {
    let scene = scene(|call, ask, image| match call {
        1 | 3 => cut(&honest(ask, image), 20_000),
        2 => Answer::ends(""),
        _ => honest(ask, image),
    });
    scene.succeeds();
    let firsts: Vec<_> = scene
        .world
        .inner()
        .asked
        .iter()
        .map(|ask| ask.first)
        .collect();
    assert_eq!(firsts[..5], [0, 4096, 4096 * 5, 4096 * 5, 4096 * 9]);
    let retries = |event: &&Event<'_>| matches!(event, Event::Retrying { .. });
    assert_eq!(scene.device.events().iter().filter(retries).count(), 3);
}

#[test]
fn gives_up_after_a_row_of_lost_connections_and_says_so_once() {
    let scene = scene(|_, _, _| Answer::ends("HTTP/1.1 206"));
    scene.ends(Outcome::Failed, Reason::Connection);
    let attempts = usize::try_from(scene.device.pace.retries).unwrap() + 1;
    assert_eq!(scene.world.inner().asked.len(), attempts);
    scene.ends(Outcome::Failed, Reason::Connection);
    assert_eq!(
        scene.world.inner().asked.len(),
        2 * attempts,
        "tried again, not told again"
    );
    scene.world.inner().reports.clear();
    scene.world.serve(honest);
    scene.succeeds();
}

#[test]
fn makes_a_new_connection_where_the_server_keeps_none() {
    let scene = scene(|_, ask, image| {
        let bytes = honest(ask, image).bytes;
        let text = b"\r\nConnection: close\r\n";
        let at = bytes.windows(2).position(|two| two == b"\r\n").unwrap();
        Answer::ends([&bytes[..at], text, &bytes[at + 2..]].concat())
    });
    scene.succeeds();
    let retries = |event: &Event<'_>| matches!(event, Event::Retrying { .. });
    assert!(!scene.device.events().iter().any(retries));
}

#[test]
fn takes_a_whole_image_from_a_server_without_ranges_from_the_start_only() {
    let whole = |image: &[u8]| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", image.len());
        Answer::open([head.as_bytes(), image].concat())
    };
    scene(move |_, _, image| whole(image)).succeeds();
    scene(move |call, ask, image| {
        if call == 0 {
            honest(ask, image)
        } else {
            whole(image)
        }
    })
    .ends(Outcome::Failed, Reason::BadAnswer);
    scene(move |_, _, image| whole(&image[1..])).ends(Outcome::Failed, Reason::BadAnswer);
}

#[test]
fn holds_answers_to_the_range_that_it_asked_for() {
    let lie = |head: &'static str| {
        scene(move |_, ask, image| {
            let body = &image[ask.first..=ask.last];
            Answer::open([b"HTTP/1.1 206 P\r\n", head.as_bytes(), b"\r\n\r\n", body].concat())
        })
        .ends(Outcome::Failed, Reason::BadAnswer);
    };
    lie("Content-Length: 4096");
    lie("Content-Range: bytes 0-4095/150160");
    lie("Content-Length: 4096\r\nContent-Range: bytes 0-4095/999999");
    lie("Content-Length: 4096\r\nContent-Range: bytes 4096-8191/150160");
    lie("Content-Length: 4095\r\nContent-Range: bytes 0-4095/150160");
    lie("Content-Length: 8192\r\nContent-Range: bytes 0-8191/150160");
    lie("Transfer-Encoding: chunked");
}

#[test]
fn endless_headers_end() {
    let scene = scene(|_, _, _| {
        Answer::open(["HTTP/1.1 206 P\r\n", &"X-Filler: yes\r\n".repeat(10_000)].concat())
    });
    scene.ends(Outcome::Failed, Reason::BadAnswer);
}

#[test]
fn goes_nowhere_that_it_was_not_told_of() {
    for location in [
        "http://ota.example/a",
        "https://evil.example/a",
        "https://store.example.evil/a",
        "https://store.example@evil/a",
        "/relative",
        "ftp://ota.example/a",
        &format!("https://ota.example/{}", "a".repeat(2048)),
    ] {
        let line = format!("302 Found\r\nLocation: {location}");
        let scene = scene(move |_, _, _| Answer::open(status(&line)));
        scene.ends(Outcome::Refused, Reason::ForbiddenAddress);
        assert_eq!(scene.world.inner().asked.len(), 1, "{location}");
    }
}

#[test]
fn a_store_cannot_send_a_device_to_its_server() {
    let scene = scene(|_, ask, _| {
        let location = match ask.host.as_str() {
            "ota.example" => "https://store.example/a",
            _ => "https://ota.example:8443/ota?v=9.9",
        };
        Answer::open(status(&format!("302 Found\r\nLocation: {location}")))
    });
    scene.ends(Outcome::Refused, Reason::ForbiddenAddress);
    assert_eq!(scene.world.inner().asked.len(), 2);
}

#[test]
fn follows_three_redirects_and_no_loop() {
    let redirect = || Answer::open(status("302 Found\r\nLocation: https://ota.example/again"));
    scene(move |call, ask, image| {
        if call < 3 {
            redirect()
        } else {
            honest(ask, image)
        }
    })
    .succeeds();
    let scene = scene(move |_, _, _| redirect());
    scene.ends(Outcome::Refused, Reason::ForbiddenAddress);
    assert_eq!(scene.world.inner().asked.len(), 4);
}

#[test]
fn asks_for_a_fresh_url_and_goes_on_with_the_same_image() {
    for line in ["403 Forbidden", "410 Gone", "416 Range Not Satisfiable"] {
        let scene = scene(move |call, ask, image| match call {
            2 => Answer::ends(status(line)),
            _ => honest(ask, image),
        });
        scene.succeeds();
        assert!(scene.device.events().contains(&Event::AddressEnded));
        let asked = scene.world.inner().asked.clone();
        assert_eq!(asked[2].first, asked[3].first, "nothing was lost");
    }
    let scene = scene(|_, _, _| Answer::ends(status("403 Forbidden")));
    scene.ends(Outcome::Failed, Reason::BadAnswer);
}

#[test]
fn drops_an_update_whose_offer_was_withdrawn() {
    let scene = scene(|call, ask, image| match call {
        2 => Answer::ends(status("403 Forbidden")),
        _ => honest(ask, image),
    });
    let world = scene.world.clone();
    scene.world.serve(move |ask, image| {
        if ask.first == 0 {
            return honest(ask, image);
        }
        Answer::ends(status("403 Forbidden"))
    });
    let offers = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&offers);
    world.inner().on_check_in = Some(Box::new(move |inner| {
        if counted.fetch_add(1, Ordering::Relaxed) == 1 {
            inner.offer = None;
        }
    }));
    assert!(matches!(scene.device.settle(), End::Asleep { .. }));
    assert_eq!(offers.load(Ordering::Relaxed), 2);
    assert!(world.inner().reports.is_empty());
}

#[test]
fn never_splices_two_images() {
    let tagged = |answer: Answer, etag: usize| {
        let text = String::from_utf8_lossy(&answer.bytes[..200])
            .find("\"e1\"")
            .unwrap();
        let mut bytes = answer.bytes;
        bytes[text + 2] = b'0' + u8::try_from(etag % 10).unwrap();
        Answer::open(bytes)
    };
    let once = scene(move |call, ask, image| tagged(honest(ask, image), usize::from(call > 1)));
    once.succeeds();
    assert_eq!(once.world.inner().asked[3].first, 0, "begun anew");
    scene(move |call, ask, image| tagged(honest(ask, image), call))
        .ends(Outcome::Failed, Reason::BadAnswer);
}

#[test]
fn obeys_a_store_that_asks_for_patience() {
    let scene = scene(|call, ask, image| match call {
        1 => Answer::open(status("503 Slow Down\r\nRetry-After: 7")),
        _ => honest(ask, image),
    });
    scene.succeeds();
    assert!(
        scene
            .device
            .events()
            .contains(&Event::Retrying { wait_ms: 7000 })
    );
}

#[test]
fn a_store_that_cannot_prove_itself_gets_no_second_try() {
    let scene =
        scene(|_, _, _| Answer::open(status("302 Found\r\nLocation: https://store.example/a")));
    scene.world.inner().unreachable = vec![("store.example".to_owned(), LinkError::Untrusted)];
    scene.ends(Outcome::Failed, Reason::UntrustedServer);
    assert_eq!(scene.world.inner().asked.len(), 1);
}

#[test]
fn a_server_that_sends_drop_by_drop_is_left_in_time() {
    let mut scene = scene(|_, ask, image| honest(ask, image));
    scene.device.pace.download_limit_s = 3;
    scene.world.inner().drip = Some((scene.device.uptime.clone(), 500));
    scene.ends(Outcome::Failed, Reason::Connection);
    assert!(scene.world.inner().asked.len() < 5);
}

#[test]
fn a_slot_that_cannot_be_written_fails_the_offer_and_not_the_node() {
    let scene = scene(|_, ask, image| honest(ask, image));
    scene.device.chip.inner().broken = Some(SLOTS[1] + 8192..SLOTS[1] + 12_288);
    scene.ends(Outcome::Failed, Reason::Flash);
    scene.device.chip.inner().broken = None;
    scene.world.inner().reports.clear();
    scene.succeeds();
}
