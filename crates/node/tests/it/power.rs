//! Power that is cut after every single write and erase of an update.

use countersign_node::Event;
use countersign_protocol::{OfferId, Outcome};

use crate::{
    author::{Signer, image, manifest},
    chip::SECTOR,
    device::{Device, End},
    world::World,
};

/// Updates from 1.0 to 2.0 with the power cut in the operation after the first `n`, and lets the device go on.
/// `None` where there were no more than `n`.
fn cut_after(n: u32, torn: bool, rollback: bool, filler: u32) -> Option<()> {
    let (world, author) = (World::new(), Signer::new());
    let (old, new) = (image("1.0", filler), image("2.0", filler + 1000));
    let mut device = Device::new(&old, &world, &author);
    device.rollback = rollback;
    let id = world.offer(1, author.sign(&manifest("2.0", 5, &new)), &new);
    {
        let mut chip = device.chip.inner();
        (chip.power, chip.torn) = (Some(n), torn);
    }
    let cut = (0..4).any(|_| device.boot(1) == End::PowerLost);
    if !cut {
        return None;
    }
    device.chip.inner().power = None;

    // Every boot from here on finds an image that was verified: the boot loader of the tests panics where it does not,
    // and what it finds is one of the two, byte for byte.
    for _ in 0..4 {
        let end = device.boot(1);
        let holds = |slot: usize, image: &[u8]| device.slot(slot, image.len()) == image;
        assert!(holds(0, &old) || holds(1, &new), "n = {n}");
        match end {
            End::Asleep { .. } if !world.inner().reports.is_empty() => break,
            End::Reboot | End::Asleep { .. } => {}
            other => panic!("n = {n}, torn = {torn}: {other:?}"),
        }
    }
    let reports = world.inner().reports.clone();
    let first = reports
        .first()
        .copied()
        .unwrap_or((OfferId([0; 16]), Outcome::Failed, None));
    match first.1 {
        Outcome::Confirmed => assert_eq!((first.0, device.state(1).counter), (id, 5)),
        // The cut fell between the first boot and its confirmation: that is what rollback is for. The next release
        // must find its way.
        Outcome::RolledBack => {
            assert!(
                device.events().contains(&Event::Selected { slot: 1 }),
                "n = {n}"
            );
            let next = image("3.0", filler + 2000);
            world.offer(2, author.sign(&manifest("3.0", 6, &next)), &next);
            assert!(matches!(device.settle(), End::Asleep { .. }));
            assert_eq!(device.slot(1, next.len()), next);
            assert_eq!(device.state(1).counter, 6);
        }
        other => panic!("n = {n}, torn = {torn}: {other:?}"),
    }
    Some(())
}

fn sweep(torn: bool, rollback: bool, filler: u32) {
    let mut n = 0;
    while cut_after(n, torn, rollback, filler).is_some() {
        n += 1;
    }
    let sectors = (filler + 1000) / 4096;
    assert!(
        n > 2 * sectors,
        "{n} operations for {sectors} sectors, each erased and written"
    );
}

#[test]
fn any_cut_between_two_operations_is_survived() {
    sweep(false, true, 20_000);
}

#[test]
fn any_cut_within_an_operation_is_survived() {
    sweep(true, true, 20_000);
}

#[test]
fn any_cut_is_survived_without_rollback() {
    sweep(false, false, 20_000);
    sweep(true, false, 20_000);
}

#[test]
fn any_cut_in_a_download_of_many_records_is_survived() {
    sweep(true, true, 140_000);
}

#[test]
fn a_download_goes_on_after_a_reset_from_the_last_record() {
    let (world, author) = (World::new(), Signer::new());
    let new = image("2.0", 150_000);
    let device = Device::new(&image("1.0", 9_000), &world, &author);
    world.offer(1, author.sign(&manifest("2.0", 5, &new)), &new);
    // The first record, then an erase and a write for each sector, and one more record at 64 KiB.
    device.chip.inner().power = Some(2 + 20 * 2);
    assert_eq!(device.boot(1), End::PowerLost);
    device.chip.inner().power = None;
    device.events();
    let asked = world.inner().asked.len();
    assert!(matches!(device.settle(), End::Asleep { .. }));
    assert!(
        device
            .events()
            .contains(&Event::Resumed { done: 64 * 1024 })
    );
    assert_eq!(world.inner().asked[asked].first, 16 * SECTOR);
    assert_eq!(device.slot(1, new.len()), new);
}

#[test]
fn bytes_changed_under_a_resumed_download_are_fetched_anew() {
    let (world, author) = (World::new(), Signer::new());
    let new = image("2.0", 150_000);
    let device = Device::new(&image("1.0", 9_000), &world, &author);
    let id = world.offer(1, author.sign(&manifest("2.0", 5, &new)), &new);
    device.chip.inner().power = Some(2 + 20 * 2);
    assert_eq!(device.boot(1), End::PowerLost);
    device.chip.inner().power = None;
    device.chip.burn(crate::device::SLOTS[1] + 1000, &[0; 8]);
    assert!(matches!(device.settle(), End::Asleep { .. }));
    assert_eq!(device.slot(1, new.len()), new);
    assert_eq!(world.inner().reports, [(id, Outcome::Confirmed, None)]);
}
