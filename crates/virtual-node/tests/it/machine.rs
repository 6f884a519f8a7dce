//! Whole machines, from power-on to the report.

use std::fs;

use countersign_esp_boot::Slot;
use countersign_node::LinkError;
use countersign_protocol::{Outcome, Reason, SlotState};
use countersign_virtual_node::{Ended, Error, Event, Options, ResetCause, VIRTUAL_HANG};

use crate::device::{Author, Factory, image};
use crate::device_plane::DevicePlane;
use crate::tls::{Tls, scenarios};

scenarios! {
    an_update_runs_from_offer_to_report,
    an_image_that_hangs_is_rolled_back_and_not_taken_again,
    a_release_of_nobody_we_know_is_refused,
    a_server_under_another_root_is_not_talked_to,
    a_trial_without_a_server_ends_and_goes_back,
    a_machine_without_a_whole_image_does_not_start,
    an_image_that_always_hangs_ends_the_run,
}

async fn events_of(tls: &impl Tls, options: &Options) -> (Result<Ended, Error>, Vec<Event>) {
    let mut events = Vec::new();
    let ended = tls.run(options.clone(), |event| events.push(event)).await;
    (ended, events)
}

/// The events but those that say how far something is.
fn steps(events: &[Event]) -> Vec<Event> {
    let is_step = |event: &&Event| {
        !matches!(
            event,
            Event::Progress { .. } | Event::Connected { .. } | Event::CheckedIn { .. }
        )
    };
    events.iter().filter(is_step).cloned().collect()
}

fn boot(slot: u8, version: &str, pending_verify: bool) -> Event {
    Event::Boot {
        slot: Slot::Ota(slot),
        version: version.to_owned(),
        pending_verify,
    }
}

async fn an_update_runs_from_offer_to_report(tls: &impl Tls) {
    let factory = Factory::new();
    let plane = DevicePlane::start(&factory).await;
    let (old, new) = (image("1.0.0", b""), image("1.1.0", b""));
    for tls12_only in [false, true] {
        let name = if tls12_only { "dev-12" } else { "dev-13" };
        let options = Options {
            tls12_only,
            ..factory.device(name, plane.port, &old)
        };
        let manifest = factory.author.sign(&new, "1.1.0", 1);
        plane.memory.lock().unwrap().release = Some((manifest, new.clone()));

        let (ended, events) = events_of(tls, &options).await;
        let expected = Ended {
            slot: Slot::Ota(1),
            version: "1.1.0".to_owned(),
            checked_in: true,
            resets: 1,
        };
        assert_eq!(ended.unwrap(), expected);
        let size = u32::try_from(new.len()).unwrap();
        let version = || "1.1.0".to_owned();
        assert_eq!(
            steps(&events),
            [
                boot(0, "1.0.0", false),
                Event::Offered {
                    version: version(),
                    size
                },
                Event::Verified,
                Event::Selected { slot: 1 },
                Event::Reset {
                    why: ResetCause::Node
                },
                boot(1, "1.1.0", true),
                Event::Confirmed { version: version() },
                Event::Reported {
                    outcome: Outcome::Confirmed
                },
                Event::UpToDate { version: version() },
            ]
        );
        let expected = if tls12_only { "1.2" } else { "1.3" };
        assert!(events.iter().any(
            |event| matches!(event, Event::Connected { tls: found, .. } if *found == expected)
        ));

        let (ended, events) = events_of(tls, &options).await;
        assert_eq!(ended.unwrap().resets, 0);
        let up_to_date = Event::UpToDate { version: version() };
        assert_eq!(steps(&events), [boot(1, "1.1.0", false), up_to_date]);

        let memory = std::mem::take(&mut *plane.memory.lock().unwrap());
        assert_eq!(memory.reports, [(Outcome::Confirmed, None, version())]);
        assert_eq!(
            memory.check_ins,
            [
                ("1.0.0".to_owned(), SlotState::Confirmed),
                (version(), SlotState::PendingVerify),
                (version(), SlotState::Confirmed),
            ]
        );
    }
}

async fn an_image_that_hangs_is_rolled_back_and_not_taken_again(tls: &impl Tls) {
    let factory = Factory::new();
    let plane = DevicePlane::start(&factory).await;
    let (old, bad) = (image("1.0.0", b""), image("1.1.0", VIRTUAL_HANG));
    let options = factory.device("dev", plane.port, &old);
    let release = (factory.author.sign(&bad, "1.1.0", 1), bad);
    plane.memory.lock().unwrap().release = Some(release.clone());

    let (ended, events) = events_of(tls, &options).await;
    let ended = ended.unwrap();
    assert_eq!((ended.slot, ended.resets), (Slot::Ota(0), 2));
    let (from, to) = ("1.1.0".to_owned(), "1.0.0".to_owned());
    let after = events
        .iter()
        .position(|event| matches!(event, Event::Selected { .. }))
        .unwrap();
    assert_eq!(
        steps(&events[after..]),
        [
            Event::Selected { slot: 1 },
            Event::Reset {
                why: ResetCause::Node
            },
            boot(1, "1.1.0", true),
            Event::Reset {
                why: ResetCause::Watchdog
            },
            Event::RolledBack { from, to },
            boot(0, "1.0.0", false),
            Event::Reported {
                outcome: Outcome::RolledBack
            },
            Event::UpToDate {
                version: "1.0.0".to_owned()
            },
        ]
    );
    assert_eq!(
        plane.memory.lock().unwrap().reports[0].0,
        Outcome::RolledBack
    );

    plane.memory.lock().unwrap().release = Some(release);
    let (ended, events) = events_of(tls, &options).await;
    assert_eq!(ended.unwrap().resets, 0);
    assert!(
        !events
            .iter()
            .any(|event| matches!(event, Event::Offered { .. }))
    );
}

async fn a_release_of_nobody_we_know_is_refused(tls: &impl Tls) {
    let factory = Factory::new();
    let plane = DevicePlane::start(&factory).await;
    let new = image("1.1.0", b"");
    let options = factory.device("dev", plane.port, &image("1.0.0", b""));
    let manifest = Author::new().sign(&new, "1.1.0", 1);
    plane.memory.lock().unwrap().release = Some((manifest, new));
    let (ended, events) = events_of(tls, &options).await;
    assert_eq!(ended.unwrap().version, "1.0.0");
    assert!(events.contains(&Event::Refused {
        reason: Reason::UnknownAuthor
    }));
    assert_eq!(
        plane.memory.lock().unwrap().reports,
        [(
            Outcome::Refused,
            Some(Reason::UnknownAuthor),
            "1.0.0".to_owned()
        )]
    );
}

async fn a_server_under_another_root_is_not_talked_to(tls: &impl Tls) {
    let (factory, stranger) = (Factory::new(), Factory::new());
    let plane = DevicePlane::start(&stranger).await;
    let options = factory.device("dev", plane.port, &image("1.0.0", b""));
    let (ended, events) = events_of(tls, &options).await;
    assert!(!ended.unwrap().checked_in);
    assert!(events.iter().any(|event| matches!(
        event,
        Event::ConnectFailed {
            error: LinkError::Untrusted,
            ..
        }
    )));
    let failed = Event::CheckInFailed {
        reason: Reason::UntrustedServer,
    };
    assert!(events.contains(&failed));
    assert!(plane.memory.lock().unwrap().check_ins.is_empty());
}

async fn a_trial_without_a_server_ends_and_goes_back(tls: &impl Tls) {
    let factory = Factory::new();
    let plane = DevicePlane::start(&factory).await;
    let (old, new) = (image("1.0.0", b""), image("1.1.0", b""));
    let options = Options {
        poll_override_s: Some(1),
        self_test_s: Some(1),
        ..factory.device("dev", plane.port, &old)
    };
    let manifest = factory.author.sign(&new, "1.1.0", 1);
    plane.memory.lock().unwrap().release = Some((manifest, new));
    let mut plane = Some(plane);
    let mut events = Vec::new();
    let ended = tls.run(options, |event| {
        // The server is gone from the reset on.
        if matches!(event, Event::Selected { .. }) {
            plane = None;
        }
        events.push(event);
    });
    let ended = ended.await.unwrap();
    assert_eq!(
        (ended.slot, ended.checked_in, ended.resets),
        (Slot::Ota(0), false, 2)
    );
    assert!(events.contains(&Event::SelfTestFailed));
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::RolledBack { .. }))
    );
}

async fn a_machine_without_a_whole_image_does_not_start(tls: &impl Tls) {
    let factory = Factory::new();
    let mut damaged = image("1.0.0", b"");
    damaged[1000] ^= 1;
    let options = factory.device("dev", 9, &damaged);
    let (ended, events) = events_of(tls, &options).await;
    assert!(matches!(
        ended,
        Err(Error::NothingBoots {
            first: Slot::Ota(0)
        })
    ));
    let unbootable = events
        .iter()
        .filter(|event| matches!(event, Event::Unbootable { .. }))
        .count();
    assert_eq!(unbootable, 2, "both slots were tried");
    fs::write(&options.flash, vec![0xff; 4 << 20]).unwrap();
    let (ended, _) = events_of(tls, &options).await;
    assert!(ended.is_err(), "a blank flash is no device");
}

async fn an_image_that_always_hangs_ends_the_run(tls: &impl Tls) {
    let factory = Factory::new();
    let hangs = image("1.0.0", VIRTUAL_HANG);
    let options = Options {
        watchdog: std::time::Duration::from_millis(1),
        ..factory.device("dev", 9, &hangs)
    };
    let (ended, _) = events_of(tls, &options).await;
    assert!(matches!(ended, Err(Error::ResetLoop { .. })));
}
