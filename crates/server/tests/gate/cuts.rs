//! How fast one who is barred is gone.

use std::{
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use countersign_operations::gate::Bar;

use crate::{
    client::{BOTH, Client, Connection, Version},
    world::World,
};

/// Begins a download and reads a little of it.
fn downloading(world: &World, client: &Client) -> Connection {
    let answer = client
        .connect(world.at.device)
        .unwrap()
        .ask("/ota?v=1.0.0")
        .unwrap();
    assert_eq!(answer.status, 302, "{}", answer.head);
    let location = answer.header("location");
    let (_, path) = location.split_once("/d/").unwrap();
    let mut connection = client.connect(world.at.download).unwrap();
    let answer = connection.ask(&format!("/d/{path}")).unwrap();
    assert_eq!(answer.status, 200);
    connection.read(10_000).unwrap();
    connection
}

/// A connection that was used and is kept open.
fn idle(world: &World, client: &Client) -> Connection {
    let mut connection = client.connect(world.at.device).unwrap();
    assert_eq!(connection.ask("/ota?v=2.0.0").unwrap().status, 304);
    connection
}

#[test]
fn a_barred_device_loses_what_it_downloads_and_what_is_idle_and_nobody_else_does() {
    for version in BOTH {
        let world = World::new();
        world.publish(SIZE);
        let (board, other) = (world.enroll("d1", None), world.enroll("d2", None));
        let client = world.client(&board, version);
        let (mut download, mut idle_one) = (downloading(&world, &client), idle(&world, &client));
        let client = world.client(&other, version);
        let (mut downloads, mut stays) = (downloading(&world, &client), idle(&world, &client));
        // Downloaders read nothing more for now: what is on its way fills all buffers.
        thread::sleep(Duration::from_millis(200));
        let (gone, came) = mpsc::channel();
        let waits = thread::spawn(move || {
            let end = idle_one.read_to_end();
            gone.send(()).unwrap();
            end
        });
        let barred = Instant::now();
        world.context.gate.bar(&[board.fingerprint()], Bar::Revoked);
        // Within the second; ten here, as the machine may be busy.
        came.recv_timeout(Duration::from_secs(10)).unwrap();
        let after = barred.elapsed();
        let (bytes, end) = waits.join().unwrap();
        assert_eq!(bytes, 0);
        assert!(end.starts_with("ConnectionReset"), "{end}");
        while world.view().connections["download"].open > 1 {
            assert!(barred.elapsed() < Duration::from_secs(10));
            thread::sleep(Duration::from_millis(5));
        }
        println!(
            "{version:?}: idle gone after {after:?}, download after {:?}",
            barred.elapsed()
        );
        // What the system had of the download is lost with it.
        let (bytes, end) = download.read_to_end();
        assert!(bytes < 3_000_000, "{bytes}");
        assert!(end.starts_with("ConnectionReset"), "{end}");
        assert_eq!(world.view().cut, 2);
        let planes = world.context.refusals.all();
        let planes: Vec<_> = planes.iter().map(|one| (one.plane, one.code)).collect();
        assert!(planes.contains(&("device", "device-revoked")), "{planes:?}");
        assert!(
            planes.contains(&("download", "device-revoked")),
            "{planes:?}"
        );
        assert_eq!(stays.ask("/ota?v=2.0.0").unwrap().status, 304);
        downloads
            .read(usize::try_from(SIZE).unwrap() - 10_000)
            .unwrap();
    }
}

#[test]
fn all_connections_of_a_device_are_gone_at_once() {
    let world = World::new();
    let board = world.enroll("d1", None);
    let client = world.resuming(&board, Version::Tls13);
    let held: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let mut connection = client.connect(world.at.device).unwrap();
            assert_eq!(connection.ask("/ota?v=2.0.0").unwrap().status, 404);
            connection
        })
        .collect();
    assert_eq!(world.view().connections["device"].open, CONNECTIONS);
    let barred = Instant::now();
    world
        .context
        .gate
        .bar(&[board.fingerprint()], Bar::Suspended);
    while world.view().connections["device"].open > 0 {
        assert!(barred.elapsed() < Duration::from_secs(10));
    }
    println!("{CONNECTIONS} gone after {:?}", barred.elapsed());
    assert_eq!(world.view().cut, CONNECTIONS as u64);
    drop(held);
}

/// Of an image, in bytes: more than all buffers on its way hold.
const SIZE: u32 = 12 * 1024 * 1024;

const CONNECTIONS: usize = 300;
