//! Updates that go well.

use countersign_node::{Event, Peer};
use countersign_protocol::{Digest, Outcome, SlotState, UnixTime};

use crate::{
    author::{Signer, image, manifest, sha256},
    device::{Device, End},
    world::{Answer, World, honest, status},
};

#[test]
fn takes_an_offer_from_check_in_to_confirmation() {
    let (world, author) = (World::new(), Signer::new());
    let (old, new) = (image("1.0", 30_000), image("2.0", 150_000));
    let device = Device::new(&old, &world, &author);
    let id = world.offer(1, author.sign(&manifest("2.0", 5, &new)), &new);

    assert_eq!(device.boot(1), End::Reboot);
    assert_eq!(device.slot(1, new.len()), new);
    assert_eq!(device.slot(0, old.len()), old);
    assert!(world.inner().reports.is_empty());
    let events = device.events();
    assert_eq!(
        events[1],
        Event::Offered {
            version: "",
            size: u32::try_from(new.len()).unwrap()
        }
    );
    assert_eq!(
        events[events.len() - 2..],
        [Event::Verified, Event::Selected { slot: 1 }]
    );

    assert!(matches!(device.boot(1), End::Asleep { seconds: 600..=660 }));
    let last = world.inner().seen.last().cloned().unwrap();
    assert_eq!((last.version.as_str(), last.slot), ("2.0", 1));
    assert_eq!(last.state, SlotState::PendingVerify);
    assert_eq!(last.image, Some(Digest(sha256(&new))));
    assert_eq!(world.inner().reports, [(id, Outcome::Confirmed, None)]);
    assert_eq!(device.state(1).counter, 5);

    assert!(matches!(device.boot(1), End::Asleep { .. }));
    let last = world.inner().seen.last().cloned().unwrap();
    assert_eq!((last.state, last.counter), (SlotState::Confirmed, 5));
    assert_eq!(last.image, Some(Digest(sha256(&new))));
    assert_eq!(world.inner().reports.len(), 1);
}

#[test]
fn goes_back_and_forth_between_the_slots() {
    let (world, author) = (World::new(), Signer::new());
    let device = Device::new(&image("0", 9_000), &world, &author);
    for release in 1..=5_u8 {
        let version = release.to_string();
        let new = image(&version, 5_000 + 1000 * u32::from(release));
        world.offer(
            release,
            author.sign(&manifest(&version, release.into(), &new)),
            &new,
        );
        assert!(matches!(device.settle(), End::Asleep { .. }));
        assert_eq!(device.slot(usize::from(release % 2), new.len()), new);
        assert_eq!(device.state(release % 2).counter, u64::from(release));
    }
    assert_eq!(world.inner().reports.len(), 5);
}

#[test]
fn updates_under_a_boot_loader_without_rollback() {
    let (world, author) = (World::new(), Signer::new());
    let mut device = Device::new(&image("1", 9_000), &world, &author);
    device.rollback = false;
    let new = image("2", 9_000);
    let id = world.offer(1, author.sign(&manifest("2", 1, &new)), &new);
    assert!(matches!(device.settle(), End::Asleep { .. }));
    assert_eq!(world.inner().reports, [(id, Outcome::Confirmed, None)]);
}

#[test]
fn shows_its_certificate_to_the_server_alone() {
    let (world, author) = (World::new(), Signer::new());
    let device = Device::new(&image("1", 9_000), &world, &author);
    let new = image("2", 90_000);
    world.offer(1, author.sign(&manifest("2", 1, &new)), &new);
    world.serve(|ask, image| match ask.host.as_str() {
        "ota.example" => Answer::open(status(
            "307 Temporary Redirect\r\nLocation: https://store.example/k?X-Amz-Signature=abc",
        )),
        _ => honest(ask, image),
    });
    assert!(matches!(device.settle(), End::Asleep { .. }));
    let inner = world.inner();
    for (peer, host, ..) in &inner.connections {
        let expected = if host == "store.example" {
            Peer::Store
        } else {
            Peer::Server
        };
        assert_eq!(*peer, expected);
    }
    let stores = inner
        .connections
        .iter()
        .filter(|(peer, ..)| *peer == Peer::Store)
        .count();
    assert_eq!(stores, 1, "one connection for all ranges");
    assert!(
        inner.asked[1..]
            .iter()
            .all(|ask| ask.target == "/k?X-Amz-Signature=abc")
    );
}

#[test]
fn takes_the_time_from_its_server_and_never_back() {
    let (world, author) = (World::new(), Signer::new());
    let device = Device::new(&image("1", 9_000), &world, &author);
    let floors = |boots: usize| {
        let floors: Vec<u64> = world
            .inner()
            .connections
            .iter()
            .map(|(.., UnixTime(floor))| *floor)
            .collect();
        floors[floors.len() - boots..].to_vec()
    };
    device.boot(1);
    assert_eq!(
        floors(1),
        [1_790_000_000],
        "the build time, before a server said more"
    );
    device.boot(1);
    assert_eq!(floors(1), [1_800_000_000]);
    world.inner().time = 1_500_000_000;
    device.boot(2);
    assert_eq!(floors(2), [1_800_000_000; 2]);
    world.inner().time = 1_800_000_100;
    device.boot(2);
    assert_eq!(floors(2), [1_800_000_000, 1_800_000_100], "kept in memory");
    device.boot(1);
    assert_eq!(
        floors(1),
        [1_800_000_000],
        "too little to be worth a record"
    );
}
