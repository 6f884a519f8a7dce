//! What a server cannot have a device do for ever.

use std::sync::atomic::Ordering;

use countersign_node::{Event, LinkError};
use countersign_protocol::{OfferId, Outcome, Reason};

use crate::{
    author::{Signer, image, manifest},
    device::{Device, End},
    downloads::scene,
    world::{Answer, World, honest, status},
};

fn device() -> (World, Device, Signer) {
    let (world, author) = (World::new(), Signer::new());
    let device = Device::new(&image("1.0", 9_000), &world, &author);
    (world, device, author)
}

#[test]
fn a_time_at_which_no_server_proves_itself_is_forgotten() {
    for lie in [1_900_000_001, u64::MAX] {
        let (world, device, author) = device();
        device.boot(2);
        world.inner().time = lie;
        device.boot(1);
        assert_eq!(device.state(0).time.0, lie);
        // The lie ends, and the device is as it was: in the same boot, and over a reset.
        world.inner().time = 1_800_000_500;
        let new = image("2.0", 12_000);
        world.offer(1, author.sign(&manifest("2.0", 1, &new)), &new);
        assert!(matches!(device.settle(), End::Asleep { .. }));
        assert_eq!(device.state(1).counter, 1);
        assert_eq!(device.state(1).time.0, 1_800_000_500);
        let untrusted = Event::CheckInFailed(Reason::UntrustedServer);
        assert!(!device.events().contains(&untrusted));
    }
}

#[test]
fn a_server_that_states_a_time_behind_its_own_end_is_believed_for_all_else() {
    let (world, device, author) = device();
    world.inner().time = u64::MAX;
    let new = image("2.0", 12_000);
    world.offer(1, author.sign(&manifest("2.0", 1, &new)), &new);
    assert!(matches!(device.settle(), End::Asleep { .. }));
    assert_eq!(device.state(1).counter, 1);
    assert_eq!(world.inner().reports.len(), 1);
}

#[test]
fn a_stranger_takes_a_device_no_further_back_than_its_last_proof() {
    let (world, device, _) = device();
    device.boot(2);
    world.inner().time = 1_850_000_000;
    device.boot(2);
    world.inner().time = 1_860_000_000;
    device.boot(1);
    let stranger = ("ota.example".to_owned(), LinkError::Untrusted);
    world.inner().unreachable = vec![stranger];
    device.boot(3);
    let floors: Vec<u64> = world
        .inner()
        .connections
        .iter()
        .map(|(.., floor)| floor.0)
        .collect();
    assert_eq!(
        floors[floors.len() - 4..],
        [1_860_000_000, 1_850_000_000, 1_850_000_000, 1_850_000_000]
    );
}

#[test]
fn a_trial_is_put_off_by_no_more_than_is_waited() {
    let (world, device, author) = device();
    let new = image("2.0", 12_000);
    world.offer(1, author.sign(&manifest("2.0", 1, &new)), &new);
    assert_eq!(device.boot(1), End::Reboot);
    let mut calls = 0;
    world.inner().on_check_in = Some(Box::new(move |inner| {
        calls += 1;
        inner.check_in = Some(match calls {
            1 => status("503 Busy\r\nRetry-After: 4294967295"),
            _ => status("500 Oops"),
        });
    }));
    assert_eq!(device.patient(1), End::Reboot);
    let week = Event::ServerBusy { seconds: 604_800 };
    assert!(
        device.events().contains(&week),
        "what it does, not what it was told to"
    );
    let days = device.uptime.0.load(Ordering::Relaxed) / 1000 / 86400;
    assert!((7..9).contains(&days), "{days}");
}

#[test]
fn a_sector_that_comes_drop_by_drop_is_a_lost_connection() {
    let scene = scene(|_, ask, image| honest(ask, image));
    // Five reads a sector.
    scene.world.inner().drip = Some((scene.device.uptime.clone(), 20_000));
    scene.ends(Outcome::Failed, Reason::Connection);
    let attempts = usize::try_from(scene.device.pace.retries).unwrap() + 1;
    assert_eq!(scene.world.inner().asked.len(), attempts);
    let minutes = scene.device.uptime.0.load(Ordering::Relaxed) / 60_000;
    assert!(minutes < 30, "{minutes} minutes");
    scene.world.inner().drip = Some((scene.device.uptime.clone(), 11_000));
    scene.world.inner().reports.clear();
    scene.succeeds();
}

#[test]
fn a_head_that_comes_drop_by_drop_is_a_lost_connection() {
    let head = "HTTP/1.1 206 P\r\n".to_owned() + &"X: y\r\n".repeat(480);
    let scene = scene(move |_, _, _| Answer::open(head.as_bytes()));
    scene.world.inner().drip = Some((scene.device.uptime.clone(), 25_000));
    scene.ends(Outcome::Failed, Reason::Connection);
}

#[test]
fn a_url_for_each_sector_is_too_many() {
    let mut scene = scene(|call, ask, image| match call % 2 {
        0 => honest(ask, image),
        _ => Answer::ends(status("403 Forbidden")),
    });
    scene.device.pace.range = 4096;
    scene.ends(Outcome::Failed, Reason::BadAnswer);
    assert_eq!(
        scene.world.inner().seen.len(),
        17,
        "one check-in, and 16 for an address"
    );
}

#[test]
fn redirects_are_counted_until_there_is_a_fresh_url() {
    let redirect = "302 Found\r\nLocation: https://ota.example/again";
    // A sector after each redirect, and then the connection is lost.
    let scene = scene(move |call, ask, image| {
        if call % 2 == 0 {
            return Answer::open(status(redirect));
        }
        let bytes = honest(ask, image).bytes;
        Answer::ends(&bytes[..bytes.len().min(4300)])
    });
    scene.ends(Outcome::Refused, Reason::ForbiddenAddress);
    assert_eq!(scene.world.inner().asked.len(), 7);
}

#[test]
fn images_that_are_never_right_do_not_wear_the_flash_out() {
    let (world, device, author) = device();
    let new = image("2.0", 20_000);
    world.offer(1, author.sign(&manifest("2.0", 1, &new)), &new);
    *world.inner().image.last_mut().unwrap() ^= 1;
    let mut offers = 1;
    world.inner().on_check_in = Some(Box::new(move |inner| {
        offers += 1;
        inner.offer.as_mut().unwrap().0 = OfferId([offers; 16]);
    }));
    let erased = |device: &Device| {
        let done = |event: &&Event<'_>| matches!(event, Event::Progress { done: 4096, .. });
        device.events().iter().filter(done).count()
    };
    assert!(matches!(device.boot(100), End::Asleep { .. }));
    assert_eq!(erased(&device), 8);
    let last = *world.inner().reports.last().unwrap();
    assert_eq!((last.1, last.2), (Outcome::Failed, Some(Reason::BadAnswer)));
    // Once a right one may begin again, it is taken.
    let day = u64::from(u32::MAX);
    device.uptime.0.fetch_add(day, Ordering::Relaxed);
    world.inner().image = new;
    assert!(matches!(device.settle(), End::Asleep { .. }));
    assert_eq!(device.state(1).counter, 1);
}
