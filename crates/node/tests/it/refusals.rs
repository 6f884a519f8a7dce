//! Offers that the device must not take, and what it says of them.

use countersign_node::Event;
use countersign_protocol::{Manifest, OfferId, Outcome, Reason, UnixTime};
use esp_formats::app_image::ChipId;

use crate::{
    author::{Signer, image, image_of, manifest},
    device::{Device, End, SLOT},
    world::World,
};

/// Offers an image under a manifest that `change` has spoiled, and tells why it was refused and what was fetched.
fn refused(
    change: impl FnOnce(&mut Manifest<'_>),
    signer: impl FnOnce(&Signer) -> Signer,
    new: &[u8],
) -> (Reason, usize) {
    let (world, author) = (World::new(), Signer::new());
    let device = Device::new(&image("1.0", 9_000), &world, &author);
    let old = image("1.5", 9_000);
    world.offer(1, author.sign(&manifest("1.5", 5, &old)), &old);
    assert!(matches!(device.settle(), End::Asleep { .. }));
    let before = world.inner().asked.len();
    let untouched = device.slot(0, 9_000);

    let mut spoiled = manifest("2.0", 6, new);
    change(&mut spoiled);
    let id = world.offer(2, signer(&author).sign(&spoiled), new);
    world.inner().reports.clear();
    assert!(matches!(device.settle(), End::Asleep { .. }));
    let reports = world.inner().reports.clone();
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert_eq!((reports[0].0, reports[0].1), (id, Outcome::Refused));
    assert!(
        device
            .events()
            .contains(&Event::Refused(reports[0].2.unwrap()))
    );
    let fetched = world.inner().asked.len() - before;
    if fetched <= 1 {
        assert_eq!(
            device.slot(0, 9_000),
            untouched,
            "nothing is erased for what is refused so early"
        );
    }

    assert!(matches!(device.settle(), End::Asleep { .. }));
    assert_eq!(world.inner().reports.len(), 1, "refused once, told once");
    assert_eq!(
        world.inner().asked.len(),
        before + fetched,
        "and not fetched again"
    );
    (reports[0].2.unwrap(), fetched)
}

fn same(author: &Signer) -> Signer {
    author.again()
}

#[test]
fn refuses_before_any_download_what_the_manifest_gives_away() {
    let new = image("2.0", 9_000);
    let check = |change: fn(&mut Manifest<'_>), reason| {
        assert_eq!(refused(change, same, &new), (reason, 0));
    };
    check(|manifest| manifest.product = "oven", Reason::WrongProduct);
    check(
        |manifest| manifest.chip = ChipId::ESP32_S3.0,
        Reason::WrongChip,
    );
    check(|manifest| manifest.counter = 5, Reason::OldCounter);
    check(|manifest| manifest.counter = 0, Reason::OldCounter);
    check(
        |manifest| manifest.not_after = Some(UnixTime(1_799_999_999)),
        Reason::Ended,
    );
    check(
        |manifest| manifest.secure_version = 0,
        Reason::LowSecureVersion,
    );
    check(|manifest| manifest.size = SLOT + 1, Reason::TooLarge);
    check(|manifest| manifest.size = 287, Reason::WrongImage);
}

#[test]
fn refuses_whom_it_does_not_know() {
    let new = image("2.0", 9_000);
    assert_eq!(
        refused(|_| {}, |_| Signer::new(), &new),
        (Reason::UnknownAuthor, 0)
    );
    let impostor = |author: &Signer| Signer {
        id: author.id,
        ..Signer::new()
    };
    assert_eq!(refused(|_| {}, impostor, &new), (Reason::BadSignature, 0));
}

#[test]
fn takes_a_release_in_its_last_second() {
    let (world, author) = (World::new(), Signer::new());
    let device = Device::new(&image("1.0", 9_000), &world, &author);
    let new = image("2.0", 9_000);
    let last = Manifest {
        not_after: Some(UnixTime(1_800_000_000)),
        ..manifest("2.0", 1, &new)
    };
    world.offer(1, author.sign(&last), &new);
    assert!(matches!(device.settle(), End::Asleep { .. }));
    assert_eq!(device.state(1).counter, 1);
}

#[test]
fn refuses_after_one_sector_an_image_that_its_head_gives_away() {
    let check = |new: &[u8], reason| assert_eq!(refused(|_| {}, same, new), (reason, 1));
    let c3 = ChipId::ESP32_C3;
    check(
        &image_of(ChipId::ESP32_S3, "2.0", "lamp-fw", 1, 90_000),
        Reason::WrongChip,
    );
    check(
        &image_of(c3, "1.9", "lamp-fw", 1, 90_000),
        Reason::WrongImage,
    );
    check(
        &image_of(c3, "2.0", "oven-fw", 1, 90_000),
        Reason::WrongImage,
    );
    check(
        &image_of(c3, "2.0", "lamp-fw", 2, 90_000),
        Reason::WrongImage,
    );
    check(&vec![0x55; 90_000], Reason::WrongImage);
}

#[test]
fn refuses_bytes_that_the_author_did_not_sign_for() {
    for at in [288, 50_000, 80_000] {
        let mut new = image("2.0", 90_000);
        let honest = manifest("2.0", 6, &new).image;
        new[at] ^= 1;
        let (reason, _) = refused(|manifest| manifest.image = honest, same, &new);
        assert_eq!(reason, Reason::WrongDigest);
    }
}

#[test]
fn a_spoiled_manifest_makes_no_device_stumble() {
    let (world, author) = (World::new(), Signer::new());
    let device = Device::new(&image("1.0", 9_000), &world, &author);
    let new = image("2.0", 9_000);
    let good = author.sign(&manifest("2.0", 6, &new));
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        world.offer(1, bad, &new);
        world.inner().offer.as_mut().unwrap().0 = OfferId([u8::try_from(at % 251).unwrap(); 16]);
        assert!(matches!(device.settle(), End::Asleep { .. }));
    }
    assert!(world.inner().asked.is_empty());
    assert!(
        world
            .inner()
            .reports
            .iter()
            .all(|(_, outcome, _)| *outcome == Outcome::Refused)
    );
}
