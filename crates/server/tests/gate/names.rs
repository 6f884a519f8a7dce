//! Which authorities a client is told of.

use crate::{client::BOTH, world::World};

#[test]
fn a_client_is_told_whose_certificates_are_taken_and_of_registered_authorities_too() {
    for version in BOTH {
        let world = World::new();
        let client = world.client(&world.enroll("d1", None), version);
        for at in [world.at.device, world.at.download] {
            client.come(at).unwrap();
            assert_eq!(client.names(), [world.device_root.subject()]);
        }
        let acme = world.register("acme", "Acme device CA");
        client.come(world.at.device).unwrap();
        assert_eq!(
            client.names(),
            [world.device_root.subject(), acme.subject()]
        );
        // One more of the same name says nothing new.
        world.register("acme-2", "Acme device CA");
        client.come(world.at.device).unwrap();
        assert_eq!(client.names().len(), 2);
    }
}

#[test]
fn a_list_that_cannot_be_whole_is_not_sent() {
    let world = World::new();
    let board = world.enroll("d1", None);
    for n in 0..40 {
        world.register(&format!("acme-{n}"), &format!("Acme device CA {n}"));
    }
    for version in BOTH {
        let client = world.client(&board, version);
        client.come(world.at.device).unwrap();
        assert_eq!(client.names(), [[0_u8; 0]; 0]);
    }
}

#[test]
fn nobody_is_named_where_the_operator_does_not_want_it() {
    let world = World::naming(false);
    let board = world.enroll("d1", None);
    for version in BOTH {
        let client = world.client(&board, version);
        client.come(world.at.device).unwrap();
        assert_eq!(client.names(), [[0_u8; 0]; 0]);
    }
}
