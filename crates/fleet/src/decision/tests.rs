use countersign_protocol::{AuthorId, Digest, OfferId};

use super::*;
use crate::ReleaseId;

const NOW: UnixTime = UnixTime(1_800_000_000);
const C3: u16 = 5;

/// Release `n` has number, counter and digest `n` and version `1.<n>.0`.
fn release(n: u8) -> Release {
    Release {
        id: ReleaseId(n.into()),
        product: "demo".parse().unwrap(),
        version: format!("1.{n}.0"),
        project: "demo".to_owned(),
        idf_version: "v5.5.1".to_owned(),
        chip: C3,
        counter: n.into(),
        secure_version: 0,
        image: Digest([n; 32]),
        size: 1024,
        manifest: Vec::new(),
        author: AuthorId([7; 8]),
        published_at: UnixTime(1_700_000_000),
        not_after: None,
    }
}

fn running(n: u8) -> Running {
    Running {
        chip: Some(C3),
        version: format!("1.{n}.0"),
        image: Some(Digest([n; 32])),
        slot: Some(0),
        pending_verify: false,
        authors: None,
    }
}

fn device() -> Device {
    Device {
        id: "d1".parse().unwrap(),
        product: "demo".parse().unwrap(),
        urn: "urn:dev:ops:1-d1".to_owned(),
        pin: None,
        state: DeviceState::Active,
        state_reason: None,
        enrolled_at: UnixTime(1_700_000_000),
        last_seen: None,
        running: None,
    }
}

fn offer(release: u8, state: OfferState) -> OfferRecord {
    OfferRecord {
        id: OfferId([release; 16]),
        device: "d1".parse().unwrap(),
        release: ReleaseId(release.into()),
        state,
        reason: None,
        offered_at: UnixTime(1_700_000_000),
        ended_at: None,
        failures: 0,
        deliveries: 0,
    }
}

/// What of a usual situation is otherwise: an active device runs release 1 of which we know, and release 2 is there.
struct Case {
    device: Device,
    running: Running,
    current: Option<Release>,
    bounds: Bounds,
    reports: bool,
    newest: Option<Release>,
    open: Option<(OfferRecord, Option<Release>)>,
    past: Vec<OfferRecord>,
}

fn usual() -> Case {
    Case {
        device: device(),
        running: running(1),
        current: Some(release(1)),
        bounds: Bounds::default(),
        reports: true,
        newest: Some(release(2)),
        open: None,
        past: Vec::new(),
    }
}

/// What is expected, with releases by their number.
#[derive(Debug, Eq, PartialEq)]
enum Told {
    Nothing(Why),
    Keep(i64),
    Offer(i64),
}

#[track_caller]
fn check(change: impl FnOnce(&mut Case), end: Option<End>, told: Told) {
    let mut case = usual();
    change(&mut case);
    let decision = decide(&Situation {
        now: NOW,
        device: &case.device,
        running: &case.running,
        current: case.current.as_ref(),
        bounds: case.bounds,
        reports: case.reports,
        attempts: 3,
        newest: case.newest.as_ref(),
        open: case.open.as_ref().map(|(offer, release)| OpenOffer {
            offer,
            release: release.as_ref(),
        }),
        past: &case.past,
    });
    let next = match decision.next {
        Next::Nothing(why) => Told::Nothing(why),
        Next::Keep(release) => Told::Keep(release.id.0),
        Next::Offer(release) => Told::Offer(release.id.0),
    };
    assert_eq!((decision.end, next), (end, told));
}

fn open(n: u8) -> (OfferRecord, Option<Release>) {
    (offer(n, OfferState::Open), Some(release(n)))
}

#[test]
fn offers_what_is_newer() {
    check(|_| (), None, Told::Offer(2));
    check(|c| c.newest = None, None, Told::Nothing(Why::NoRelease));
    check(
        |c| c.newest = Some(release(1)),
        None,
        Told::Nothing(Why::UpToDate),
    );
    // An older release never, not even where a newer one was taken back.
    check(
        |c| (c.running, c.current) = (running(3), Some(release(3))),
        None,
        Told::Nothing(Why::UpToDate),
    );
    let another = |c: &mut Case| {
        c.newest = Some(Release {
            product: "another".parse().unwrap(),
            ..release(2)
        });
    };
    check(another, None, Told::Nothing(Why::NoRelease));
}

#[test]
fn an_image_of_unknown_origin_is_replaced_within_the_devices_own_bound() {
    let foreign = |counter: Option<u64>| {
        move |c: &mut Case| {
            c.current = None;
            c.running.version = "0.0-dirty".to_owned();
            c.running.image = None;
            c.bounds.counter = counter;
        }
    };
    check(foreign(None), None, Told::Offer(2));
    check(foreign(Some(0)), None, Told::Offer(2));
    check(foreign(Some(1)), None, Told::Offer(2));
    check(foreign(Some(2)), None, Told::Nothing(Why::UpToDate));
    check(foreign(Some(u64::MAX)), None, Told::Nothing(Why::UpToDate));
}

#[test]
fn the_higher_of_both_counters_bounds() {
    let counter = |counter| move |c: &mut Case| c.bounds.counter = Some(counter);
    check(counter(0), None, Told::Offer(2));
    check(counter(2), None, Told::Nothing(Why::UpToDate));
    let below = |c: &mut Case| {
        c.current = Some(release(2));
        c.bounds.counter = Some(0);
    };
    check(below, None, Told::Nothing(Why::UpToDate));
}

#[test]
fn the_same_version_with_another_image_is_another_release() {
    let same_version = |image: Option<Digest>| {
        move |c: &mut Case| {
            c.current = None;
            c.running.version = "1.2.0".to_owned();
            c.running.image = image;
        }
    };
    check(same_version(None), None, Told::Nothing(Why::UpToDate));
    check(
        same_version(Some(Digest([2; 32]))),
        None,
        Told::Nothing(Why::UpToDate),
    );
    check(same_version(Some(Digest([9; 32]))), None, Told::Offer(2));
}

#[test]
fn what_the_device_would_refuse_is_not_offered() {
    let chip = |chip| move |c: &mut Case| c.running.chip = chip;
    check(chip(Some(9)), None, Told::Nothing(Why::OtherChip));
    check(chip(None), None, Told::Offer(2));

    let ends = |end| {
        move |c: &mut Case| {
            c.newest = Some(Release {
                not_after: Some(UnixTime(end)),
                ..release(2)
            });
        }
    };
    check(ends(NOW.0), None, Told::Offer(2));
    check(ends(NOW.0 - 1), None, Told::Nothing(Why::Ended));

    let secure = |version| move |c: &mut Case| c.bounds.secure_version = Some(version);
    check(secure(0), None, Told::Offer(2));
    check(secure(1), None, Told::Nothing(Why::LowSecureVersion));
}

#[test]
fn what_failed_for_good_is_never_offered_again() {
    let past = |state| move |c: &mut Case| c.past = vec![offer(1, state), offer(2, state)];
    check(
        past(OfferState::RolledBack),
        None,
        Told::Nothing(Why::RolledBack),
    );
    check(past(OfferState::Refused), None, Told::Nothing(Why::Refused));
    check(past(OfferState::Confirmed), None, Told::Offer(2));
    check(past(OfferState::Superseded), None, Told::Offer(2));
    let other = |c: &mut Case| c.past = vec![offer(1, OfferState::RolledBack)];
    check(other, None, Told::Offer(2));
}

#[test]
fn an_open_offer_is_pinned() {
    check(|c| c.open = Some(open(2)), None, Told::Keep(2));
    let newer = |c: &mut Case| (c.open, c.newest) = (Some(open(2)), Some(release(3)));
    check(newer, None, Told::Keep(2));
    let nothing_else = |c: &mut Case| (c.open, c.newest) = (Some(open(2)), None);
    check(nothing_else, None, Told::Keep(2));
}

#[test]
fn an_open_offer_ends_when_the_device_runs_it() {
    let runs = |c: &mut Case| {
        (c.open, c.running, c.current) = (Some(open(2)), running(2), Some(release(2)));
    };
    check(runs, Some(End::Confirmed), Told::Nothing(Why::UpToDate));
    let by_version = |c: &mut Case| {
        runs(c);
        c.running.image = None;
    };
    check(
        by_version,
        Some(End::Confirmed),
        Told::Nothing(Why::UpToDate),
    );
    let and_more = |c: &mut Case| {
        runs(c);
        c.newest = Some(release(3));
    };
    check(and_more, Some(End::Confirmed), Told::Offer(3));
    let other_image = |c: &mut Case| {
        runs(c);
        c.current = None;
        c.running.image = Some(Digest([9; 32]));
    };
    check(other_image, None, Told::Keep(2));
}

#[test]
fn nothing_happens_before_the_running_image_is_confirmed() {
    let pending = |c: &mut Case| {
        (c.open, c.running, c.current) = (Some(open(2)), running(2), Some(release(2)));
        c.running.pending_verify = true;
        c.newest = Some(release(3));
    };
    check(pending, None, Told::Nothing(Why::Unconfirmed));
    let gone = |c: &mut Case| {
        pending(c);
        c.open = Some((offer(2, OfferState::Open), None));
    };
    check(gone, None, Told::Nothing(Why::Unconfirmed));
}

#[test]
fn an_open_offer_ends_when_it_can_no_longer_be_taken() {
    let gone = |c: &mut Case| c.open = Some((offer(2, OfferState::Open), None));
    let replaced = |c: &mut Case| {
        gone(c);
        c.newest = Some(release(3));
    };
    check(replaced, Some(End::Superseded), Told::Offer(3));
    let none_left = |c: &mut Case| {
        gone(c);
        c.newest = None;
    };
    check(
        none_left,
        Some(End::Superseded),
        Told::Nothing(Why::NoRelease),
    );
    let ended = |c: &mut Case| {
        let release = Release {
            not_after: Some(UnixTime(NOW.0 - 1)),
            ..release(2)
        };
        c.open = Some((offer(2, OfferState::Open), Some(release)));
        c.newest = Some(self::release(3));
    };
    check(ended, Some(End::Superseded), Told::Offer(3));
    let overtaken = |c: &mut Case| {
        (c.open, c.running, c.current) = (Some(open(2)), running(3), Some(release(3)));
        c.newest = Some(release(4));
    };
    check(overtaken, Some(End::Superseded), Told::Offer(4));
    let other_chip = |c: &mut Case| (c.open, c.running.chip) = (Some(open(2)), Some(9));
    check(
        other_chip,
        Some(End::Superseded),
        Told::Nothing(Why::OtherChip),
    );
}

#[test]
fn a_device_that_may_not_come_gets_nothing() {
    for state in [DeviceState::Suspended, DeviceState::Revoked] {
        let barred = |c: &mut Case| (c.device.state, c.open) = (state, Some(open(2)));
        check(barred, None, Told::Nothing(Why::NotActive));
    }
}

#[test]
fn a_client_that_never_reports_is_handed_a_release_so_often_and_then_no_more() {
    let handed = |deliveries, reports| {
        move |c: &mut Case| {
            let (mut offer, release) = open(2);
            offer.deliveries = deliveries;
            (c.open, c.reports) = (Some((offer, release)), reports);
        }
    };
    check(handed(2, false), None, Told::Keep(2));
    let given_up = Some(End::RolledBack);
    let nothing = Told::Nothing(Why::RolledBack);
    check(handed(3, false), given_up, nothing);
    // One that reports is believed, however often it fetched the image.
    check(handed(3, true), None, Told::Keep(2));
    // A newer release is another matter, and so is a device that runs it after all.
    let newer = |c: &mut Case| {
        handed(3, false)(c);
        c.newest = Some(release(3));
    };
    check(newer, given_up, Told::Offer(3));
    let runs = |c: &mut Case| {
        handed(3, false)(c);
        (c.running, c.current) = (running(2), Some(release(2)));
    };
    check(runs, Some(End::Confirmed), Told::Nothing(Why::UpToDate));
}

#[test]
fn a_release_that_is_confirmed_and_left_again_and_again_is_given_up() {
    let left = |times| move |c: &mut Case| c.past = vec![offer(2, OfferState::Confirmed); times];
    check(left(2), None, Told::Offer(2));
    check(left(3), None, Told::Nothing(Why::RolledBack));
}
