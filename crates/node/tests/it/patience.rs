//! Devices that have little time, little memory, or company.

use std::sync::atomic::Ordering;

use countersign_node::{Event, LinkError, Need};
use countersign_protocol::{Outcome, Reason};

use crate::{
    author::{Signer, image, manifest},
    device::{Device, End},
    downloads::scene,
    world::{Answer, World, honest, status},
};

/// Switches a device on for a minute a day until the release is confirmed; gives the days.
fn days(kib: u32, ms_per_read: u64) -> usize {
    let (world, author) = (World::new(), Signer::new());
    let device = Device::new(&image("1.0", 9_000), &world, &author);
    let new = image("2.0", kib * 1024);
    let id = world.offer(1, author.sign(&manifest("2.0", 5, &new)), &new);
    world.inner().drip = Some((device.uptime.clone(), ms_per_read));
    device.uptime.off_at(60_000);
    for day in 1..=1000 {
        let mut resets = 0;
        // Its reboots are in the same minute, by a clock that begins anew; who is slow has the fewer.
        while device.boot(1) == End::Reboot {
            resets += 1;
            assert!(resets < 4, "day {day}");
        }
        let reports = world.inner().reports.clone();
        if !reports.is_empty() {
            assert_eq!(reports, [(id, Outcome::Confirmed, None)]);
            assert_eq!(device.slot(1, new.len()), new);
            return day;
        }
        world.inner().time += 86_400;
    }
    panic!("it never gets there");
}

#[test]
fn a_device_awake_for_a_minute_a_day_gets_there() {
    // A read brings 997 bytes at most.
    let fast = days(180, 100);
    let slow = days(180, 2_000);
    let slowest = days(100, 9_000);
    eprintln!(
        "180 KiB in {fast} days at 10 KB/s, in {slow} at 500 B/s; 100 KiB in {slowest} at 110 B/s"
    );
    assert!(fast == 1 && (2..30).contains(&slow) && slowest < 200);
}

#[test]
fn what_a_minute_brought_is_not_fetched_again() {
    let scene = scene(|_, ask, image| honest(ask, image));
    scene.world.inner().drip = Some((scene.device.uptime.clone(), 2_000));
    scene.device.uptime.off_at(60_000);
    let mut done = 0;
    for _ in 0..4 {
        assert_eq!(scene.device.boot(1), End::PowerLost);
        let events = scene.device.events();
        let resumed = events.iter().find_map(|event| match event {
            Event::Resumed { done } => Some(*done),
            _ => None,
        });
        assert!(
            resumed.unwrap_or_default() >= done,
            "{resumed:?} after {done}"
        );
        let last = events.iter().rev().find_map(|event| match event {
            Event::Progress { done, .. } => Some(*done),
            _ => None,
        });
        // Two sectors of ten seconds each may be on no record yet.
        done = last.unwrap() - 2 * 4096;
    }
    assert!(done > 8 * 4096, "{done}");
}

#[test]
fn memory_is_wanted_before_each_connection_and_given_back_after_it() {
    let scene = scene(|call, ask, image| match call {
        3 => Answer::ends(""),
        _ => honest(ask, image),
    });
    assert_eq!(scene.device.boot(1), End::Reboot);
    let room = std::mem::take(&mut *scene.device.watcher.room.lock().unwrap());
    let expected = [
        Some(Need::Message),
        None,
        Some(Need::Download),
        None,
        Some(Need::Download),
        None,
    ];
    assert_eq!(room, expected, "a check-in, and a download that broke once");
    // Also where it comes to nothing.
    scene.world.inner().unreachable = vec![("ota.example".to_owned(), LinkError::Broken)];
    assert!(matches!(scene.device.boot(1), End::Asleep { .. }));
    let room = std::mem::take(&mut *scene.device.watcher.room.lock().unwrap());
    assert_eq!(room, [Some(Need::Message), None]);
}

#[test]
fn devices_that_are_turned_away_together_do_not_come_again_together() {
    let seconds = |seed, busy: bool| {
        let world = World::new();
        let mut device = Device::new(&image("1.0", 9_000), &world, &Signer::new());
        device.seed = seed;
        if busy {
            world.inner().check_in = Some(status("503 Busy\r\nRetry-After: 1000"));
        }
        match device.boot(1) {
            End::Asleep { seconds } => seconds,
            other => panic!("{other:?}"),
        }
    };
    for (busy, least) in [(false, 600), (true, 1000)] {
        let all: std::collections::BTreeSet<u32> = (1..=200)
            .map(|seed| seconds(seed * 2_654_435, busy))
            .collect();
        assert!(all.iter().all(|s| (least..=least + least / 10).contains(s)));
        assert!(
            all.len() > 30,
            "200 devices come in {} different seconds",
            all.len()
        );
    }
}

#[test]
fn lost_connections_are_made_again_at_other_times_by_each_device() {
    let waits = |seed| {
        let mut scene = scene(|_, _, _| Answer::ends(""));
        scene.device.seed = seed;
        assert!(matches!(scene.device.boot(1), End::Asleep { .. }));
        let events = scene.device.events();
        let waits = events.iter().filter_map(|event| match event {
            Event::Retrying { wait_ms } => Some(*wait_ms),
            _ => None,
        });
        waits.collect::<Vec<_>>()
    };
    let all: Vec<Vec<u64>> = (1..=20).map(|seed| waits(seed * 2_654_435)).collect();
    for waits in &all {
        assert_eq!(waits.len(), 8);
        for (lost, wait) in (0..).zip(waits) {
            // Half of it at random, doubled each time, five minutes at most.
            let most = (1000 << lost).min(300_000);
            assert!((most / 2..=most).contains(wait), "{lost}: {wait}");
        }
    }
    let mut firsts: Vec<u64> = all.iter().map(|waits| waits[7]).collect();
    firsts.sort_unstable();
    firsts.dedup();
    assert!(firsts.len() > 15, "{firsts:?}");
}

#[test]
fn a_store_that_asks_for_more_patience_than_a_download_has_is_not_waited_for() {
    let scene = scene(|_, _, _| Answer::open(status("503 Slow Down\r\nRetry-After: 4294967295")));
    scene.ends(Outcome::Failed, Reason::Connection);
    let hours = scene.device.uptime.0.load(Ordering::Relaxed) / 3_600_000;
    assert!(hours < 2, "{hours} hours");
    for event in scene.device.events() {
        if let Event::Retrying { wait_ms } = event {
            assert_eq!(wait_ms, 300_000);
        }
    }
}

#[test]
fn a_busy_server_is_not_asked_before_its_time() {
    let world = World::new();
    let device = Device::new(&image("1.0", 9_000), &world, &Signer::new());
    world.inner().check_in = Some(status("429 Too Many Requests\r\nRetry-After: 86400"));
    let clock = device.uptime.clone();
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let times = std::sync::Arc::clone(&seen);
    let mut calls = 0;
    world.inner().on_check_in = Some(Box::new(move |inner| {
        times.lock().unwrap().push(clock.0.load(Ordering::Relaxed));
        calls += 1;
        if calls == 4 {
            // The end of the test: an image on no trial never stops by itself.
            inner.check_in = None;
            clock.off_at(0);
        }
    }));
    assert_eq!(device.patient(0), End::PowerLost);
    let asked = seen.lock().unwrap().clone();
    assert_eq!(asked.len(), 4);
    for pair in asked.windows(2) {
        let day = 86_400_000;
        assert!((day..=day + day / 10).contains(&(pair[1] - pair[0])));
    }
}

#[test]
fn a_download_that_takes_all_its_time_is_put_off_and_goes_on_later() {
    let scene = scene(|_, ask, image| honest(ask, image));
    // 4,096 bytes in 50 seconds: within a sector's limit, and 37 sectors in half an hour; the limit is ten minutes.
    let mut device = scene.device;
    device.pace.download_limit_s = 600;
    scene.world.inner().drip = Some((device.uptime.clone(), 9_900));
    assert!(matches!(device.boot(1), End::Asleep { .. }));
    let minutes = device.uptime.0.load(Ordering::Relaxed) / 60_000;
    assert!((10..12).contains(&minutes), "{minutes}");
    let first = scene.world.inner().reports[0];
    assert_eq!(
        (first.1, first.2),
        (Outcome::Failed, Some(Reason::Connection))
    );
    let mut boots = 0;
    while device.boot(1) != End::Reboot {
        boots += 1;
        assert!(boots < 10);
    }
    assert!(matches!(device.settle(), End::Asleep { .. }));
    let last = *scene.world.inner().reports.last().unwrap();
    assert_eq!(last.1, Outcome::Confirmed);
}
