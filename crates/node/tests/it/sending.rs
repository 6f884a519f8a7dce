//! The node's future may go to another thread.

use countersign_node::{Buffers, Node};

use crate::{
    author::{Signer, image},
    device::{Device, Machine, poll_once},
    world::World,
};

fn spawn<F: Future + Send + 'static>(future: F) -> F {
    future
}

#[test]
fn a_node_over_concrete_parts_can_be_spawned() {
    let world = World::new();
    let device = Device::new(&image("1.0", 1000), &world, &Signer::new());
    let future = spawn(async move {
        let settings = device.settings(0);
        let mut buffers = Buffers::new();
        let mut node = Node::<Machine>::open(&settings, device.parts(), &mut buffers)
            .await
            .unwrap();
        node.cycle().await.unwrap()
    });
    assert!(poll_once(future).is_some());
}

#[test]
fn a_cycle_takes_no_more_memory_than_it_says() {
    let world = World::new();
    let device = Device::new(&image("1.0", 1000), &world, &Signer::new());
    let settings = device.settings(0);
    let mut buffers = Buffers::new();
    assert!(size_of::<Buffers>() <= 9 * 1024 + 64);
    let mut node = poll_once(Node::<Machine>::open(
        &settings,
        device.parts(),
        &mut buffers,
    ))
    .unwrap()
    .unwrap();
    let cycle = size_of_val(&node.cycle());
    let opening = {
        let mut buffers = Buffers::new();
        size_of_val(&Node::<Machine>::open(
            &settings,
            device.parts(),
            &mut buffers,
        ))
    };
    assert!(
        cycle <= 3 * 1024 && opening <= 2 * 1024,
        "{cycle} and {opening}"
    );
}
