//! First boots that do not end in a confirmation, and reports that do not get through.

use countersign_node::{Event, LinkError};
use countersign_protocol::{OfferId, Outcome, Reason};
use esp_formats::otadata::{OtaState, SelectEntry};

use crate::{
    author::{Signer, image, manifest},
    device::{Device, End, OTADATA},
    world::{World, status},
};

/// A device that has selected release 2.0 and was not reset yet.
fn selected() -> (World, Signer, Device, OfferId, Vec<u8>) {
    let (world, author) = (World::new(), Signer::new());
    let device = Device::new(&image("1.0", 9_000), &world, &author);
    let new = image("2.0", 12_000);
    let id = world.offer(1, author.sign(&manifest("2.0", 5, &new)), &new);
    assert_eq!(device.boot(1), End::Reboot);
    (world, author, device, id, new)
}

fn unreachable(world: &World, error: LinkError) {
    world.inner().unreachable = vec![("ota.example".to_owned(), error)];
}

#[test]
fn a_reset_before_the_confirmation_bars_the_release() {
    let (world, author, device, id, new) = selected();
    unreachable(&world, LinkError::Broken);
    assert!(matches!(device.boot(3), End::Asleep { .. }));
    assert!(
        matches!(device.boot(3), End::Asleep { .. }),
        "the old image, which owes a report"
    );
    assert!(device.events().contains(&Event::RolledBack));
    world.inner().unreachable.clear();

    assert!(matches!(device.settle(), End::Asleep { .. }));
    let report = (id, Outcome::RolledBack, None);
    assert_eq!(world.inner().reports, [report]);
    assert_eq!(
        device.state(0).counter,
        0,
        "what was not confirmed was not accepted"
    );

    for (counter, reason) in [
        (5, Reason::OldCounter),
        (4, Reason::OldCounter),
        (6, Reason::NotConfirmed),
    ] {
        let again = world.offer(9, author.sign(&manifest("2.0", counter, &new)), &new);
        world.inner().reports.clear();
        world.inner().offer.as_mut().unwrap().0 = OfferId([u8::try_from(counter).unwrap(); 16]);
        assert!(matches!(device.settle(), End::Asleep { .. }));
        let refused = &world.inner().reports[0];
        assert_eq!(
            (refused.1, refused.2),
            (Outcome::Refused, Some(reason)),
            "{again:?}"
        );
    }
    let better = image("2.1", 12_000);
    world.offer(20, author.sign(&manifest("2.1", 7, &better)), &better);
    assert!(matches!(device.settle(), End::Asleep { .. }));
    assert_eq!(device.state(1).counter, 7);
}

#[test]
fn an_image_that_reaches_no_server_asks_for_the_reset_that_goes_back() {
    let (world, _author, device, id, _new) = selected();
    unreachable(&world, LinkError::Untrusted);
    assert!(matches!(device.boot(1), End::Asleep { seconds: 30..=33 }));
    assert!(world.inner().reports.is_empty());
    assert_eq!(device.patient(1), End::Reboot);
    assert!(device.events().contains(&Event::SelfTestFailed));
    world.inner().unreachable.clear();
    assert!(matches!(device.boot(1), End::Asleep { .. }));
    let report = (id, Outcome::RolledBack, None);
    assert_eq!(world.inner().reports, [report]);
}

#[test]
fn a_busy_server_is_obeyed_and_ends_no_trial() {
    let (world, _author, device, id, _new) = selected();
    world.inner().check_in = Some(status("503 Busy\r\nRetry-After: 7200"));
    assert!(matches!(
        device.boot(1),
        End::Asleep {
            seconds: 7200..=7920
        }
    ));
    assert!(
        device
            .events()
            .contains(&Event::ServerBusy { seconds: 7200 })
    );
    // The same boot, hours later.
    world.inner().check_in = None;
    assert!(matches!(device.node(1, 1), End::Asleep { .. }));
    assert_eq!(world.inner().reports, [(id, Outcome::Confirmed, None)]);
}

#[test]
fn a_node_opened_again_before_the_reset_still_wants_it() {
    let (world, _author, device, _id, _new) = selected();
    assert_eq!(device.node(0, 1), End::Reboot);
    assert_eq!(world.inner().seen.len(), 1);
}

#[test]
fn a_selection_that_otadata_lost_is_made_again_without_a_download() {
    let (world, _author, device, id, new) = selected();
    let asked = world.inner().asked.len();
    device.chip.burn(OTADATA + 0x1000, &[0; 32]);
    device.events();
    assert!(matches!(device.settle(), End::Asleep { .. }));
    let done = u32::try_from(new.len()).unwrap();
    assert!(device.events().contains(&Event::Resumed { done }));
    assert_eq!(world.inner().asked.len(), asked);
    assert_eq!(world.inner().reports, [(id, Outcome::Confirmed, None)]);
}

#[test]
fn a_slot_that_was_spoiled_after_the_selection_is_not_called_confirmed() {
    let (world, _author, device, id, _new) = selected();
    device.chip.burn(crate::device::SLOTS[1], &[0; 64]);
    assert!(matches!(device.settle(), End::Asleep { .. }));
    let report = (id, Outcome::RolledBack, None);
    assert_eq!(world.inner().reports, [report]);
}

#[test]
fn a_report_is_owed_until_a_server_took_it() {
    let (world, _author, device, id, _new) = selected();
    world.inner().report = Some(status("503 Busy\r\nRetry-After: 900"));
    assert!(matches!(device.boot(1), End::Asleep { .. }));
    let check_ins = world.inner().seen.len();
    assert!(matches!(device.boot(2), End::Asleep { seconds: 900..=990 }));
    assert_eq!(
        world.inner().seen.len(),
        check_ins,
        "a busy server is left alone"
    );
    world.inner().report = Some(status("500 Oops"));
    assert!(matches!(device.boot(2), End::Asleep { .. }));
    assert_eq!(
        world.inner().seen.len(),
        check_ins + 2,
        "a broken report stops nothing else"
    );
    world.inner().report = None;
    assert!(matches!(device.boot(2), End::Asleep { .. }));
    assert_eq!(world.inner().reports, [(id, Outcome::Confirmed, None)]);
}

#[test]
fn a_server_that_refuses_a_report_hears_of_it_no_more() {
    let (world, _author, device, _id, _new) = selected();
    world.inner().report = Some(status("404 Not Found"));
    assert!(matches!(device.boot(1), End::Asleep { .. }));
    let state = device.state(1);
    assert!(!state.ended.unwrap().owed);
}

#[test]
fn an_image_whose_entry_lost_its_state_is_still_gone_back_from() {
    // The boot loader was about to abort it, and power was cut while the entry was erased: number and CRC are there yet.
    let (world, _author, device, id, _new) = selected();
    unreachable(&world, LinkError::Broken);
    let spoiled = SelectEntry::new(2, OtaState::Other(0xFFFF_FF7F));
    device.chip.burn(OTADATA + 0x1000, &spoiled.encode());
    assert_eq!(device.start(), Some(1), "it is started like any other");
    assert_eq!(device.patient(1), End::Reboot);
    world.inner().unreachable.clear();
    assert!(matches!(device.boot(1), End::Asleep { .. }));
    assert_eq!(world.inner().reports, [(id, Outcome::RolledBack, None)]);
}

#[test]
fn a_boot_loader_without_rollback_is_told_to_go_back() {
    let (world, author) = (World::new(), Signer::new());
    let mut device = Device::new(&image("1.0", 9_000), &world, &author);
    device.rollback = false;
    let new = image("2.0", 12_000);
    let id = world.offer(1, author.sign(&manifest("2.0", 5, &new)), &new);
    assert_eq!(device.boot(1), End::Reboot);
    unreachable(&world, LinkError::Broken);
    assert_eq!(device.start(), Some(1));
    assert_eq!(device.patient(1), End::Reboot);
    world.inner().unreachable.clear();
    assert_eq!(device.start(), Some(0));
    assert!(matches!(device.boot(1), End::Asleep { .. }));
    assert_eq!(world.inner().reports, [(id, Outcome::RolledBack, None)]);
}
